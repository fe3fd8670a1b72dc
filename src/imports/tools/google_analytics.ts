// Google Analytics 4, as its export to BigQuery writes it: tables events_YYYYMMDD as Parquet, as a
// line of JSON for each event, or as one JSON list. Reports of its web pages have sums only.
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { literal, literalPath } from "../../storage/parquet/schema.ts";
import type { Db } from "../../storage/duckdb.ts";
import {
  type Importer,
  type InputFile,
  languageOf,
  notes,
  type Sample,
  type Source,
  textList,
  titleOf,
} from "../importer.ts";
import { countryNames } from "./sums/places.ts";

/** The columns that are read. */
const COLUMNS = [
  ...["event_date", "event_timestamp", "event_name", "event_params", "user_pseudo_id"],
  ...["platform", "device"],
  ...["geo", "collected_traffic_source", "ecommerce"],
] as const;

/** Events that the tool makes by itself, beside those that they are about. */
const AUTOMATIC = ["session_start", "first_visit", "user_engagement"];
/** Parameters that are no properties: they have columns, or say how the tool counts. */
const OTHER_PARAMS = [
  ...["page_location", "page_referrer", "page_title", "ga_session_id", "ga_session_number"],
  ...[
    "engaged_session_event",
    "session_engaged",
    "engagement_time_msec",
    "entrances",
    "batch_page_id",
  ],
  ...["batch_ordering_id", "ignore_referrer", "term", "source", "medium", "campaign", "gclid"],
  ...["currency", "debug_mode", "synthetic_bundle"],
];
/** Of one event. Twice as much is read at once, of the little memory that an import has. */
const JSON_BYTES_MAX = 8 * 1024 * 1024;

/** The row of IMPORTERS. */
export const GOOGLE_ANALYTICS: Importer = {
  name: "google-analytics",
  label: "Google Analytics 4 (BigQuery's events_*)",
  detect(sample) {
    const isOwn = sample.isParquet
      ? ["event_timestamp", "event_name"].every((name) => sample.columns.includes(name))
      : /^[\[{]/.test(sample.header) && /"event_timestamp"\s*:/.test(sample.text) &&
        /"event_name"\s*:/.test(sample.text);
    if (!isOwn) return null;
    return /intraday/i.test(sample.name) ? INTRADAY : "events";
  },
  async read(files, { db }) {
    const rows: Record<"daily" | "intraday", Sql[]> = { daily: [], intraday: [] };
    for (const file of files) {
      rows[file.role === INTRADAY ? "intraday" : "daily"].push(await rowsOf(db, file));
    }
    return {
      from: paramsRead(rowsOnce(rows)),
      values: VALUES,
      columns: COLUMN_NOTES,
      hasHeader: false,
    };
  },
};

/** Role of a table of a day that is not over: its rows are in the table of the day, too. */
const INTRADAY = "intraday";

/** All rows; those of a day that has its own table are marked in the tables of unfinished days. */
function rowsOnce({ daily, intraday }: Readonly<Record<"daily" | "intraday", Sql[]>>): Sql {
  const date = sql`json_extract_string(event_date, '$')`;
  const days = daily.map((row) => sql`select ${date} as day from (${row})`);
  const isRepeated = days.length === 0
    ? raw("false")
    : sql`coalesce(${date} in (select day from (${join(days, " union all ")})
      where day is not null), false)`;
  return join([
    ...daily.map((row) => sql`select *, false as is_repeated from (${row})`),
    ...intraday.map((row) => sql`select *, ${isRepeated} as is_repeated from (${row})`),
  ], " union all ");
}

/** Every column of a file as JSON. */
async function rowsOf(db: Db, { path, sample }: InputFile): Promise<Sql> {
  const file = literal(literalPath(path));
  if (!sample.isParquet) {
    const columns = join(COLUMNS.map((name) => raw(`'${name}': 'JSON'`)));
    const format = isList(sample) ? "array" : "newline_delimited";
    return sql`select * from read_json(${file}, columns = {${columns}}, format = ${literal(format)},
      maximum_object_size = ${raw(String(JSON_BYTES_MAX))}, ignore_errors = ${
      raw(String(format !== "array"))
    })`;
  }
  const found = await db.query(sql`
    select column_name from (describe select * from read_parquet(${file}))`);
  const names = new Set(found.map((row) => String(row["column_name"])));
  const values = COLUMNS.map((name) =>
    sql`${names.has(name) ? sql`to_json(${ident(name)})` : raw("null::json")} as ${ident(name)}`
  );
  return sql`select ${join(values)} from read_parquet(${file})`;
}

function isList({ text }: Sample): boolean {
  return text.replace(/^\ufeff/, "").trimStart().startsWith("[");
}

/** The rows with their parameters as a list, and their countries as codes. */
function paramsRead(rows: Sql): Sql {
  const param = '[{"key":"VARCHAR","value":{"string_value":"VARCHAR","int_value":"VARCHAR",' +
    '"float_value":"VARCHAR","double_value":"VARCHAR"}}]';
  // A join with the names would lose the order of the lines.
  return sql`(select e.*, names.codes[json_extract_string(e.geo, '$.country')] as country_code,
      coalesce(from_json(e.event_params, ${literal(param)}), []) as params
    from (${rows}) as e
      cross join (select map(list(name), list(code)) as codes from ${countryNames()}) as names)`;
}

function param(key: string): Sql {
  const found = sql`list_filter(row.params, lambda one: one.key = ${literal(key)})[1].value`;
  return sql`coalesce((${found}).string_value, (${found}).int_value, (${found}).double_value)`;
}

function own(column: (typeof COLUMNS)[number], path = "$"): Sql {
  const text = sql`json_extract_string(row.${ident(column)}, ${literal(path)})`;
  return sql`nullif(nullif(nullif(trim(${text}), ''), '(not set)'), '(direct)')`;
}

const PROPS = sql`concat('{', array_to_string(list_transform(
  list_filter(row.params, lambda one: one.key not in (${textList(OTHER_PARAMS)}) and
    coalesce(one.value.string_value, one.value.int_value, one.value.float_value,
      one.value.double_value) is not null),
  lambda one: concat(to_json(one.key), ':', coalesce(to_json(one.value.string_value),
    to_json(try_cast(one.value.int_value as bigint)),
    to_json(try_cast(coalesce(one.value.double_value, one.value.float_value) as double)),
    'null'))), ','), '}')`;

const IS_VIEW = sql`(${own("event_name")} = 'page_view')`;
const traffic = (name: string) => own("collected_traffic_source", `$.${name}`);
const system = own("device", "$.operating_system");

const VALUES: Source["values"] = {
  fault: sql`case when ${own("event_name")} is null then 'it has no name'
    when ${param("page_location")} is null and ${IS_VIEW} then 'it has no page' end`,
  apart: sql`case when row.is_repeated then 'also in the table of the day'
    when ${own("platform")} != 'WEB' then 'of an app'
    when ${own("event_name")} in (${textList(AUTOMATIC)}) then 'made by the tool' end`,
  happened_at: sql`make_timestamp(try_cast(${own("event_timestamp")} as bigint))`,
  visitor: own("user_pseudo_id"),
  event_name: sql`case when ${IS_VIEW} then 'pageview' else ${own("event_name")} end`,
  url: param("page_location"),
  hostname: own("device", "$.web_info.hostname"),
  referred_by: param("page_referrer"),
  utm_source: traffic("manual_source"),
  utm_medium: traffic("manual_medium"),
  utm_campaign: traffic("manual_campaign_name"),
  utm_content: traffic("manual_content"),
  utm_term: traffic("manual_term"),
  click_id: sql`case when ${traffic("gclid")} is not null then 'gclid'
    when ${traffic("dclid")} is not null then 'dclid' end`,
  browser: sql`coalesce(${own("device", "$.web_info.browser")}, ${own("device", "$.browser")})`,
  browser_version: sql`coalesce(${own("device", "$.web_info.browser_version")},
    ${own("device", "$.browser_version")})`,
  os: sql`case ${system} when 'Macintosh' then 'macOS' else ${system} end`,
  os_version: sql`nullif(regexp_extract(${
    own("device", "$.operating_system_version")
  }, '([0-9][0-9._]*)$', 1), '')`,
  device_type: sql`case ${own("device", "$.category")} when 'desktop' then 'desktop'
    when 'mobile' then 'mobile' when 'tablet' then 'tablet' end`,
  country_code: raw("row.country_code"),
  region: own("geo", "$.region"),
  city: own("geo", "$.city"),
  language: languageOf(own("device", "$.language")),
  title: titleOf(param("page_title")),
  props: sql`case when not ${IS_VIEW} then nullif(${PROPS}, '{}') end`,
  revenue_amount: sql`try_cast(${own("ecommerce", "$.purchase_revenue")} as decimal(12,2))`,
  revenue_currency: sql`case when try_cast(${
    own("ecommerce", "$.purchase_revenue")
  } as double) is not null then upper(${param("currency")}) end`,
  interactive: sql`case when ${own("event_name")} = 'scroll' then false end`,
};

const COLUMN_NOTES = notes(
  ["event_timestamp", "timestamp"],
  ["event_name", "event_name", "page_view is pageview"],
  ["user_pseudo_id", "visitor_id", "hashed; without it, every row is a visitor's own"],
  ["page_location", "hostname, pathname, utm_…, click_id, source_tag"],
  ["page_referrer", "referrer, referrer_source"],
  ["page_title, device.language", "title, language"],
  ["collected_traffic_source", "utm_…, click_id"],
  ["device", "browser, os, device_type, versions"],
  ["geo", "country_code, region, city", "names of regions and cities as they are"],
  ["ecommerce.purchase_revenue", "revenue_amount, revenue_currency"],
  ["other event_params", "props", "of custom events"],
  ["session_start, first_visit, user_engagement", null, "visits are counted from the events"],
  ["user_properties, items, traffic_source, privacy_info", null],
);
