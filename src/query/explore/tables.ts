// The tables that statements of owners read: a site's events and visits. Their columns with what
// they mean, and the SQL that makes them from the files of the site. Pure.
import { EVENT_COLUMN_NAMES, EVENT_COLUMNS, type EventColumnName } from "../../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { coldRelation, literal } from "../../storage/parquet/schema.ts";
import { dimensionOf } from "../dimensions.ts";
import {
  attachedEngagements,
  engagedVisits,
  IS_ENGAGED_BY_VIEWS,
  withEngagedVisits,
} from "../engagement/engagement.ts";
import { localTime } from "../sql/buckets.ts";
import { withComputed } from "../sql/computed.ts";
import { visits } from "../sql/visits.ts";

/** One column of a table. */
export interface ExploreColumn {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
}

/** What rows are not events, and is of them alone. */
const OF_ENGAGEMENTS: ReadonlySet<EventColumnName> = new Set([
  "engaged_ms",
  "scroll_depth",
  "lcp_ms",
  "inp_ms",
  "cls_ten_thousandths",
  "fcp_ms",
  "ttfb_ms",
]);

const EVENT_NAMES = EVENT_COLUMN_NAMES.filter((name) =>
  !OF_ENGAGEMENTS.has(name) && !["site_id", "visitor_id", "timestamp"].includes(name)
);

/** What a visit has of its first event that has a value. */
const FIRST_NAMES = [
  "hostname",
  "referrer",
  "referrer_source",
  "utm_source",
  "utm_medium",
  "utm_campaign",
  "utm_content",
  "utm_term",
  "click_id",
  "source_tag",
  "browser",
  "browser_version",
  "os",
  "os_version",
  "device_type",
  "screen_size",
  "country_code",
  "region",
  "city",
  "language",
] as const satisfies readonly EventColumnName[];

const VISITOR: ExploreColumn = {
  name: "visitor_id",
  type: "VARCHAR",
  doc: "the visitor: equal within one answer, another in the next",
};

function ofEvent(name: EventColumnName): ExploreColumn {
  return { name, type: EVENT_COLUMNS[name].type, doc: EVENT_COLUMNS[name].doc };
}

/** The tables with their columns, in order. */
export const EXPLORE_TABLES = {
  events: [
    VISITOR,
    { name: "timestamp", type: "TIMESTAMP", doc: "when, in UTC" },
    { name: "local_time", type: "TIMESTAMP", doc: "when, by the clock of the site's time zone" },
    ...EVENT_NAMES.map(ofEvent),
  ],
  visits: [
    VISITOR,
    { name: "started_at", type: "TIMESTAMP", doc: "first event, in UTC" },
    { name: "local_time", type: "TIMESTAMP", doc: "the same by the clock of the site's time zone" },
    { name: "duration_secs", type: "DOUBLE", doc: "to the last event or engagement, seconds" },
    { name: "pageviews", type: "BIGINT", doc: "events named `pageview`" },
    { name: "events", type: "BIGINT", doc: "pageviews and custom events" },
    { name: "is_bounce", type: "BOOLEAN", doc: "one pageview and no other interactive event" },
    {
      name: "is_engaged",
      type: "BOOLEAN",
      doc: "10 s of visible time, a second pageview or a scroll past half of a page",
    },
    { name: "entry_page", type: "VARCHAR", doc: "path of the first pageview" },
    { name: "exit_page", type: "VARCHAR", doc: "path of the last pageview" },
    { name: "channel", type: "VARCHAR", doc: dimensionOf("channel").doc },
    ...FIRST_NAMES.map(ofEvent),
  ],
} as const satisfies Record<string, readonly ExploreColumn[]>;

/** Name of a table. */
export type ExploreTable = keyof typeof EXPLORE_TABLES;

/** The names of the tables. */
export const EXPLORE_NAMES = Object.keys(EXPLORE_TABLES) as ExploreTable[];

/** What the tables of one statement are made of. */
export interface ExploreScope {
  readonly site: string;
  /** Files that hold every event of the site. */
  readonly paths: readonly string[];
  /** Whether engagements may be among them. */
  readonly isEngaged: boolean;
  /** The pause that ends a visit. */
  readonly gapUs: number;
  readonly zone: string;
  /** Times of the site's events lie within. */
  readonly range: { readonly fromUs: number; readonly toUs: number };
  /** Random, in hex: visitor ids are hashed with it. */
  readonly key: string;
}

/**
 * The statement that keeps at most `rows` of the answer of `text` in a table. The text must have
 * been checked; it reads `tables`.
 */
export function answerTable(
  name: string,
  text: string,
  rows: number,
  tables: readonly { readonly name: ExploreTable; readonly rows: Sql }[],
): Sql {
  const named = tables.map(({ name, rows }) => sql`${ident(name)} as not materialized ${rows}`);
  const first = named.length === 0 ? raw("") : sql`with ${join(named, ",\n")}`;
  // The only text of a caller that becomes SQL: DuckDB here can read the files of the site alone.
  return sql`create table ${ident(name)} as ${first}
select * from (
${raw(text)}
) as answer limit ${raw(String(rows))}`;
}

/** The rows of a table; `withChannel` where the statement reads that column. */
export function rowsOfTable(name: ExploreTable, scope: ExploreScope, withChannel: boolean): Sql {
  return name === "events" ? eventRows(scope) : visitRows(scope, withChannel);
}

function storedRows({ paths, site }: ExploreScope, ofKind: Sql): Sql {
  return sql`(select * replace (coalesce(visitor_id, '') as visitor_id)
    from ${coldRelation(paths, site)} where engaged_ms is ${ofKind})`;
}

const EVENTS = raw("null");
const ENGAGEMENTS = raw("not null");

function eventRows(scope: ExploreScope): Sql {
  return sql`(select ${visitorOf(scope)}, timestamp,
    ${localOf(sql`epoch_us(timestamp)`, scope)}, ${join(EVENT_NAMES.map(ident))}
    from ${storedRows(scope, EVENTS)})`;
}

function visitRows(scope: ExploreScope, withChannel: boolean): Sql {
  const { gapUs } = scope;
  const events = storedRows(scope, EVENTS);
  const own = visits(events, gapUs, { first: FIRST_NAMES, pages: true, bounce: true });
  const numbered = scope.isEngaged
    ? withEngagedVisits(own, engaged(events, scope))
    : sql`(select *, ${IS_ENGAGED_BY_VIEWS} as is_engaged from ${own})`;
  const rows = withChannel ? withComputed(numbered, ["channel"]) : numbered;
  const channel = withChannel ? raw("channel") : raw("null::varchar as channel");
  return sql`(select ${visitorOf(scope)}, make_timestamp(start_us) as started_at,
    ${localOf(sql`start_us`, scope)}, duration_us / 1000000 as duration_secs, pageviews, events,
    is_bounce, is_engaged, entry_page, exit_page, ${channel}, ${join(FIRST_NAMES.map(ident))}
    from ${rows})`;
}

function engaged(events: Sql, scope: ExploreScope): Sql {
  const engagements = storedRows(scope, ENGAGEMENTS);
  return sql`(${engagedVisits(sql`(${attachedEngagements(events, engagements, scope.gapUs)})`)})`;
}

/** Ids are hashed anew for each answer, as in exports. */
function visitorOf({ key }: ExploreScope): Sql {
  return sql`sha256(concat(${literal(key)}, visitor_id)) as visitor_id`;
}

function localOf(us: Sql, { zone, range }: ExploreScope): Sql {
  return sql`make_timestamp(${localTime(us, { zone, range })}) as local_time`;
}
