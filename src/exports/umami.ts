// Umami's website_event joined with its sessions, as Umami Cloud exports it: a row for each view or
// event. Its values are for a program, so that no cell is changed for spreadsheets.
import { EVENT_COLUMN_NAMES, PAGEVIEW } from "../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../core/sql.ts";
import { visitEvents, visitSpanOfEvents } from "../query/sql/visits.ts";
import type { ExportForm, TablesForm } from "../storage/backup/export_file.ts";
import { literal } from "../storage/parquet/schema.ts";
import type { SpanUs } from "../storage/tiers/event_rows.ts";

/** What Umami has no columns for. */
export const UMAMI_TABLES_LACK: readonly string[] = [
  "values of browser, system, screen and place that change between the events of a visitor",
  "the scheme of the referrer; a source without a referrer",
  "browser version, versions of systems but Windows, and the height of the screen",
  "whether an event was interactive; of a click id its value, for which the file has -",
];

/** What the one file of Umami Cloud lacks. */
export const UMAMI_LACKS: readonly string[] = [
  "properties and revenue, which are in the tables of umami-tables",
  ...UMAMI_TABLES_LACK,
];

const BROWSERS: Readonly<Record<string, string>> = {
  "Chrome": "chrome",
  "Firefox": "firefox",
  "Edge": "edge-chromium",
  "Opera": "opera",
  "Opera Mini": "opera-mini",
  "Samsung Internet": "samsung",
  "Internet Explorer": "ie",
  "Android Browser": "android",
  "Yandex Browser": "yandexbrowser",
  "Facebook": "facebook",
  "Instagram": "instagram",
};
const SYSTEMS: Readonly<Record<string, string>> = {
  "macOS": "Mac OS",
  "Android": "Android OS",
};
const CLICKS = ["gclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid"] as const;
const CAMPAIGN = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"] as const;

/** The flat form; `gapUs` is the pause that ends a visit. */
export function umamiForm(gapUs: number): ExportForm {
  return {
    writtenAs: sql`format csv, header true`,
    reads: (span) => within(visitSpanOfEvents(span)),
    rows: (events, { site, span, key }) => {
      const names = EVENT_COLUMN_NAMES.filter((name) => name !== "site_id");
      const rows = visitEvents(events, gapUs, names);
      return sql`select ${named(columnsOf(site, key))} from ${rows}
        where us >= ${span.fromUs} and us < ${span.toUs}`;
    },
  };
}

/** The tables as COPY of a database writes them; our own importer reads them, too. */
export function umamiTables(gapUs: number): TablesForm {
  const flat = umamiForm(gapUs);
  return {
    tables: [
      {
        ...flat,
        name: "website_event.csv",
        rows: (events, of) => {
          const rows = flat.rows(events, of);
          return sql`select ${join(EVENT_COLUMNS.map(ident))} from (${rows})`;
        },
      },
      {
        ...flat,
        name: "session.csv",
        rows: (events, of) =>
          sql`select distinct on (session_id) ${join(SESSION_COLUMNS.map(ident))}
            from (${flat.rows(events, of)}) order by session_id, created_at`,
      },
      {
        name: "event_data.csv",
        writtenAs: flat.writtenAs,
        rows: (events, { site, key, span }) => {
          const timed = sql`(select *, epoch_us(timestamp) as us from ${events}
            where epoch_us(timestamp) >= ${span.fromUs} and epoch_us(timestamp) < ${span.toUs})`;
          return sql`select ${named(dataColumns(site, key))} from ${dataOf(timed, key)}`;
        },
      },
    ],
  };
}

/** Limits a span to exact integers. */
function within({ fromUs, toUs }: SpanUs): SpanUs {
  const most = Number.MAX_SAFE_INTEGER;
  return { fromUs: Math.max(-most, fromUs), toUs: Math.min(most, toUs) };
}

type Columns = Readonly<Record<string, Sql>>;

function named(columns: Columns): Sql {
  return join(Object.entries(columns).map(([name, value]) => sql`${value} as ${ident(name)}`));
}

function uuidOf(key: string, ...parts: Sql[]): Sql {
  return sql`md5(concat(${key}, ${join(parts, ", ' ', ")}))::uuid`;
}

/** The same for an event in every table; events of one visitor at one time are numbered. */
function eventId(key: string): Sql {
  const place = sql`row_number() over (partition by visitor_id, us
    order by event_name, pathname, hostname, props, referrer)`;
  return uuidOf(key, raw("visitor_id"), raw("us"), place);
}

function columnsOf(site: string, key: string): Columns {
  const uuid = (...parts: Sql[]) => uuidOf(key, ...parts);
  const referrer = (pattern: string) =>
    sql`nullif(regexp_extract(referrer, ${literal(pattern)}, 1), '')`;
  const query = sql`concat_ws('&', nullif(regexp_extract(pathname, '\\?(.*)$', 1), ''),
    case when source_tag is not null then concat('source=', url_encode(source_tag)) end)`;
  return {
    website_id: websiteId(site),
    session_id: uuid(raw("visitor_id")),
    visit_id: uuid(raw("visitor_id"), raw("visit_start_us")),
    event_id: eventId(key),
    hostname: raw("hostname"),
    browser: renamed(
      sql`case when browser in ('Safari', 'Mobile Safari') and os = 'iOS' then 'ios'
        when browser = 'Safari' then 'safari' else browser end`,
      BROWSERS,
    ),
    os: renamed(
      sql`case when os = 'Windows' then concat_ws(' ', os, os_version) else os end`,
      SYSTEMS,
    ),
    device: raw("device_type"),
    screen: raw("screen_size"),
    language: raw("language"),
    country: raw("country_code"),
    region: raw("region"),
    city: raw("city"),
    url_path: sql`split_part(pathname, '?', 1)`,
    url_query: sql`nullif(${query}, '')`,
    ...Object.fromEntries(CAMPAIGN.map((name) => [name, ident(name)])),
    referrer_path: referrer("^[a-z]+://[^/?#]*([^?#]*)"),
    referrer_query: referrer("^[a-z]+://[^?#]*\\?([^#]*)"),
    referrer_domain: referrer("^[a-z]+://([^/?#]*)"),
    page_title: raw("title"),
    ...Object.fromEntries(
      CLICKS.map((name) => [name, sql`case when click_id = ${literal(name)} then '-' end`]),
    ),
    event_type: sql`case when event_name = ${literal(PAGEVIEW)} then 1 else 2 end`,
    event_name: sql`case when event_name <> ${literal(PAGEVIEW)} then event_name end`,
    tag: raw("null::varchar"),
    distinct_id: raw("null::varchar"),
    created_at: CREATED_AT,
  };
}

const CREATED_AT = sql`strftime(timestamp, '%Y-%m-%d %H:%M:%S.%f')`;

/** Each property of each event, revenue among them as Umami has it. */
function dataOf(events: Sql, key: string): Sql {
  const one = sql`select event_id, timestamp, data.key as data_key, data.value as value
    from identified, json_each(identified.props) as data where props is not null`;
  const money = (name: string, column: string) =>
    sql`select event_id, timestamp, ${literal(name)}, to_json(${ident(column)}) from identified
      where revenue_amount is not null and not coalesce(json_exists(props, ${
      literal(`$.${name}`)
    }), false)`;
  return sql`(with identified as materialized (
      select *, ${eventId(key)} as event_id from ${events}
    ), data as (${one} union all ${money("revenue", "revenue_amount")}
      union all ${money("currency", "revenue_currency")})
    select *, json_type(value) as type from data where json_type(value) <> 'NULL')`;
}

function dataColumns(site: string, key: string): Columns {
  const isNumber = raw("type in ('BIGINT', 'UBIGINT', 'DOUBLE', 'HUGEINT')");
  return {
    event_data_id: uuidOf(key, raw("event_id"), raw("data_key")),
    website_id: websiteId(site),
    website_event_id: raw("event_id"),
    data_key: raw("data_key"),
    string_value: raw("value ->> '$'"),
    number_value: sql`case when ${isNumber} then value ->> '$' end`,
    date_value: raw("null::varchar"),
    data_type: sql`case when ${isNumber} then 2 when type = 'BOOLEAN' then 3
      when type = 'ARRAY' then 5 else 1 end`,
    created_at: CREATED_AT,
  };
}

const EVENT_COLUMNS = [
  ...["event_id", "website_id", "session_id", "visit_id", "created_at", "url_path", "url_query"],
  ...CAMPAIGN,
  ...["referrer_path", "referrer_query", "referrer_domain", "page_title"],
  ...CLICKS,
  ...["event_type", "event_name", "tag", "hostname"],
];
const SESSION_COLUMNS = [
  ...["session_id", "website_id", "browser", "os", "device", "screen", "language", "country"],
  ...["region", "city", "distinct_id", "created_at"],
];

function websiteId(site: string): Sql {
  return sql`md5(${site}::varchar)::uuid`;
}

function renamed(value: Sql, names: Readonly<Record<string, string>>): Sql {
  const cases = Object.entries(names).map(([from, to]) =>
    sql`when ${literal(from)} then ${literal(to)}`
  );
  return sql`case ${value} ${join(cases, " ")} else ${value} end`;
}
