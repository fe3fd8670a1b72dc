// What engagements say of visits and of pageviews, as relations. An engagement belongs to the visit
// of its visitor that began last before it, if its visible time began no later than a gap after the
// visit's last event. It changes no visit's start and no visit's events. Pure.
import { DAY_US } from "../../core/durations.ts";
import type { EventColumnName } from "../../core/event.ts";
import { ENGAGED_MS_MAX } from "../../core/limits.ts";
import { raw, type Sql, sql } from "../../core/sql.ts";
import { visits } from "../sql/visits.ts";

/** A visit with visible time of this is engaged; so is one with two pageviews. */
export const ENGAGED_VISIT_US = 10_000_000;
/** And so is one that scrolled a page further than this. */
export const ENGAGED_VISIT_DEPTH = 50;

/** Columns of engagements that are read. */
export const ENGAGEMENT_COLUMNS: readonly EventColumnName[] = [
  ...["visitor_id", "timestamp", "pathname", "engaged_ms", "scroll_depth"] as const,
];

/** Whether a visit without engagements is engaged, of its pageviews. */
export const IS_ENGAGED_BY_VIEWS: Sql = raw("pageviews > 1");

/**
 * The engagements that belong to a visit: visitor_id, visit_start_us, pathname, us, engaged_us,
 * scroll_depth; not those that say neither. `events` and `engagements` are relations of stored
 * columns; the engagements are also read to find their visitors.
 */
export function attachedEngagements(events: Sql, engagements: Sql, gapUs: number): Sql {
  const theirs = sql`(
      select visitor_id, timestamp, event_name, pathname from ${events} t
      where visitor_id in (select visitor_id from ${engagements} u)
    )`;
  return sql`select e.*, v.start_us as visit_start_us
    from (
      select visitor_id, pathname, epoch_us(timestamp) as us, scroll_depth,
        ${ENGAGED_US} as engaged_us
      from ${engagements} s
      where engaged_ms > 0 or scroll_depth is not null
    ) e
    asof join ${visits(theirs, gapUs)} v on v.visitor_id = e.visitor_id and e.us >= v.start_us
    where ${isOfVisit(gapUs)}`;
}

/** Whether an engagement `e` belongs to `v`, the last visit of its visitor that began before it. */
export function isOfVisit(gapUs: number): Sql {
  return sql`e.us - e.engaged_us - v.end_us <= ${gapUs}
      and e.us < (v.start_us // ${DAY_US} + 2) * ${DAY_US}`;
}

/** The visible time of an engagement in microseconds. */
export const ENGAGED_US: Sql = sql`least(engaged_ms, ${ENGAGED_MS_MAX})::bigint * 1000`;

/** One row for each visit that has engagements, of the rows of `attachedEngagements`. */
export function engagedVisits(attached: Sql): Sql {
  return sql`select visitor_id, visit_start_us, max(us) as seen_to_us,
      sum(engaged_us)::bigint as seen_us, max(scroll_depth) as depth
    from ${attached}
    group by visitor_id, visit_start_us`;
}

/**
 * Rows of `visits()` with what their engagements change: duration_us, and is_engaged in addition.
 * `engaged` is a relation of `engagedVisits`.
 */
export function withEngagedVisits(rows: Sql, engaged: Sql): Sql {
  return sql`(
    select v.* replace (
        greatest(v.duration_us, coalesce(g.seen_to_us - v.start_us, 0)) as duration_us
      ), v.pageviews > 1 or coalesce(g.seen_us >= ${ENGAGED_VISIT_US}, false)
        or coalesce(g.depth > ${ENGAGED_VISIT_DEPTH}, false) as is_engaged
    from ${rows} v
    left join ${engaged} g on g.visitor_id = v.visitor_id and g.visit_start_us = v.start_us
  )`;
}

/**
 * Rows of events of visits, which have next_us, with stay_us (how long a pageview was seen: what
 * its engagements say, else up to the next event) and page_depth (how far down the page was seen in
 * the visit, on its first view). `attached` is a relation of `attachedEngagements`.
 */
export function withEngagedPages(events: Sql, attached: Sql): Sql {
  const views = sql`(
        select distinct visitor_id, visit_start_us, pathname, us
        from ${events} w where event_name = 'pageview'
      )`;
  return sql`select s.*, coalesce(t.seen_us, s.next_us - s.us) as stay_us, d.depth as page_depth
    from ${events} s
    left join (
      select a.visitor_id, a.visit_start_us, a.pathname, p.us,
        sum(a.engaged_us)::bigint as seen_us
      from ${attached} a
      asof join ${views} p on p.visitor_id = a.visitor_id
        and p.visit_start_us = a.visit_start_us and p.pathname = a.pathname and a.us >= p.us
      group by all
      having sum(a.engaged_us) > 0
    ) t on s.event_name = 'pageview' and t.visitor_id = s.visitor_id
      and t.visit_start_us = s.visit_start_us and t.pathname = s.pathname and t.us = s.us
    left join (
      select visitor_id, visit_start_us, pathname, min(p.us) as us, max(a.scroll_depth) as depth
      from ${attached} a
      join ${views} p using (visitor_id, visit_start_us, pathname)
      group by all
    ) d on s.event_name = 'pageview' and d.visitor_id = s.visitor_id
      and d.visit_start_us = s.visit_start_us and d.pathname = s.pathname and d.us = s.us`;
}

/** The same where there are no engagements. */
export function withPlainPages(events: Sql): Sql {
  return sql`select *, next_us - us as stay_us, null::integer as page_depth from ${events}`;
}
