// What the server says of what it refuses, and the texts that say the same in the reader's
// language. It is fetched with the texts of pages.

/**
 * A pattern for what was found, the text for it, and the names of what the pattern captures.
 * @typedef {readonly [RegExp, import("./text.js").Key, ...string[]]} Known
 */

/** @type {readonly Known[]} */
export const SAID = [
  [/^it is no IANA time zone$/, "said_zone"],
  [/^it is no list of at most (\d+) host names$/, "said_hosts", "n"],
  [/^it is no list of at most (\d+) (?:IP )?addresses/, "said_addresses", "n"],
  [/^it is no list of at most (\d+) names of letters/, "said_aliases", "n"],
  [/^it is (?:no text|not a string) of 1 to (\d+) characters/, "said_text", "n"],
  [/^it is (?:not|none) (?:one )?of (.+)$/, "said_one_of", "names"],
  [/^it is empty$/, "said_empty"],
  [/^it is longer than (\d+)(?: characters)?$/, "said_long", "n"],
  [/^it is longer than (\d+) bytes$/, "said_bytes", "n"],
  [/^only A–Z a–z 0–9 \. - _ : are allowed$/, "said_site_characters"],
  [/^two dots in a row are not allowed$/, "said_site_dots"],
  [/^(\S+) is a name of (\S+)$/, "said_name_of", "name", "site"],
  [/^(\S+) exists already$/, "said_exists", "name"],
  [/^there are (\d+) already$/, "said_full", "n"],
  [/^there is none called (\S+)$/, "said_none", "name"],
  [/^(?:it was just removed|it has no id \d+|no key has this hash)$/, "said_removed"],
  [/^it (?:must be|is neither) a date YYYY-MM-DD/, "said_date"],
  [/^(?:it|\S+) is before \S+/, "said_backwards"],
  [/^they are more than ten years /, "range_long"],
  [/^the import \S+ into it is under way/, "said_importing"],
  [/^merge (.+) first, they differ in case alone$/, "said_case", "names"],
  [/^a backup is being made/, "said_backing_up"],
  [/^no backup_dir is set/, "said_no_backups"],
  [/^(\d+) exports are running$/, "said_exporting", "n"],
  [/^the site has none$/, "said_no_rules"],
  [/^(?:it is rewritten already; )?(?:first )?confirm or undo/, "said_rewritten"],
  [/^its events are in a lake/, "said_lake"],
  [/^it is not rewritten$/, "said_not_rewritten"],
  [/^it has (\d+) characters, not (\d+) to (\d+)$/, "said_password", "n", "low", "high"],
  [/^a password is set already$/, "said_password_set"],
  [/^use http:\/\/localhost on the server itself/, "said_first_password"],
  [/^too many failed attempts, try again in (\d+) s$/, "login_locked", "n"],
  [/^no event of it came$/, "said_no_event"],
  [/^it is declared$/, "said_declared"],
  [/^the caller (?:may not|has no right)/, "said_rights"],
  [/^Origin or Referer is not the dashboard's$/, "said_origin"],
  [/^no segment is called "(.+)"$/, "said_segment", "name"],
  [/^it is (waiting|running|done|failed|cancelled|undone|previewed)$/, "said_state", "state"],
];
