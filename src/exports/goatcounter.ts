// GoatCounter's CSV export, version 2: a row for each pageview or event, gzipped. Its values are
// for a program, so that no cell is changed for spreadsheets.
import { PAGEVIEW } from "../core/event.ts";
import { raw, type Sql, sql } from "../core/sql.ts";
import type { ExportForm } from "../storage/backup/export_file.ts";

/** What its columns cannot keep. */
export const GOATCOUNTER_LACKS: readonly string[] = [
  "host, properties, revenue, city, and regions without an ISO 3166-2 code",
  "campaign values but utm_source; the referrer of an event that has utm_source",
  "the page of a custom event, whose path is its name",
  "device type, language, and whether an event was interactive",
  "visits: a session is a visitor, and FirstVisit its first event at a path in the file",
];

const IS_EVENT = sql`(event_name <> ${raw(`'${PAGEVIEW}'`)})`;
const PATH = sql`case when ${IS_EVENT} then event_name else pathname end`;

function named(value: Sql, name: string): Sql {
  return sql`${value} as ${raw(`"${name}"`)}`;
}

/** The form. */
export const GOATCOUNTER_FORM: ExportForm = {
  writtenAs: sql`format csv, header true, compression gzip`,
  rows: (events, { key }) => {
    const values = [
      named(PATH, "2Path"),
      named(raw("title"), "Title"),
      named(IS_EVENT, "Event"),
      named(raw("''"), "UserAgent"),
      named(sql`concat_ws(' ', browser, browser_version)`, "Browser"),
      named(sql`concat_ws(' ', os, os_version)`, "System"),
      named(sql`md5(concat(${key}, visitor_id))`, "Session"),
      named(raw("0"), "Bot"),
      named(
        sql`coalesce(nullif(utm_source, ''), regexp_replace(referrer, '^https?://', ''),
          referrer_source)`,
        "Referrer",
      ),
      named(
        sql`case when nullif(utm_source, '') is not null then 'c'
          when referrer is not null then 'h' when referrer_source is not null then 'g' end`,
        "Referrer scheme",
      ),
      named(
        sql`case when screen_size is not null then concat(screen_size, ',0,1') end`,
        "Screen size",
      ),
      named(
        sql`case when starts_with(region, concat(country_code, '-')) then region
          else country_code end`,
        "Location",
      ),
      named(
        sql`row_number() over (
          partition by visitor_id, ${IS_EVENT}, ${PATH} order by timestamp
        ) = 1`,
        "FirstVisit",
      ),
      named(sql`strftime(timestamp, '%Y-%m-%dT%H:%M:%S.%fZ')`, "Date"),
    ];
    const all = values.reduce((before, value) => sql`${before}, ${value}`);
    return sql`select ${all} from ${events}`;
  },
};
