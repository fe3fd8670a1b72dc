// Matomo, as a dump of its tables log_visit, log_link_visit_action and log_action, or as JSON of
// its Live API. Its visitors and places are kept.
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";
import { literal } from "../../../storage/parquet/schema.ts";
import {
  type Importer,
  ImportFault,
  type InputFile,
  languageOf,
  notes,
  ofWebsite,
  type ReadContext,
  type Source,
  textOrNull,
  titleOf,
  tryCast,
  unionByName,
  unionOnce,
} from "../../importer.ts";
import { dumpColumns, dumpKind, dumpRows, type DumpTable, dumpTables } from "../dump_tables.ts";
import { isLiveJson, liveRows } from "./live.ts";
import { matomoBrowser, matomoDevice, matomoSystem } from "./names.ts";

/** Tables that are read, whatever stands before their names. */
/** The tables, and what tells the rows of each apart. */
const KEYS = {
  log_visit: "idvisit",
  log_link_visit_action: "idlink_va",
  log_action: "idaction",
} as const;
type Table = keyof typeof KEYS;
const TABLES = Object.keys(KEYS) as Table[];
const LOG_TABLE = /(?:^|_)(log_visit|log_link_visit_action|log_action)$/;
const IN_DUMP = /`\w*log_(?:visit|link_visit_action|action)`/;

/** The row of IMPORTERS. */
export const MATOMO: Importer = {
  name: "matomo",
  label: "Matomo (dump of its log tables, or JSON of its Live API)",
  detect(sample) {
    if (isLiveJson(sample)) return "live";
    return dumpKind(sample.text) === "mysql" && IN_DUMP.test(sample.text) ? "dump" : null;
  },
  async read(files, context) {
    const dumps = files.filter(({ role }) => role === "dump");
    const lives = files.filter(({ role }) => role === "live");
    const rows = [
      ...lives.length === 0 ? [] : [liveRows(lives)],
      ...dumps.length === 0 ? [] : [await dumpedRows(dumps, context)],
    ];
    const from = unionByName(rows);
    return { from, values: valuesOf(context), columns: COLUMN_NOTES, rowsName: "actions" };
  },
};

/** The actions in dumps, each with its visit. */
async function dumpedRows(
  files: readonly InputFile[],
  { files: system, folder, db }: ReadContext,
): Promise<Sql> {
  const parts = new Map<Table, DumpTable[]>();
  const wanted = { includes: (name: string) => LOG_TABLE.test(name) };
  for (const [index, { path }] of files.entries()) {
    const into = `${folder}/dump-${index}`;
    await system.makeDir(into);
    const dump = { path, kind: "mysql" } as const;
    for (const [name, tables] of await dumpTables(system, dump, wanted, into)) {
      const known = LOG_TABLE.exec(name)?.[1] as Table;
      parts.set(known, [...parts.get(known) ?? [], ...tables]);
    }
  }
  const missing = TABLES.filter((name) => !parts.has(name));
  if (missing.length > 0) {
    throw new ImportFault(
      `Cannot import: there is no table ${missing.join(", ")}; dump ${TABLES.join(", ")} together`,
    );
  }
  const [visits, links, actions] = TABLES.map((name) =>
    relationOf(parts.get(name) ?? [], KEYS[name])
  );
  if (!visits || !links || !actions) throw new Error("Cannot read tables: one is missing");
  const [raw_] = await db.execute(sql`
    select count(*) as rows from ${links} where idvisitor is not null
      and not starts_with(idvisitor, '0x')`);
  if (Number(raw_?.["rows"] ?? 0) > 0) {
    throw new ImportFault(
      "Cannot import: the ids of visitors are binary; use mysqldump --hex-blob",
    );
  }
  return joined(visits, links, actions);
}

/** Columns of the tables that may be missing in older versions. */
const OPTIONAL = [
  ...["idaction_event_category", "idaction_event_action", "custom_float", "config_browser_version"],
  ...["config_os_version", "config_device_type", "location_region", "location_city"],
  ...["location_browser_lang", "url_prefix", "referer_keyword", "config_resolution"],
] as const;

/** The rows of the tables of one kind; those of dumps that overlap come once. */
function relationOf(tables: readonly DumpTable[], key: string): Sql {
  const rows = tables.map((table) => {
    const absent = OPTIONAL.filter((name) => !table.columns.includes(name))
      .map((name) => sql`null::varchar as ${ident(name)}`);
    return sql`select ${join([...dumpColumns(table), ...absent])} from ${dumpRows(table)}`;
  });
  return unionOnce(rows, tables.every(({ columns }) => columns.includes(key)) ? key : null);
}

function joined(visits: Sql, links: Sql, actions: Sql): Sql {
  const action = (alias: string, column: string) =>
    sql`left join ${actions} as ${ident(alias)}
      on ${ident(alias)}.idaction = l.${ident(column)}`;
  const prefix = sql`case u.url_prefix when '0' then 'http://' when '1' then 'http://www.'
    when '2' then 'https://' when '3' then 'https://www.' else '' end`;
  // What led to a visit is told with its first action.
  const first = (column: string) =>
    sql`case when v.visit_first_action_time = l.server_time then v.${ident(column)} end`;
  return sql`select l.idsite, l.idvisitor as visitor, l.server_time::varchar as at,
      concat(${prefix}, u.name) as url, n.name as title, en.name as event_action,
      ec.name as event_category, l.custom_float as value, null::varchar as revenue,
      null::varchar as currency,
      case when ec.name is not null or en.name is not null then 'event'
        when u.type = '2' then 'outlink' when u.type = '3' then 'download'
        when n.type = '8' then 'search' when u.type = '1' then 'action' else 'other' end as kind,
      ${first("referer_type")} as referrer_type, ${first("referer_name")} as referrer_name,
      ${first("referer_url")} as referrer_url, ${first("referer_keyword")} as keyword,
      ${matomoBrowser(raw("v.config_browser_name"))} as browser,
      v.config_browser_version as browser_version, ${matomoSystem(raw("v.config_os"))} as os,
      v.config_os_version as os_version, ${matomoDevice(raw("v.config_device_type"))} as device,
      v.config_resolution as screen, v.location_country as country, v.location_region as region,
      v.location_city as city, v.location_browser_lang as language
    from ${links} as l left join ${visits} as v on v.idvisit = l.idvisit
      ${action("u", "idaction_url")} ${action("n", "idaction_name")}
      ${action("en", "idaction_event_action")} ${action("ec", "idaction_event_category")}`;
}

/** Kinds of actions that are no pageviews, and the names of their events. */
const EVENT_NAMES = [["outlink", "Outbound Link: Click"], ["download", "File Download"], [
  "search",
  "search",
]] as const;

function valuesOf(context: ReadContext): Source["values"] {
  const text = (name: string) => textOrNull(sql`row.${ident(name)}`);
  const website = ofWebsite(raw("row.idsite"), context);
  const names = EVENT_NAMES.map(([kind, name]) => sql`when ${literal(kind)} then ${literal(name)}`);
  const isCampaign = sql`(row.referrer_type in ('6', 'campaign'))`;
  const prop = (key: string, value: Sql) =>
    sql`case when ${value} is not null then concat('"${raw(key)}":', ${value}) end`;
  const number = tryCast(raw("row.value"), "double");
  const props = sql`concat('{', concat_ws(',',
    ${prop("category", sql`to_json(${text("event_category")})`)},
    ${prop("value", sql`to_json(${number})`)},
    ${
    prop(
      "url",
      sql`case when row.kind in ('outlink', 'download')
      then to_json(${text("url")}) end`,
    )
  },
    ${prop("query", sql`case when row.kind = 'search' then to_json(${text("title")}) end`)}), '}')`;
  const isOther =
    sql`row.kind not in ('action', 'event', 'outlink', 'download', 'search', 'order')`;
  const isForeign = sql`row.kind in ('outlink', 'download')`;
  return {
    fault: sql`case when ${text("visitor")} is null then 'it has no visitor'
      when row.kind = 'action' and ${text("url")} is null then 'it has no page' end`,
    apart: sql`case ${website.other} when ${isOther} then 'no view and no event' end`,
    ...website.values,
    happened_at: sql`coalesce(${tryCast(raw("row.at"), "timestamp")},
      make_timestamp(${tryCast(raw("row.at"), "bigint")} * 1000000))`,
    visitor: text("visitor"),
    event_name: sql`case row.kind when 'action' then 'pageview' when 'order' then 'purchase'
      when 'event' then coalesce(${text("event_action")}, 'event') ${join(names, " ")} end`,
    url: sql`case when ${isForeign} then '/' else coalesce(${text("url")}, '/') end`,
    referred_by: text("referrer_url"),
    referrer_source: sql`case when row.referrer_type in ('2', 'search', '7', 'social')
      then ${text("referrer_name")} end`,
    utm_campaign: sql`case when ${isCampaign} then ${text("referrer_name")} end`,
    utm_term: sql`case when ${isCampaign} then ${text("keyword")} end`,
    browser: text("browser"),
    browser_version: text("browser_version"),
    os: text("os"),
    os_version: text("os_version"),
    device_type: raw("row.device"),
    screen_size: sql`nullif(regexp_extract(row.screen, '^\\d+'), '')`,
    country_code: sql`nullif(nullif(upper(left(trim(row.country), 2)), ''), 'XX')`,
    region: sql`case when ${text("region")} is null then null
      when contains(row.region, '-') or length(row.region) > 3 then row.region
      else concat(upper(row.country), '-', upper(row.region)) end`,
    city: text("city"),
    language: languageOf(text("language")),
    title: sql`case when row.kind = 'action' then ${titleOf(raw("row.title"))} end`,
    props: sql`nullif(${props}, '{}')`,
    revenue_amount: tryCast(raw("row.revenue"), "decimal(12,2)"),
    revenue_currency: sql`case when row.revenue is not null then upper(${text("currency")}) end`,
  };
}

const COLUMN_NOTES = notes(
  ["idvisitor, visitorId", "visitor_id", "hashed with a key of this import's own"],
  ["server_time, timestamp", "timestamp"],
  ["action types", "event_name", "pageview, a link, a download, a search, or the action"],
  ["url", "hostname, pathname, utm_…, click_id, source_tag"],
  ["title", "title"],
  ["event category and value", "props"],
  [
    "referrer of the visit",
    "referrer, referrer_source, utm_campaign, utm_term",
    "of its first action",
  ],
  ["browser, system, device, resolution", "browser, os, device_type, screen_size, versions"],
  ["country, region, city, language", "country_code, region, city, language"],
  ["goals, content, carts, custom variables and dimensions, user_id, address", null],
  ["visits", null, "they are counted from the actions, by the site's session timeout"],
);
