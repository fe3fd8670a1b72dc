// GoatCounter's CSV export, versions 1 and 2: a row for each pageview, with the session that a
// visitor is counted by.
import { ident, raw, type Sql, sql } from "../../core/sql.ts";
import { type Importer, ImportFault, notes, textOrNull, titleOf, tryCast } from "../importer.ts";
import { csvRows, delimiterOf, headerCells } from "./csv.ts";

/** Columns by version, in the order of the file. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  "1": [
    ...["path", "title", "event", "bot", "session", "first_visit", "referrer", "referrer_scheme"],
    ...["browser", "screen_size", "location", "date"],
  ],
  "2": [
    ...["path", "title", "event", "user_agent", "browser", "system", "session", "bot", "referrer"],
    ...["referrer_scheme", "screen_size", "location", "first_visit", "date"],
  ],
};

/** What a header begins with: `2Path`, or `2,Path` as the documentation writes it. */
const HEADER = /^\ufeff?"?(\d+),?"?Path"?[,;\t]"?Title"?[,;\t]/i;

/** Browser or system and its version, as GoatCounter writes them in one text. */
const VERSION = String.raw`\s+v?(\d[\d._]*)$`;

function nameOf(text: Sql): Sql {
  return textOrNull(sql`regexp_replace(${text}, '${raw(VERSION)}', '')`);
}

function versionOf(text: Sql): Sql {
  return textOrNull(sql`regexp_extract(${text}, '${raw(VERSION)}', 1)`);
}

/** The row of IMPORTERS. */
export const GOATCOUNTER: Importer = {
  name: "goatcounter",
  label: "GoatCounter (CSV)",
  detect: ({ header }) => HEADER.test(header) ? "pageviews" : null,
  // deno-lint-ignore require-await -- the interface
  async read(files) {
    const relations = files.map(({ path, sample: { header, name } }) => {
      const version = HEADER.exec(header)?.[1] ?? "";
      const names = COLUMNS[version];
      if (!names) {
        throw new ImportFault(
          `Cannot read ${name}: it is a GoatCounter export of version ${version}; ` +
            "versions 1 and 2 are known",
        );
      }
      const delimiter = delimiterOf(header);
      const expected = headerCells(header, delimiter).filter((cell) => !/^\d+$/.test(cell)).length;
      if (expected !== names.length) {
        throw new ImportFault(
          `Cannot read ${name}: its header has ${expected} columns instead of ${names.length}`,
        );
      }
      const isFirst = version === "1";
      return sql`select path, event, session, bot, referrer, referrer_scheme, screen_size,
          location, date, title, ${isFirst ? raw("browser") : raw("user_agent")} as user_agent,
          ${isFirst ? raw("null::varchar") : raw("browser")} as browser,
          ${isFirst ? raw("null::varchar") : raw("system")} as system
        from ${csvRows(path, names, { delimiter })}`;
    });
    const union = relations.reduce((all, one) => sql`${all} union all ${one}`);
    const isEvent = sql`lower(row.event) in ('true', '1', 't')`;
    const isAddress = sql`coalesce(row.referrer_scheme, '') in ('h', 'o', '')`;
    const column = (name: string) => sql`row.${ident(name)}`;
    return {
      from: sql`(${union})`,
      values: {
        fault: sql`case when coalesce(trim(row.path), '') = '' then 'it has no path' end`,
        apart: sql`case when coalesce(try_cast(row.bot as bigint), 0) not in (0, 1)
          then 'robot' end`,
        happened_at: tryCast(column("date"), "timestamp"),
        // Without a session every pageview is a visitor's own.
        visitor: sql`nullif(trim(row.session), '0')`,
        event_name: sql`case when ${isEvent} then trim(row.path) else 'pageview' end`,
        url: sql`case when ${isEvent} then '/' else row.path end`,
        referred_by: sql`case when ${isAddress} then row.referrer end`,
        referrer_source: sql`case when row.referrer_scheme = 'g' then ${
          textOrNull(column("referrer"))
        } end`,
        title: titleOf(column("title")),
        utm_source: sql`case when row.referrer_scheme = 'c' then ${
          textOrNull(column("referrer"))
        } end`,
        user_agent: textOrNull(column("user_agent")),
        browser: nameOf(column("browser")),
        browser_version: versionOf(column("browser")),
        os: nameOf(column("system")),
        os_version: versionOf(column("system")),
        screen_size: sql`nullif(regexp_extract(row.screen_size, '^\\d+'), '0')`,
        country_code: sql`nullif(upper(left(trim(row.location), 2)), '')`,
        region: sql`nullif(upper(regexp_extract(trim(row.location), '^..-.+$')), '')`,
      },
      columns: COLUMN_NOTES,
    };
  },
};

const COLUMN_NOTES = notes(
  ["Path", "pathname", "of an event its name"],
  ["Title", "title"],
  ["Event", "event_name", "pageview where it is false"],
  ["User-Agent", "browser, os, device_type"],
  ["Browser", "browser, browser_version"],
  ["System", "os, os_version"],
  ["Session", "visitor_id", "hashed with a key of this import's own"],
  ["Bot", null, "rows of robots are set apart"],
  ["Referrer", "referrer, referrer_source", "of a campaign utm_source"],
  ["Referrer scheme", null, "decides what Referrer is"],
  ["Screen size", "screen_size", "its width"],
  ["Location", "country_code, region", "the region as its ISO 3166-2 code"],
  ["FirstVisit", null, "visits are counted from the sessions"],
  ["Date", "timestamp"],
);
