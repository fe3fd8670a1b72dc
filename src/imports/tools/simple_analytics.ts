// Simple Analytics' export of data points as CSV: a row for each page view or event, with the
// columns that were chosen when it was made.
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { literal } from "../../storage/parquet/schema.ts";
import {
  type Importer,
  languageOf,
  notes,
  type Sample,
  type Source,
  textOrNull,
  titleOf,
  tryCast,
} from "../importer.ts";
import { columnName, csvRows, delimiterOf, headerCells } from "./csv.ts";

/** Columns that hold properties: `metadata.plan_text`. */
const PROPERTY = /^metadata\.(.+)_(text|int|bool|date)$/i;
const PLAIN = [
  ...["added_iso", "added_unix", "hostname", "path", "query", "path_and_query", "datapoint"],
  ...["is_robot", "session_id", "document_referrer", "referrer_hostname", "referrer_path"],
  ...["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "user_agent"],
  ...["browser_name", "browser_version", "os_name", "os_version", "device_type"],
  ...["screen_width", "country_code", "lang_language", "lang_region", "page_title"],
] as const;

/** The row of IMPORTERS. */
export const SIMPLE_ANALYTICS: Importer = {
  name: "simple-analytics",
  label: "Simple Analytics (CSV of data points)",
  detect(sample) {
    const names = cellsOf(sample);
    const hasTime = names.includes("added_iso") || names.includes("added_unix");
    return hasTime && (names.includes("path") || names.includes("path_and_query"))
      ? "points"
      : null;
  },
  // deno-lint-ignore require-await -- the interface
  async read(files) {
    const rows = files.map(({ path, sample }) => {
      const names = cellsOf(sample);
      const columns = PLAIN.map((name) =>
        sql`${names.includes(name) ? ident(name) : raw("null::varchar")} as ${ident(name)}`
      );
      const delimiter = delimiterOf(sample.header);
      return sql`select ${join(columns)}, ${propsOf(names)} as props
        from ${csvRows(path, names, { delimiter })}`;
    });
    const from = sql`(${rows.reduce((all, one) => sql`${all} union all ${one}`)})`;
    return { from, values: VALUES, columns: COLUMN_NOTES };
  },
};

function cellsOf({ header }: Sample): string[] {
  return headerCells(header, delimiterOf(header));
}

/** The properties of a row as a JSON object; null where it has none. */
function propsOf(names: readonly string[]): Sql {
  const entries = names.flatMap((name) => {
    const [, key = "", type = ""] = PROPERTY.exec(name) ?? [];
    if (key === "") return [];
    const value = ident(columnName(name));
    const typed = type === "int"
      ? sql`coalesce(to_json(try_cast(${value} as bigint)), to_json(try_cast(${value} as double)))`
      : type === "bool"
      ? sql`to_json(try_cast(${value} as boolean))`
      : raw("null");
    return [
      sql`case when ${value} is not null then concat(to_json(${
        literal(key)
      }::varchar), ':', coalesce(${typed}, to_json(${value}))) end`,
    ];
  });
  if (entries.length === 0) return raw("null::varchar");
  return sql`concat('{', nullif(concat_ws(',', ${join(entries)}), ''), '}')`;
}

const text = (name: (typeof PLAIN)[number]) => textOrNull(sql`row.${ident(name)}`);

const query = sql`case when ${text("query")} is null then ''
  else concat('?', ltrim(row.query, '?')) end`;
const path = sql`coalesce(${text("path_and_query")}, concat(row.path, ${query}))`;

const VALUES: Source["values"] = {
  fault: sql`case when ${text("path")} is null and ${text("path_and_query")} is null
    then 'it has no path' end`,
  apart: sql`case when lower(row.is_robot) in ('true', '1') then 'robot' end`,
  happened_at: sql`coalesce(${tryCast(raw("row.added_iso"), "timestamptz")}::timestamp,
    make_timestamp((${tryCast(raw("row.added_unix"), "double")} * 1e6)::bigint))`,
  visitor: text("session_id"),
  event_name: sql`coalesce(nullif(${text("datapoint")}, 'pageview'), 'pageview')`,
  url: sql`case when ${text("hostname")} is null then ${path}
    else concat('https://', row.hostname, ${path}) end`,
  referred_by: sql`coalesce(${text("document_referrer")},
    case when ${text("referrer_hostname")} is not null
      then concat('https://', row.referrer_hostname, row.referrer_path) end)`,
  utm_source: text("utm_source"),
  utm_medium: text("utm_medium"),
  utm_campaign: text("utm_campaign"),
  utm_content: text("utm_content"),
  utm_term: text("utm_term"),
  user_agent: text("user_agent"),
  browser: text("browser_name"),
  browser_version: text("browser_version"),
  os: text("os_name"),
  os_version: text("os_version"),
  device_type: sql`case lower(row.device_type) when 'desktop' then 'desktop'
    when 'mobile' then 'mobile' when 'tablet' then 'tablet' end`,
  screen_size: sql`nullif(regexp_extract(row.screen_width, '^\\d+'), '')`,
  country_code: sql`nullif(upper(left(trim(row.country_code), 2)), '')`,
  language: languageOf(sql`concat_ws('-', ${text("lang_language")}, ${text("lang_region")})`),
  title: titleOf(raw("row.page_title")),
  props: sql`nullif(row.props, '{}')`,
};

const COLUMN_NOTES = notes(
  ["added_iso, added_unix", "timestamp"],
  ["hostname, path, query", "hostname, pathname, utm_…, click_id, source_tag"],
  ["datapoint", "event_name", "pageview where it is missing"],
  ["session_id", "visitor_id", "without it, every row is a visitor's own"],
  ["document_referrer", "referrer, referrer_source"],
  ["utm_…", "utm_…"],
  ["browser_…, os_…, device_type, user_agent", "browser, os, device_type, versions"],
  ["screen_width", "screen_size"],
  ["country_code, lang_language, lang_region", "country_code, language"],
  ["metadata.…", "props"],
  ["is_robot", null, "rows of robots are set apart"],
  ["is_unique, uuid, duration_seconds, scrolled_percentage, viewport_…", null],
);
