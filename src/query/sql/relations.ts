// The rows a query is counted over, as named relations of one statement: events of the range,
// events with their visits, visits. Each is made once, when it is first needed. Pure.
import type { EventColumnName } from "../../core/event.ts";
import type { Range } from "../../core/period.ts";
import type { EventsOf } from "../../storage/tiers/event_rows.ts";
import { ident, join, raw, Sql, sql } from "../../core/sql.ts";
import type { DimensionRef } from "../dimensions.ts";
import { withComputed } from "./computed.ts";
import { visitEvents, visits } from "./visits.ts";
import {
  attachedEngagements,
  engagedVisits,
  ENGAGEMENT_COLUMNS,
  IS_ENGAGED_BY_VIEWS,
  withEngagedPages,
  withEngagedVisits,
  withPlainPages,
} from "../engagement/engagement.ts";
import {
  EVENT_ROW,
  filterSql,
  keyOf,
  type RowShape,
  TAGGED_AT_START,
  TAGGED_ROW,
  type Terms,
  VISIT_ROW,
} from "./expressions.ts";
import { levelOf, type Plan } from "./plan.ts";
import type { CheckedFilter, Query } from "../query.ts";

const NOTHING = raw("");
/** So long beyond the range, in ranges, the events of other visitors are left out. */
const MUCH_BEYOND = 0.5;

/** Relations over one source of events; `rows` are SQL texts whose rows are called `r` outside. */
export class Relations {
  readonly #query: Query;
  readonly #plan: Plan;
  readonly #terms: Terms;
  readonly #named: { name: string; body: Sql }[] = [];
  #tagged = false;
  #attached = false;

  /**
   * `events` is a relation of the stored columns over `plan.span`, or gives one of any span.
   * Buckets are those of `calendar`, by default the query's range.
   */
  constructor(query: Query, plan: Plan, events: Sql | EventsOf, calendar: Range = query.range) {
    this.#query = query;
    this.#plan = plan;
    this.#terms = { ...query, range: calendar, histories: plan.histories };
    if (query.engagements) {
      this.add("engagements", query.engagements(plan.span, ENGAGEMENT_COLUMNS));
    }
    const rows = events instanceof Sql ? this.#columnsOf(events) : this.#rowsOf(events);
    const { ownValues } = plan;
    this.add(
      "all_events",
      ownValues.length === 0 ? rows : sql`select * from ${withComputed(sql`(${rows})`, ownValues)}`,
    );
  }

  /**
   * The events of the plan's span. Beyond the range only those of visitors of the range are needed,
   * to know where visits begin and end: where the rest would be much, it is left out.
   */
  #rowsOf(events: EventsOf): Sql {
    const { span, columns } = this.#plan;
    const { fromUs, toUs } = this.#query.range;
    const beyond = [{ fromUs: span.fromUs, toUs: fromUs }, { fromUs: toUs, toUs: span.toUs }]
      .filter((part) => part.fromUs < part.toUs);
    const beyondUs = beyond.reduce((sum, part) => sum + part.toUs - part.fromUs, 0);
    if (beyondUs === 0 || beyondUs < MUCH_BEYOND * (toUs - fromUs)) {
      return this.#columnsOf(events(span, columns));
    }
    this.add("range_events", this.#columnsOf(events({ fromUs, toUs }, columns)));
    const parts = beyond.map((part) => this.#columnsOf(events(part, columns)));
    const others = join(parts, "\n  union all\n  ");
    return withTheirOthers(raw("range_events"), sql`(${others})`);
  }

  #columnsOf(events: Sql): Sql {
    return sql`select ${join(this.#plan.columns.map((name) => ident(name)))} from ${events}`;
  }

  /** Every event that was read, with all that the plan needs of it and of its visit. */
  everyEvent(): Sql {
    const rows = this.#eventsOf(TAGGED_ROW);
    return sql`${this.with} select * from ${rows}`;
  }

  /** Names a relation. */
  add(name: string, body: Sql): void {
    this.#named.push({ name, body });
  }

  /** `with …` of every relation named so far. */
  get with(): Sql {
    const bodies = this.#named.map(({ name, body }) => sql`${ident(name)} as (\n  ${body}\n)`);
    return sql`with ${join(bodies, ",\n")}`;
  }

  /** The shape of the rows of `matchingEvents`. */
  get eventShape(): RowShape {
    return this.#plan.tagged ? TAGGED_ROW : EVENT_ROW;
  }

  /** Events of the range that meet a filter, with the keys k0, k1 … of these dimensions. */
  matchingEvents(
    keys: readonly DimensionRef[],
    filter: CheckedFilter | null,
    besides = NOTHING,
  ): Sql {
    const shape = this.eventShape;
    return sql`select r.*${this.#keys(keys, shape)} from ${this.#eventsOf(shape)} r where ${
      this.#inRange(shape)
    } and ${this.#meets(filter, shape)}${besides}`;
  }

  /** Visits that start in the range and have an event that meets the filter, with their keys. */
  matchingVisits(keys: readonly DimensionRef[]): Sql {
    const { split } = this.#plan;
    const ofEvent = keys.some((ref) => levelOf(ref, this.#query.ownColumns) === "event");
    if (!split || ofEvent) return this.#visitsOfEvents(keys);
    const matched = split.event.length > 0 ? raw(" and r.matched") : NOTHING;
    return sql`select r.*, true as counted${this.#keys(keys, VISIT_ROW)} from ${
      this.#visits(split.event, false)
    } r where ${this.#startsInRange(sql`r.start_us`)}${matched}${this.#and(split.visit)}`;
  }

  /**
   * Visits with an event of the range, or counted ones, that meet the filter: each carries
   * `counted`, and with `withEvents` its matching events of the range as range_events and
   * range_pageviews.
   */
  visitsWithEvents(
    keys: readonly DimensionRef[],
    { withEvents, withVisits }: { withEvents: boolean; withVisits: boolean },
  ): Sql {
    const split = this.#plan.split ?? { event: [], visit: [] };
    const matched = split.event.length > 0 ? raw(" and r.matched") : NOTHING;
    const kept = [
      ...(withEvents ? [raw("r.range_events > 0")] : []),
      ...(withVisits ? [raw("r.counted")] : []),
    ];
    return sql`select * from (
      select r.*, ${this.#startsInRange(sql`r.start_us`)}${matched} as counted${
      this.#keys(keys, VISIT_ROW)
    } from ${this.#visits(split.event, withEvents)} r where true${this.#and(split.visit)}
    ) r where ${join(kept, " or ")}`;
  }

  /** One row per visit and combination of keys that its matching events have. */
  #visitsOfEvents(keys: readonly DimensionRef[]): Sql {
    const names = join(keys.map((_, index) => sql`, ${ident(`k${index}`)}`), "");
    const numbers = this.#plan.visitNumbers
      ? raw(", duration_us, visit_views as pageviews, is_bounce, is_engaged")
      : NOTHING;
    return sql`select distinct visitor_id, visit_start_us, true as counted${numbers}${names} from (
      select r.*${this.#keys(keys, TAGGED_AT_START)}
      from ${this.#eventsOf(TAGGED_ROW)} r
      where ${this.#startsInRange(sql`r.visit_start_us`)}
        and ${this.#meets(this.#query.filter, TAGGED_ROW)}
    )`;
  }

  #eventsOf(shape: RowShape): Sql {
    if (shape === EVENT_ROW) return raw("all_events");
    if (!this.#tagged) {
      this.#tagged = true;
      const tagged = this.#taggedEvents();
      this.add("tagged", this.#plan.steps ? this.#withSteps(tagged) : tagged);
    }
    return raw("tagged");
  }

  /** Every event with its visit, and with that visit's values under the prefix visit_. */
  #taggedEvents(): Sql {
    const { columns, visitColumns, visitValues, visitPages, exitHost, visitNumbers, ownValues } =
      this.#plan;
    const { gapUs } = this.#query;
    const done = this.#done;
    const taken = [
      ...visitColumns,
      ...visitValues,
      ...(visitPages ? ["entry_page", "exit_page"] : []),
      ...(exitHost ? ["exit_hostname"] : []),
      ...Object.keys(done),
    ];
    const events = visitEvents(raw("all_events"), gapUs, [...columns, ...ownValues]);
    if (taken.length === 0 && !visitNumbers) return sql`select * from ${events}`;
    const values = taken.map((name) => sql`, v.${ident(name)} as ${ident(`visit_${name}`)}`);
    const numbers = visitNumbers
      ? raw(", v.duration_us, v.pageviews as visit_views, v.is_bounce, v.is_engaged")
      : NOTHING;
    const own = visits(raw("all_events r"), gapUs, {
      first: visitColumns,
      pages: visitPages,
      exitHost,
      any: done,
      bounce: visitNumbers,
    });
    const visitRows = withComputed(this.#withNumbers(own), visitValues);
    return sql`select e.*${numbers}${join(values, "")}
  from ${events} e
  join ${visitRows} v on v.visitor_id = e.visitor_id and v.start_us = e.visit_start_us`;
  }

  #visits(event: readonly CheckedFilter[], withEvents: boolean): Sql {
    const { visitColumns, visitValues, visitPages, exitHost, visitNumbers } = this.#plan;
    const meets = event.map((filter) => this.#meets(filter, EVENT_ROW));
    const matched = meets.length > 0 ? { matched: sql`(${join(meets, " and ")})` } : {};
    const inRange = join([this.#inRange(EVENT_ROW), ...meets], " and ");
    const counts = {
      range_events: inRange,
      range_pageviews: sql`${inRange} and event_name = 'pageview'`,
    };
    const rows = visits(raw("all_events r"), this.#query.gapUs, {
      first: visitColumns,
      pages: visitPages,
      exitHost,
      any: { ...this.#done, ...matched },
      bounce: visitNumbers,
      ...(withEvents ? { counts } : {}),
    });
    return withComputed(this.#withNumbers(rows), visitValues);
  }

  /** Visits with the numbers that engagements have a part in. */
  #withNumbers(rows: Sql): Sql {
    if (!this.#plan.visitNumbers) return rows;
    if (!this.#query.engagements) {
      return sql`(select *, ${IS_ENGAGED_BY_VIEWS} as is_engaged from ${rows})`;
    }
    this.#attach();
    return withEngagedVisits(rows, raw("engaged_visits"));
  }

  #withSteps(tagged: Sql): Sql {
    const steps = withSteps(tagged);
    if (!this.#query.engagements) return withPlainPages(sql`(${steps})`);
    this.#attach();
    this.add("placed_events", steps);
    return withEngagedPages(raw("placed_events"), raw("attached"));
  }

  /** Names what engagements say of visits. */
  #attach(): void {
    if (this.#attached) return;
    this.#attached = true;
    const { gapUs } = this.#query;
    this.add("attached", attachedEngagements(raw("all_events"), raw("engagements"), gapUs));
    this.add("engaged_visits", engagedVisits(raw("attached")));
  }

  /** Whether any event of a visit meets what has_done asks about. */
  get #done(): Record<string, Sql> {
    const entries = this.#plan.histories.map((filter, index) =>
      [`done_${index}`, this.#meets(filter, EVENT_ROW)] as const
    );
    return Object.fromEntries(entries);
  }

  #keys(keys: readonly DimensionRef[], shape: RowShape): Sql {
    const columns = keys.map((ref, index) =>
      sql`, ${keyOf(ref, shape, this.#terms)} as ${ident(`k${index}`)}`
    );
    return join(columns, "");
  }

  #meets(filter: CheckedFilter | null, shape: RowShape): Sql {
    return filterSql(filter, shape, this.#terms);
  }

  #and(filters: readonly CheckedFilter[]): Sql {
    return join(filters.map((filter) => sql` and ${this.#meets(filter, VISIT_ROW)}`), "");
  }

  #inRange(shape: RowShape): Sql {
    const { fromUs, toUs } = this.#query.range;
    return shape === EVENT_ROW
      ? sql`r.timestamp >= make_timestamp(${fromUs}) and r.timestamp < make_timestamp(${toUs})`
      : sql`${shape.us} >= ${fromUs} and ${shape.us} < ${toUs}`;
  }

  #startsInRange(us: Sql): Sql {
    const { fromUs, toUs } = this.#query.range;
    return sql`${us} >= ${fromUs} and ${us} < ${toUs}`;
  }
}

/** The events of a relation, and of other ones those of the same visitors. */
export function withTheirOthers(events: Sql, others: Sql): Sql {
  return sql`select * from ${events}
  union all by name
  select * from ${others} where visitor_id in (select visitor_id from ${events})`;
}

/** Adds to events the time of the next event of the visit, and whether its last pageview it is. */
function withSteps(tagged: Sql): Sql {
  // The same order of events of one microsecond as that of entry and exit pages.
  const order = raw("us, hash(event_name, pathname) & 2047");
  return sql`select *,
    lead(us) over (partition by visitor_id, visit_start_us order by ${order}) as next_us,
    event_name = 'pageview' and lead(us) over (
      partition by visitor_id, visit_start_us, event_name = 'pageview' order by ${order}
    ) is null as is_exit
  from (${tagged})`;
}

/** The events of the range that meet the filter, as a relation of stored columns. */
export function matchingEvents(
  query: Query,
  plan: Plan,
  events: Sql | EventsOf,
  columns: readonly EventColumnName[],
): Sql {
  const all = { ...plan, columns: [...new Set([...plan.columns, ...columns])] };
  const relations = new Relations(query, all, events);
  const rows = relations.matchingEvents([], query.filter);
  const wanted = join(columns.map((name) => ident(name)));
  return sql`(${relations.with} select ${wanted} from (${rows}))`;
}
