// Visits from events in plain SQL: one row per visit, or every event with its visit. Reads no
// clock and no request, and runs nothing: relations in, relations out.
//
// Two events of a visitor within the same gap-long bucket can never be more than the gap apart, so
// a hash aggregate to (visitor, bucket) leaves a fraction of the rows to sort, exact for any gap.
//
// A pause longer than the gap ends a visit. So does midnight UTC after a whole day without such a
// pause: the first event of a UTC day starts a visit if the unbroken activity before it began
// earlier than one gap into the day before. A visit therefore lies within two neighbouring UTC
// days, and the events of those two decide where it begins, whatever range is asked for.
//
// A visit belongs to the range in which it starts and is counted whole. So the caller reads
// `visitSpan(range, gap)`, and keeps the visits whose `start_us` is in the range.
import { DAY_US } from "../../core/durations.ts";
import { type EventColumnName, PAGEVIEW } from "../../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";

/** Gap that ends a visit, in microseconds: 30 minutes. A gap of exactly this long does not. */
export const VISIT_GAP_US = 1_800_000_000;

/** Optional columns of the rows of `visits()`. */
export interface VisitColumns {
  /** Columns of the visit's first event, under their own names. */
  readonly first?: readonly EventColumnName[];
  /** Adds name → the value of an expression over the visit's first event. */
  readonly atStart?: Readonly<Record<string, Sql>>;
  /** Adds entry_page and exit_page (NULL for a visit without a pageview). */
  readonly pages?: boolean;
  /** Adds is_bounce; the events need the column `interactive`. */
  readonly bounce?: boolean;
  /** Adds exit_hostname, the host of the exit page. */
  readonly exitHost?: boolean;
  /** Adds exit_us, the time of the exit page. */
  readonly exitTime?: boolean;
  /** Adds name → BOOLEAN, whether any event of the visit meets the condition (NULL is no). */
  readonly any?: Readonly<Record<string, Sql>>;
  /** Adds name → BIGINT, how many events of the visit meet the condition. */
  readonly counts?: Readonly<Record<string, Sql>>;
}

/**
 * The span to read so that every visit that starts in `range` is known whole: the gap before it,
 * the whole day before the first midnight from there on, and up to the end of the day after it.
 */
export function visitSpan(
  { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
  gapUs: number = VISIT_GAP_US,
): { fromUs: number; toUs: number } {
  const beforeUs = fromUs - gapUs;
  const midnightUs = Math.ceil(beforeUs / DAY_US) * DAY_US;
  return {
    fromUs: Math.min(beforeUs, midnightUs - DAY_US),
    toUs: (Math.floor((toUs - 1) / DAY_US) + 2) * DAY_US,
  };
}

/** The span to read so that also the visit of every event of `range` is known whole. */
export function visitSpanOfEvents(
  range: { readonly fromUs: number; readonly toUs: number },
): { fromUs: number; toUs: number } {
  const fromUs = (Math.floor(range.fromUs / DAY_US) - 1) * DAY_US;
  return { fromUs, toUs: visitSpan(range).toUs };
}

/**
 * One row per visit of `events` (a relation of the stored columns, in parentheses). Columns:
 * visitor_id, start_us, end_us, duration_us (BIGINT microseconds), pageviews, events (BIGINT),
 * then what `columns` asks for. `is_bounce`: one pageview and no other event, but such as are not
 * interactive. (visitor_id, start_us)
 * is the key. Events of the same microsecond are ordered by a hash of their name and path, so the
 * answer does not depend on the order of arrival.
 */
export function visits(events: Sql, gapUs: number, columns: VisitColumns = {}): Sql {
  const extra = extraColumns(columns);
  const names = extra.map((column) => sql`, ${ident(column.name)}`);
  const merged = extra.map((column) => sql`, ${column.merge} as ${ident(column.name)}`);
  return sql`(
    with buckets as (${buckets(events, gapUs, extra)}),
    neighbours as (
      select *, lag(high_us) over near as previous_us, lead(low_us) over near as next_us
      from buckets
      window near as (partition by visitor_id order by bucket)
    ),
    edges as materialized (
      select
        * exclude (previous_us, next_us),
        coalesce(low_us - previous_us > ${gapUs}, true) as starts,
        coalesce(next_us - high_us > ${gapUs}, true) as ends,
        ${OPENS_DAY} as opens_day
      from neighbours
    ),
    numbered as (
      ${withStart(gapUs, sql`(select * from edges where not (starts and ends))`)}
    ),
    whole as (
      select visitor_id, low_us as start_us, high_us as end_us, pageviews, events${join(names, "")}
      from edges
      where starts and ends
      union all
      select visitor_id, start_us, max(high_us), sum(pageviews)::bigint,
        sum(events)::bigint${join(merged, "")}
      from numbered
      group by visitor_id, start_us
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events${
    join(extra.map((column) => column.shown), "")
  }
    from whole
  )`;
}

/**
 * Every event of `events` with its visit: the named columns, then us (BIGINT time in microseconds)
 * and visit_start_us. visitor_id and visit_start_us together are the key of the visit.
 */
export function visitEvents(
  events: Sql,
  gapUs: number,
  columns: readonly string[],
): Sql {
  const wanted = columns.filter((name) => name !== "visitor_id").map((name) =>
    sql`, e.${ident(name)}`
  );
  return sql`(
    with source as (select * from ${events}),
    buckets as (${buckets(sql`source`, gapUs, [])}),
    neighbours as (
      select visitor_id, bucket, low_us, lag(high_us) over (
        partition by visitor_id order by bucket
      ) as previous_us
      from buckets
    ),
    edges as (
      select visitor_id, bucket, low_us, ${OPENS_DAY} as opens_day,
        coalesce(low_us - previous_us > ${gapUs}, true) as starts
      from neighbours
    ),
    numbered as (${withStart(gapUs, sql`edges`)})
    select e.visitor_id${join(wanted, "")}, epoch_us(e.timestamp) as us,
      s.start_us as visit_start_us
    from source as e
    join numbered as s on s.visitor_id = e.visitor_id
      and s.bucket = ${bucketOf(sql`epoch_us(e.timestamp)`, gapUs)}
  )`;
}

/** Whether a bucket is its visitor's first one of a UTC day. */
const OPENS_DAY = sql`coalesce(low_us // ${DAY_US} > previous_us // ${DAY_US}, true)`;

/**
 * Adds to buckets the start of their visit. The chain is the activity without a pause, which may be
 * longer than a visit.
 */
function withStart(gapUs: number, edges: Sql): Sql {
  return sql`select * exclude (chain_us, day_us), case
        when low_us // ${DAY_US} > ${lastJoinedDay(sql`chain_us`, gapUs)} then day_us
        else chain_us
      end as start_us
      from (
        select *,
          max(case when starts then low_us end) over so_far as chain_us,
          max(case when starts or opens_day then low_us end) over so_far as day_us
        from ${edges}
        window so_far as (partition by visitor_id order by bucket rows unbounded preceding)
      )`;
}

/**
 * The last UTC day (days since 1970) that belongs to the visit with which a chain begins; each
 * later day of the chain is a visit of its own.
 */
export function lastJoinedDay(chainUs: Sql, gapUs: number): Sql {
  return sql`((${chainUs} + ${DAY_US - gapUs}) // ${DAY_US})`;
}

/** The number of the bucket of an instant: at most one gap long, and never over midnight UTC. */
function bucketOf(us: Sql, gapUs: number): Sql {
  if (DAY_US % gapUs === 0) return sql`(${us} // ${gapUs})`;
  const perDay = Math.ceil(DAY_US / gapUs);
  return sql`(${us} // ${DAY_US} * ${perDay} + ${us} % ${DAY_US} // ${gapUs})`;
}

/** A column that `VisitColumns` asks for. */
export interface ExtraColumn {
  readonly name: string;
  /** The aggregate over events, of a bucket or of a whole visit. */
  readonly collect: Sql;
  /** The aggregate over the buckets of one visit. */
  readonly merge: Sql;
  /** The column as the visit shows it, with its leading comma. */
  readonly shown: Sql;
}

/** A time that orders events of one microsecond by name and path: 52 bits of time, 11 of hash. */
const ORDER_KEY = raw(
  "((epoch_us(timestamp) & 4503599627370495) << 11) + (hash(event_name, pathname) & 2047)::bigint",
);
const IS_PAGEVIEW = sql`event_name = ${raw(`'${PAGEVIEW}'`)}`;

/** The requested columns, in order. */
export function extraColumns(columns: VisitColumns): ExtraColumn[] {
  const extra: ExtraColumn[] = [];
  const add = (name: string, collect: Sql, merge: Sql, shown: Sql) =>
    extra.push({ name, collect, merge, shown: sql`, ${shown} as ${ident(name)}` });
  const first = (columns.first ?? []).map((name) => [name, ident(name)] as const);
  for (const [name, expr] of [...first, ...Object.entries(columns.atStart ?? {})]) {
    const own = ident(name);
    add(name, sql`arg_min_null(${expr}, ${ORDER_KEY})`, sql`arg_min_null(${own}, low_us)`, own);
  }
  if (columns.pages) {
    const pageview = sql`filter (where ${IS_PAGEVIEW})`;
    add(
      "entry_page",
      sql`arg_min(pathname, ${ORDER_KEY}) ${pageview}`,
      sql`arg_min(entry_page, low_us)`,
      sql`entry_page`,
    );
    add(
      "exit_page",
      sql`arg_max(pathname, ${ORDER_KEY}) ${pageview}`,
      sql`arg_max(exit_page, low_us)`,
      sql`exit_page`,
    );
  }
  if (columns.bounce) {
    extra.push({
      name: "acts",
      collect: sql`count(*) filter (where interactive is not false or ${IS_PAGEVIEW})`,
      merge: sql`sum(acts)::bigint`,
      shown: sql`, pageviews = 1 and acts = 1 as is_bounce`,
    });
  }
  if (columns.exitHost) {
    add(
      "exit_hostname",
      sql`arg_max_null(hostname, ${ORDER_KEY}) filter (where ${IS_PAGEVIEW})`,
      sql`arg_max_null(exit_hostname, low_us) filter (where pageviews > 0)`,
      sql`exit_hostname`,
    );
  }
  if (columns.exitTime) {
    const us = sql`max(epoch_us(timestamp)) filter (where ${IS_PAGEVIEW})`;
    add("exit_us", us, sql`max(exit_us)`, sql`exit_us`);
  }
  for (const [name, condition] of Object.entries(columns.any ?? {})) {
    const own = ident(name);
    add(name, sql`bool_or(${condition})`, sql`bool_or(${own})`, sql`coalesce(${own}, false)`);
  }
  for (const [name, condition] of Object.entries(columns.counts ?? {})) {
    const own = ident(name);
    add(name, sql`count(*) filter (where ${condition})`, sql`sum(${own})::bigint`, own);
  }
  return extra;
}

function buckets(events: Sql, gapUs: number, extra: readonly ExtraColumn[]): Sql {
  const collected = extra.map((column) => sql`, ${column.collect} as ${ident(column.name)}`);
  return sql`select
        visitor_id,
        ${bucketOf(sql`epoch_us(timestamp)`, gapUs)} as bucket,
        min(epoch_us(timestamp)) as low_us,
        max(epoch_us(timestamp)) as high_us,
        count(*) filter (where ${IS_PAGEVIEW}) as pageviews,
        count(*) as events${join(collected, "")}
      from ${events}
      group by visitor_id, bucket`;
}
