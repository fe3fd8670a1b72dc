// Made-up partition files for the measurements of storage, made by DuckDB itself: visits of
// several events, hashed visitors, and columns with as many different values as a real site has.
import { EVENT_COLUMN_NAMES, EVENT_COLUMNS } from "../../../src/core/event.ts";
import { raw, type Sql, sql } from "../../../src/core/sql.ts";
import type { Db } from "../../../src/storage/duckdb.ts";
import { ALL_COLUMNS, literal } from "../../../src/storage/parquet/schema.ts";

/** The events of one site on one UTC date. */
export interface Day {
  readonly site: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** About so many events. */
  readonly events: number;
  /** Another number, other events: for days that are made in parts. */
  readonly part?: number;
  /** Ids are drawn from so many and last for all days; by default each day has its own. */
  readonly lastingIds?: number;
}

const EVENTS_A_VISIT = 3.1;
const WRITERS = 2;

/** A number in [0, 1) that depends on the row `v` and a name only. */
const chance = (name: string, of = "v") =>
  `(hash(${of}, '${name}', seed) / 18446744073709551616.0)`;

/** One of `count` values, the first of them by far the most frequent. */
const skewed = (name: string, count: number, of = "v") =>
  `floor(${count} * pow(${chance(name, of)}, 3))::int`;

const listed = (names: readonly string[], index: string) =>
  `[${names.map((name) => `'${name}'`).join(", ")}][1 + ${index}]`;

const visitsOf = (count: number, { site, date, part = 0 }: Day) => `
  select v, day, seed, host,
    least(25, 1 + floor(-ln(1 - ${chance("length")}) * 2.6))::int as length,
    case when ${chance("again")} < 0.15 then floor(${count} * ${chance("who")})::int else v end
      as person,
    day + to_microseconds((86400e6 * (${chance("start")}
      - 0.12 * sin(6.283185 * ${chance("start")})))::bigint) as start,
    case when ${chance("from")} < 0.35 then null when ${chance("from")} < 0.7
      then 'https://www.google.com/' else 'https://blog-' || ${skewed("blog", 300)}
      || '.example.net/posts/' || ${skewed("post", 2000)} end as referrer,
    case when ${chance("from")} < 0.35 then null when ${chance("from")} < 0.7 then 'Google'
      else 'blog-' || ${skewed("blog", 300)} || '.example.net' end as source,
    case when ${chance("campaign")} < 0.1 then ${skewed("which", 12)} end as campaign
  from (select range::int as v, '${site}' as host, timestamp '${date}' as day,
      '${date} ${part}' as seed
    from range(${count}))`;

const STEPS = `
  select *, start + to_microseconds(sum(case when step = 0 then 0 else 4000000 + (1000000
      * exp(3.2 + 1.6 * (${chance("a", "v * 32 + step")} + ${chance("b", "v * 32 + step")}
      + ${chance("c", "v * 32 + step")} + ${chance("d", "v * 32 + step")} - 2)))::bigint end)
      over (partition by v order by step)::bigint) as happened,
    '/' || ${listed(["blog", "docs", "product", "help"], `${skewed("part", 4, "v * 32 + step")}`)}
      || '/' || ${skewed("page", 400, "v * 32 + step")} as page
  from (select *, unnest(range(length))::int as step from visits)`;

const EVENTS = `
  select sha256(person || ' of ' || seed) as visitor_id,
    happened as timestamp,
    case when ${chance("name", "v * 32 + step")} < 0.92 then 'pageview' else
      ${listed(["signup", "download", "search", "order"], skewed("kind", 4, "v * 32 + step"))}
      end as event_name,
    page as pathname,
    host as hostname,
    case when step = 0 then referrer else 'https://' || host
      || lag(page) over (partition by v order by step) end as referrer,
    case when step = 0 then source end as referrer_source,
    case when step = 0 then 'source-' || campaign % 5 end as utm_source,
    case when step = 0 then 'medium-' || campaign % 3 end as utm_medium,
    case when step = 0 then 'campaign-' || campaign end as utm_campaign,
    ${listed(["Chrome", "Safari", "Firefox", "Edge", "Opera"], skewed("browser", 5, "person"))}
      as browser,
    (140 - ${skewed("version", 20, "person")})::varchar as browser_version,
    ${listed(["Windows", "iOS", "Android", "macOS", "Linux"], skewed("os", 5, "person"))} as os,
    (1 + ${skewed("release", 12, "person")})::varchar as os_version,
    ${listed(["desktop", "mobile", "tablet"], skewed("device", 3, "person"))} as device_type,
    (360 + 40 * ${skewed("screen", 40, "person")})::varchar as screen_size,
    chr(65 + ${skewed("country", 60, "person")} % 26) ||
      chr(65 + ${skewed("country", 60, "person")} // 26) as country_code,
    'Region ' || ${skewed("city", 900, "person")} // 8 as region,
    'City ' || ${skewed("city", 900, "person")} as city,
    case when event_name = 'pageview' then null else '{"plan":"'
      || ${listed(["free", "team", "pro"], skewed("plan", 3))} || '","position":'
      || ${skewed("position", 100, "v * 32 + step")} || '}' end as props,
    case when event_name = 'order' then (5 + ${skewed("amount", 200)} * 0.5)::decimal(12, 2) end
      as revenue_amount,
    case when event_name = 'order' then 'EUR' end as revenue_currency
  from steps where happened < day + interval 1 day`;

const MADE = new Set(["site_id", ...[...EVENTS.matchAll(/ as (\w+)/g)].map(([, name]) => name)]);
/** Columns that no made-up event fills. */
const NOT_MADE = EVENT_COLUMN_NAMES.filter((name) => !MADE.has(name)).map((name) =>
  `null::${EVENT_COLUMNS[name].type} as ${name}`
);

/** A statement that makes a table of a day's events with every stored column. */
export function makeDayTable(table: string, day: Day): Sql {
  const { site, events, lastingIds } = day;
  const ids = lastingIds === undefined
    ? "*"
    : `* replace (sha256((hash(visitor_id) % ${lastingIds})::varchar) as visitor_id)`;
  const visits = Math.max(1, Math.round(events / EVENTS_A_VISIT));
  return sql`create or replace table ${raw(table)} as
    with visits as materialized (${raw(visitsOf(visits, day))}),
    steps as materialized (${raw(STEPS)}),
    events as (${raw(EVENTS)})
    select ${ALL_COLUMNS} from (
      select ${literal(site)} as site_id, ${raw(ids)}, ${raw(NOT_MADE.join(", "))} from events
    )`;
}

/** `YYYY-MM-DD` of the day `before` days before a time. */
export function dateBefore(ms: number, before: number): string {
  return new Date(ms - before * 86_400_000).toISOString().slice(0, 10);
}

/**
 * Writes a day's events to `files` files of a partition, each with what came in one stretch of
 * time, as flushes would have done.
 */
export async function writeSmallFiles(
  db: Db,
  eventsFolder: string,
  day: Day,
  files: number,
): Promise<void> {
  const folder = `${eventsFolder}/site_id=${day.site}/date=${day.date}`;
  await Deno.mkdir(folder, { recursive: true });
  await db.execute(makeDayTable("made", day));
  await db.execute(sql`create or replace table sliced as
    select *, ntile(${raw(String(files))}) over (order by timestamp) as slice from made
    order by timestamp`);
  const write = async (first: number) => {
    for (let slice = first; slice <= files; slice += WRITERS) {
      const path = `${folder}/${day.part ?? ""}${String(slice).padStart(4, "0")}.parquet`;
      await db.query(sql`copy (
        select ${ALL_COLUMNS} from sliced where slice = ${raw(String(slice))} order by timestamp
      ) to ${literal(path)} (format parquet, compression zstd)`);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, index) => write(1 + index)));
  await db.execute(sql`drop table made`);
  await db.execute(sql`drop table sliced`);
}
