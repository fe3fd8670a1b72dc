// Umami's tables website_event, session and event_data, as CSV of COPY or in a dump of PostgreSQL
// or MySQL, and the flat CSV of Umami Cloud. Its sessions are its visitors.
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { literal } from "../../storage/parquet/schema.ts";
import {
  type Importer,
  ImportFault,
  type InputFile,
  languageOf,
  notes,
  ofWebsite,
  type ReadContext,
  type Sample,
  type Source,
  textOrNull,
  titleOf,
  tryCast,
  unionOnce,
} from "../importer.ts";
import { csvRows, delimiterOf, headerCells } from "./csv.ts";
import { dumpColumns, dumpKind, dumpRows, dumpTables } from "./dump_tables.ts";
import { umamiBrowser, umamiSystem } from "./umami_names.ts";

/** The tables, and what tells the rows of each apart. */
const KEYS = {
  website_event: "event_id",
  session: "session_id",
  event_data: "event_data_id",
} as const;
type Table = keyof typeof KEYS;
const TABLES = Object.keys(KEYS) as Table[];

/** The rows of one table: a relation of texts, and the columns that it has. */
interface Rows {
  readonly from: Sql;
  readonly columns: ReadonlySet<string>;
}

/** The row of IMPORTERS. */
export const UMAMI: Importer = {
  name: "umami",
  label: "Umami (tables as CSV, a dump, or Cloud's CSV)",
  detect(sample) {
    const names = new Set(headerCells(sample.header, delimiterOf(sample.header)));
    const has = (...wanted: string[]) => wanted.every((name) => names.has(name));
    if (has("session_id", "website_id", "created_at", "url_path")) return "website_event";
    if (has("session_id", "website_id", "browser", "device")) return "session";
    if (has("data_key", "string_value") && (names.has("website_event_id"))) return "event_data";
    return mayBeDump(sample) ? "dump" : null;
  },
  async read(files, context) {
    const tables = await tablesOf(files, context);
    const events = tables.website_event;
    if (!events) {
      throw new ImportFault(
        "Cannot import: there is no table website_event; export it with session and event_data",
      );
    }
    const sessions = tables.session && await uniqueSessions(tables.session, context);
    return sourceOf(events, sessions, tables.event_data, context);
  },
};

function mayBeDump({ text }: Sample): boolean {
  return dumpKind(text) !== null && !/matomo|log_visit/i.test(text);
}

async function tablesOf(
  files: readonly InputFile[],
  { files: system, folder }: ReadContext,
): Promise<Partial<Record<Table, Rows>>> {
  const parts = new Map<Table, Rows[]>();
  const add = (table: Table, rows: Rows) => parts.set(table, [...parts.get(table) ?? [], rows]);
  for (const [index, { path, sample, role }] of files.entries()) {
    if (role === "dump") {
      const kind = dumpKind(sample.text) ?? "postgres";
      const into = `${folder}/dump-${index}`;
      await system.makeDir(into);
      for (const [table, dumps] of await dumpTables(system, { path, kind }, TABLES, into)) {
        for (const dump of dumps) {
          const from = sql`(select ${join(dumpColumns(dump))} from ${dumpRows(dump)})`;
          add(table as Table, { from, columns: new Set(dump.columns) });
        }
      }
      continue;
    }
    const delimiter = delimiterOf(sample.header);
    const names = headerCells(sample.header, delimiter);
    // The value of a property may be an empty text.
    const form = { delimiter, keepsEmpty: role === "event_data" };
    add(role as Table, { from: csvRows(path, names, form), columns: new Set(names) });
  }
  return Object.fromEntries([...parts].map(([table, rows]) => [table, union(rows, KEYS[table])]));
}

/** The rows of several files; those of dumps that overlap come once. */
function union(rows: readonly Rows[], key: string): Rows {
  const [first, ...others] = rows;
  if (first && others.length === 0) return first;
  const hasKey = rows.every(({ columns }) => columns.has(key));
  return {
    from: unionOnce(rows.map(({ from }) => sql`select * from ${from}`), hasKey ? key : null),
    columns: new Set(rows.flatMap(({ columns }) => [...columns])),
  };
}

/** The sessions, each once: dumps that overlap would double their events. */
async function uniqueSessions(sessions: Rows, { db }: ReadContext): Promise<Rows> {
  const [row] = await db.execute(sql`
    select count(*) as rows, count(distinct hash(session_id)) as ids from ${sessions.from}`);
  if (row?.["rows"] === row?.["ids"]) return sessions;
  return { ...sessions, from: sql`(select distinct on (session_id) * from ${sessions.from})` };
}

const SESSION_COLUMNS = [
  ...["browser", "os", "device", "screen", "language", "country", "city", "hostname"],
  ...["region", "subdivision1"],
] as const;

/** Click ids by the columns that Umami keeps them in. */
const CLICKS = ["gclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid"] as const;
const CAMPAIGN = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"] as const;

function sourceOf(
  events: Rows,
  sessions: Rows | undefined,
  data: Rows | undefined,
  context: ReadContext,
): Source {
  const own = (name: string) => events.columns.has(name) ? sql`e.${ident(name)}` : null;
  const column = (name: string) => own(name) ?? raw("null::varchar");
  const ofSession = SESSION_COLUMNS.map((name) => {
    const inSession = sessions?.columns.has(name) ? sql`s.${ident(name)}` : null;
    const value = [own(name), inSession].filter((one) => one !== null);
    return sql`${value.length === 0 ? raw("null") : sql`coalesce(${join(value)})`} as ${
      ident(name === "hostname" ? "host" : name)
    }`;
  });
  const plain = [
    ...["session_id", "created_at", "url_path", "url_query", "referrer_domain", "referrer_path"],
    ...[
      "referrer_query",
      "event_type",
      "event_name",
      "website_id",
      "page_title",
      ...CAMPAIGN,
      ...CLICKS,
    ],
  ].map((name) => sql`${column(name)} as ${ident(name)}`);
  const joins = [
    sessions
      ? sql`left join ${sessions.from} as s
        on s.session_id = e.session_id`
      : raw(""),
    data ? sql`left join ${propsOf(data)} as d on d.website_event_id = e.event_id` : raw(""),
  ];
  const from = sql`(select ${join([...plain, ...ofSession])},
      ${data ? raw("d.props") : raw("null::varchar")} as props
    from ${events.from} as e ${join(joins, " ")})`;
  return { from, values: valuesOf(context), columns: COLUMN_NOTES, rowsName: "events" };
}

/** The properties of each event as one JSON object. */
function propsOf({ from }: Rows): Sql {
  const number = sql`try_cast(number_value as double)`;
  return sql`(select website_event_id, json_group_object(data_key, case
      when data_type = '2' and ${number} is not null then case
        when ${number} = trunc(${number}) and abs(${number}) < 9007199254740992
          then to_json(${number}::bigint) else to_json(${number}) end
      when data_type = '3' and lower(string_value) in ('true', 'false')
        then to_json(lower(string_value) = 'true')
      else to_json(coalesce(nullif(string_value, ''), nullif(date_value, ''),
        nullif(number_value, ''), string_value)) end)::varchar as props
    from (select website_event_id, data_key, string_value, number_value, date_value, data_type
      from ${from})
    where data_key is not null group by website_event_id)`;
}

function valuesOf(context: ReadContext): Source["values"] {
  const row = (name: string) => sql`row.${ident(name)}`;
  const text = (name: string) => textOrNull(row(name));
  const isCustom = sql`(row.event_type = '2' or row.event_type is null and ${
    text("event_name")
  } is not null)`;
  const isOther = sql`row.event_type not in ('1', '2')`;
  const website = ofWebsite(row("website_id"), context);
  const clicks = CLICKS.map((name) => sql`when ${text(name)} is not null then ${literal(name)}`);
  const query = (name: string) =>
    sql`case when ${text(name)} is null then ''
    else concat('?', ltrim(${row(name)}, '?')) end`;
  // As Umami counts revenue.
  const currency = sql`nullif(regexp_extract(upper(row.props ->> '$.currency'), '^[A-Z]{3}$'), '')`;
  const path = sql`concat(case when starts_with(row.url_path, '/') then '' else '/' end,
    row.url_path, ${query("url_query")})`;
  return {
    fault: sql`case when ${text("session_id")} is null then 'it has no session'
      when row.url_path is null then 'it has no path' end`,
    apart: sql`case ${website.other} when ${isOther} then 'no view and no event' end`,
    ...website.values,
    happened_at: tryCast(row("created_at"), "timestamp"),
    visitor: row("session_id"),
    event_name: sql`case when ${isCustom} then coalesce(${text("event_name")}, 'event')
      else 'pageview' end`,
    url: sql`case when ${text("host")} is null then ${path}
      else concat('https://', row.host, ${path}) end`,
    referred_by: sql`case when ${text("referrer_domain")} is not null then
      concat('https://', row.referrer_domain, row.referrer_path, ${query("referrer_query")}) end`,
    ...Object.fromEntries(CAMPAIGN.map((name) => [name, text(name)])),
    click_id: sql`case ${join(clicks, " ")} end`,
    browser: umamiBrowser(text("browser")),
    ...umamiSystem(text("os")),
    device_type: sql`case lower(row.device) when 'laptop' then 'desktop'
      when 'desktop' then 'desktop' when 'mobile' then 'mobile' when 'tablet' then 'tablet' end`,
    screen_size: sql`nullif(regexp_extract(row.screen, '^\\d+'), '')`,
    country_code: sql`nullif(upper(left(trim(row.country), 2)), '')`,
    region: sql`coalesce(${text("region")}, ${text("subdivision1")})`,
    city: text("city"),
    props: row("props"),
    revenue_amount: sql`case when ${currency} is not null
      then try_cast(row.props ->> '$.revenue' as decimal(12,2)) end`,
    revenue_currency: sql`case when try_cast(row.props ->> '$.revenue' as decimal(12,2)) is not null
      then ${currency} end`,
    title: titleOf(row("page_title")),
    language: languageOf(row("language")),
  };
}

const COLUMN_NOTES = notes(
  ["session_id", "visitor_id", "hashed with a key of this import's own"],
  ["created_at", "timestamp"],
  ["event_type, event_name", "event_name", "pageview for views"],
  ["url_path, url_query", "pathname, utm_…, click_id, source_tag"],
  ["hostname", "hostname"],
  ["referrer_domain, referrer_path, referrer_query", "referrer, referrer_source"],
  ["utm_…, gclid, fbclid …", "utm_…, click_id", "of a click id its name"],
  ["browser, os, device, screen", "browser, os, os_version, device_type, screen_size"],
  ["country, region, city", "country_code, region, city", "the region as its ISO 3166-2 code"],
  ["event_data", "props, revenue_amount, revenue_currency", "of revenue and currency"],
  ["page_title, language", "title, language"],
  ["tag, distinct_id", null, "they have no column here"],
  ["visit_id", null, "visits are counted from the events, by the site's session timeout"],
);
