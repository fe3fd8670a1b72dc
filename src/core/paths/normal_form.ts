// The normal form of paths: spellings that RFC 3986 calls the same are one text, and letters of
// every script are readable in it. The same rule is here as SQL, for rows that are older than it.
import { raw, type Sql, sql } from "../sql.ts";

/** Escapes of `A–Z a–z 0–9 - . _ ~`. */
const UNRESERVED = "%(?:2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)";
const TAIL = "%[89AB][0-9A-F]";
/** Escapes of one character beyond ASCII: its bytes in UTF-8 and no others. */
const BEYOND_ASCII = [
  `%(?:C[2-9A-F]|D[0-9A-F])${TAIL}`,
  `(?:%E0%[AB][0-9A-F]|%E[1-9A-CEF]${TAIL}|%ED%[89][0-9A-F])${TAIL}`,
  `(?:%F0%[9AB][0-9A-F]|%F[1-3]${TAIL}|%F4%8[0-9A-F])${TAIL}${TAIL}`,
].join("|");
const ESCAPE = "%[0-9A-F]{2}";
/**
 * A `%` that begins no escape, with the digits and escapes that would make it one if they were
 * decoded: these stay, so that the normal form of a normal form is itself.
 */
const STRAY = `%[0-9A-F]?(?:${ESCAPE}){0,2}`;

/**
 * Code points that stay escaped: controls, spaces and marks that nobody sees, with which one path
 * would look like another. The joiners (200C, 200D) belong to the spelling of words and emoji.
 */
const UNSEEN: readonly (readonly [from: string, to: string])[] = [
  ["80", "A0"],
  ["AD", "AD"],
  ["61C", "61C"],
  ["1680", "1680"],
  ["180E", "180E"],
  ["2000", "200B"],
  ["200E", "200F"],
  ["2028", "202F"],
  ["205F", "206F"],
  ["3000", "3000"],
  ["FEFF", "FEFF"],
  ["FFF9", "FFFB"],
  ["E0000", "E0FFF"],
];
const UNSEEN_JS = new RegExp(
  `[${UNSEEN.map(([from, to]) => `\\u{${from}}-\\u{${to}}`).join("")}]`,
  "u",
);
const UNSEEN_RE2 = `[${UNSEEN.map(([from, to]) => `\\x{${from}}-\\x{${to}}`).join("")}]`;

const DECODED = `${UNRESERVED}|${BEYOND_ASCII}`;
const PART = new RegExp(`(${DECODED})|(${ESCAPE})|${STRAY}`, "gi");
/** What a URL never holds in its path as itself; `?` may, as a path rule can keep a query. */
const UNWRITTEN = /[\p{Cc}\P{ASCII} "<>`{}]+/gu;

/** The normal form of a path. Escapes that are invalid stay as they are. */
export function normalPath(path: string): string {
  if (!path.includes("%")) return path;
  return path.replace(PART, (part: string, decodable?: string, escape?: string) => {
    if (decodable !== undefined) return decodedEscape(decodable);
    return escape === undefined ? part : part.toUpperCase();
  });
}

function decodedEscape(escape: string): string {
  const char = decodeURIComponent(escape);
  return UNSEEN_JS.test(char) ? escape.toUpperCase() : char;
}

/** A path as people write it, or a part of one: the normal form of what a browser makes of it. */
export function writtenPath(text: string): string {
  return normalPath(text.toWellFormed().replace(UNWRITTEN, encodeURIComponent));
}

/** A regular expression (RE2) over paths: escapes in it are read as in a path. */
export function pathPattern(pattern: string): string {
  if (!pattern.includes("%")) return pattern;
  return pattern.replace(PART, (part: string, decodable?: string, escape?: string) => {
    if (decodable !== undefined) return decodedEscape(decodable).replace(/[.-]/, "\\$&");
    return escape === undefined ? part : part.toUpperCase();
  });
}

/** `normalPath` as SQL, over a VARCHAR; NULL stays NULL. It binds no values. */
export function normalPathSql(path: Sql): Sql {
  const whole = raw(`'(?i)${DECODED}'`);
  const char = sql`url_decode(part)`;
  return sql`case when contains(${path}, '%') then array_to_string(list_transform(
      regexp_extract_all(${path}, ${raw(`'(?is)${DECODED}|${ESCAPE}|${STRAY}|[^%]+'`)}),
      lambda part: case
        when not starts_with(part, '%') then part
        when regexp_full_match(part, ${whole}) then
          case when regexp_matches(${char}, ${raw(`'${UNSEEN_RE2}'`)}) then upper(part)
            else ${char} end
        when regexp_full_match(part, ${raw(`'(?i)${ESCAPE}'`)}) then upper(part)
        else part end
    ), '') else ${path} end`;
}
