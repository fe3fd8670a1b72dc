// Which relations a query needs: events alone, visits alone, or each event with its visit. The
// rule how filters apply across the two is defined here alone. Pure.
//
// An event meets a filter by its own values and those of its visit. A visit meets it when at least
// one of its events does. has_done is a value of the visit: whether any event of it meets a filter.
import { conditionsOf, isCondition } from "../../../dashboard/grammar/filter.js";
import type { EventColumnName } from "../../core/event.ts";
import type { SpanUs } from "../../storage/tiers/event_rows.ts";
import { dimensionOf, type DimensionRef } from "../dimensions.ts";
import { type Aggregate, type AggregateName, AGGREGATES, metricOf } from "../metrics.ts";
import type { CheckedFilter, Query } from "../query.ts";
import { visitSpan, visitSpanOfEvents } from "./visits.ts";

/** A filter as conjunctions about events and about visits, where it can be taken apart so. */
export interface Split {
  readonly event: readonly CheckedFilter[];
  readonly visit: readonly CheckedFilter[];
}

/** How a query is answered. */
export interface Plan {
  /** events: no visits needed; visits: one row per visit answers all; joined: both, by keys. */
  readonly form: "events" | "visits" | "joined";
  readonly aggregates: readonly AggregateName[];
  /** The filter taken apart; null when a condition mixes events and visits. */
  readonly split: Split | null;
  /** Whether events need the values of their visit. */
  readonly tagged: boolean;
  /** Whether a visit's own numbers are needed: its length, its pageviews, its bounce. */
  readonly visitNumbers: boolean;
  /** Whether events need their place in the visit. */
  readonly steps: boolean;
  readonly money: boolean;
  /** Stored columns to read. */
  readonly columns: readonly EventColumnName[];
  /** Columns of a visit's first event. */
  readonly visitColumns: readonly EventColumnName[];
  /** Computed dimensions of the visit, made from its visitColumns. */
  readonly visitValues: readonly DimensionRef[];
  /** Computed dimensions of each event, made from its own columns. */
  readonly ownValues: readonly DimensionRef[];
  readonly visitPages: boolean;
  /** Whether the host of the exit page is read. */
  readonly exitHost: boolean;
  /** What has_done and has_not_done ask about. */
  readonly histories: readonly CheckedFilter[];
  readonly span: SpanUs;
}

/** Plans a query. */
export function planOf(query: Query): Plan {
  const metrics = query.metrics.map(metricOf);
  const aggregates = [...new Set(metrics.flatMap((metric) => metric.needs))];
  const rows: Aggregate[] = aggregates.map((name) => AGGREGATES[name]);
  const keys = query.dimensions.map((ref) => ({ ref, of: levelOf(ref, query.ownColumns) }));
  const conditions = conditionRefs(query);
  const histories = historiesOf(query.filter);
  const visitRefs = [
    ...keys.filter(({ of }) => of === "visit").map(({ ref }) => ref),
    ...conditions.filter((ref) => levelOf(ref, false) === "visit"),
  ];
  const ofVisits = visitRefs.length > 0 || histories.length > 0;
  const split = splitFilter(query);
  const steps = rows.some((row) => row.steps === true);
  const money = metrics.some((metric) => metric.money !== undefined);
  const needsVisits = rows.some((row) => row.of === "visit");
  const based = metrics.some((metric) => metric.base !== undefined);
  const onVisits = split !== null && !steps && !money && !based &&
    keys.every(({ of }) => of === "visit");
  const form = !ofVisits && !needsVisits && !steps ? "events" : onVisits ? "visits" : "joined";
  const eventRefs = [...query.dimensions, ...conditions];
  return {
    form,
    aggregates,
    split,
    tagged: ofVisits || steps || split === null ||
      (needsVisits && keys.some(({ of }) => of === "event")),
    visitNumbers: rows.some((row) => row.ofVisitNumbers === true),
    steps,
    money,
    columns: columnsOf(eventRefs, money, rows.some((row) => row.ofVisitNumbers === true)),
    visitColumns: [...new Set(visitRefs.flatMap((ref) => dimensionOf(ref).columns))],
    visitValues: computedOf(visitRefs),
    ownValues: computedOf(keys.filter(({ of }) => of === "event").map(({ ref }) => ref)),
    visitPages: visitRefs.some((ref) => ref === "entry_page" || ref === "exit_page"),
    exitHost: visitRefs.includes("exit_hostname"),
    histories,
    span: spanOf(query, form, ofVisits || steps),
  };
}

function computedOf(refs: readonly DimensionRef[]): DimensionRef[] {
  return [...new Set(refs)].filter((ref) => dimensionOf(ref).computed);
}

/** Whose value a dimension is in this query. */
export function levelOf(ref: DimensionRef, ownColumns: boolean): "event" | "visit" | "time" {
  const dimension = dimensionOf(ref);
  return dimension.of === "visit" && ownColumns && dimension.expr ? "event" : dimension.of;
}

/** What each has_done and has_not_done of a filter asks about. */
function historiesOf(filter: CheckedFilter | null): CheckedFilter[] {
  if (!filter || isCondition(filter)) return [];
  if (filter.op === "has_done" || filter.op === "has_not_done") return [filter.of[0]];
  return filter.of.flatMap(historiesOf);
}

/** Every dimension that the filter, or a goal that it or the query names, mentions. */
function conditionRefs(query: Query): DimensionRef[] {
  const named = conditionsOf(query.filter).map(({ dimension }) => dimension);
  return query.dimensions.includes("goal") || named.includes("goal")
    ? [...named, ...goalRefs(query)]
    : named;
}

/** Dimensions that the definitions of the goals mention. */
function goalRefs(query: Query): DimensionRef[] {
  return query.goals.flatMap((goal) => conditionsOf(goal.filter)).map(({ dimension }) => dimension);
}

function columnsOf(
  refs: readonly DimensionRef[],
  money: boolean,
  visitNumbers: boolean,
): EventColumnName[] {
  return [
    ...new Set<EventColumnName>([
      "visitor_id",
      "timestamp",
      "event_name",
      "pathname",
      ...refs.flatMap((ref) => dimensionOf(ref).columns),
      ...(money ? ["revenue_amount", "revenue_currency"] as const : []),
      ...(visitNumbers ? ["interactive"] as const : []),
    ]),
  ];
}

function spanOf({ range, gapUs }: Query, form: Plan["form"], ofEvents: boolean): SpanUs {
  if (form === "events") return { fromUs: range.fromUs, toUs: range.toUs };
  return ofEvents ? visitSpanOfEvents(range) : visitSpan(range, gapUs);
}

/** Takes a filter apart into what concerns events and what concerns visits. */
export function splitFilter(query: Query): Split | null {
  const { filter } = query;
  if (!filter) return { event: [], visit: [] };
  const parts = !isCondition(filter) && filter.op === "and" ? filter.of : [filter];
  const event: CheckedFilter[] = [];
  const visit: CheckedFilter[] = [];
  for (const part of parts) {
    const scopes = new Set(scopesOf(query, part));
    if (!scopes.has("event")) visit.push(part);
    else if (scopes.size === 1) event.push(part);
    else return null;
  }
  return { event, visit };
}

function scopesOf(query: Query, filter: CheckedFilter): ("event" | "visit")[] {
  if (!isCondition(filter)) {
    if (filter.op === "has_done" || filter.op === "has_not_done") return ["visit"];
    return filter.of.flatMap((part) => scopesOf(query, part));
  }
  const ref = filter.dimension;
  return [ref, ...(ref === "goal" ? goalRefs(query) : [])].map((name) =>
    levelOf(name, false) === "visit" ? "visit" : "event"
  );
}
