// Umami's website_event joined with its sessions, as Umami Cloud exports it: a row for each view or
// event. Its values are for a program, so that no cell is changed for spreadsheets.
import { EVENT_COLUMN_NAMES, PAGEVIEW } from "../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../core/sql.ts";
import { visitEvents, visitSpanOfEvents } from "../query/sql/visits.ts";
import type { ExportForm } from "../storage/backup/export_file.ts";
import { literal } from "../storage/parquet/schema.ts";
import type { SpanUs } from "../storage/tiers/event_rows.ts";

/** What its columns cannot keep. */
export const UMAMI_LACKS: readonly string[] = [
  "properties and revenue, which Umami keeps in tables of their own",
  "the scheme of the referrer; a source without a referrer",
  "browser version, versions of systems but Windows, and the height of the screen",
  "whether an event was interactive; of a click id its value, for which the file has -",
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

/** The form; `gapUs` is the pause that ends a visit. */
export function umamiForm(gapUs: number): ExportForm {
  return {
    writtenAs: sql`format csv, header true`,
    reads: (span) => within(visitSpanOfEvents(span)),
    rows: (events, { site, span, key }) => {
      const names = EVENT_COLUMN_NAMES.filter((name) => name !== "site_id");
      const rows = visitEvents(events, gapUs, names);
      const values = Object.entries(columnsOf(site, key))
        .map(([name, value]) => sql`${value} as ${ident(name)}`);
      return sql`select ${join(values)} from ${rows}
        where us >= ${span.fromUs} and us < ${span.toUs}`;
    },
  };
}

/** Limits a span to exact integers. */
function within({ fromUs, toUs }: SpanUs): SpanUs {
  const most = Number.MAX_SAFE_INTEGER;
  return { fromUs: Math.max(-most, fromUs), toUs: Math.min(most, toUs) };
}

function columnsOf(site: string, key: string): Record<string, Sql> {
  const uuid = (...parts: Sql[]) => sql`md5(concat(${key}, ${join(parts, ", ' ', ")}))::uuid`;
  const referrer = (pattern: string) =>
    sql`nullif(regexp_extract(referrer, ${literal(pattern)}, 1), '')`;
  const query = sql`concat_ws('&', nullif(regexp_extract(pathname, '\\?(.*)$', 1), ''),
    case when source_tag is not null then concat('source=', url_encode(source_tag)) end)`;
  return {
    website_id: sql`md5(${site}::varchar)::uuid`,
    session_id: uuid(raw("visitor_id")),
    visit_id: uuid(raw("visitor_id"), raw("visit_start_us")),
    event_id: uuid(raw("visitor_id"), raw("us"), raw("row_number() over ()")),
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
    created_at: sql`strftime(timestamp, '%Y-%m-%d %H:%M:%S.%f')`,
  };
}

function renamed(value: Sql, names: Readonly<Record<string, string>>): Sql {
  const cases = Object.entries(names).map(([from, to]) =>
    sql`when ${literal(from)} then ${literal(to)}`
  );
  return sql`case ${value} ${join(cases, " ")} else ${value} end`;
}
