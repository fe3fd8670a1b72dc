// A query as one statement over the stored visits of closed days and events of the others: whatever
// filters and splits by values of visits, and by page, name and host of their events. Pure.
import { conditionsOf, isCondition } from "../../../dashboard/grammar/filter.js";
import { DAY_US } from "../../core/durations.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Sources } from "../../storage/reader.ts";
import type { EventsOf } from "../../storage/tiers/event_rows.ts";
import type { DimensionRef } from "../dimensions.ts";
import { type AggregateName, metricOf } from "../metrics.ts";
import type { CheckedFilter, Query } from "../query.ts";
import { isOfDays } from "../rollups/shapes.ts";
import type { VisitSplit } from "../rollups/split.ts";
import { finished, groupBy, mergedOf } from "./build.ts";
import { levelOf, type Plan } from "./plan.ts";
import { basesOf } from "../rollups/rolled.ts";
import {
  eventRows,
  KEPT,
  laterRows,
  laterVisitors,
  OF_VISITS,
  PARTS,
  storedRows,
  storedVisits,
  visitorRows,
} from "./stored_rows.ts";

/** Whether stored visits hold all that a query asks about. */
export function isOfVisits(query: Query, plan: Plan): boolean {
  const bases = query.metrics.map((name) => metricOf(name).base);
  const isKept = (ref: DimensionRef) =>
    isOfDays(ref) || PARTS.has(ref) ||
    (KEPT.has(ref) && levelOf(ref, query.ownColumns) === "visit");
  return plan.aggregates.length > 0 && !plan.money && !bases.includes("goalless_group") &&
    plan.aggregates.every((name) => name in OF_VISITS) &&
    query.dimensions.every(isKept) && isOfKept(query.filter, query);
}

function isOfKept(filter: CheckedFilter | null, query: Query): boolean {
  if (filter === null) return true;
  if (!isCondition(filter)) {
    const isHistory = filter.op === "has_done" || filter.op === "has_not_done";
    return !isHistory && filter.of.every((part) => isOfKept(part, query));
  }
  if (filter.dimension === "goal") return query.goals.every((goal) => isOfKept(goal.filter, query));
  return KEPT.has(filter.dimension) || PARTS.has(filter.dimension);
}

/** Whether a query reads the referrers of visits, which strangers do not see. */
export function readsReferrers({ dimensions, filter }: Query): boolean {
  const refs = [...dimensions, ...conditionsOf(filter).map(({ dimension }) => dimension)];
  return refs.includes("referrer") || refs.includes("referrer_host");
}

/** The statement; its columns are those of `buildQuery`. `paths` are files on disk. */
export function buildOfVisits(
  query: Query,
  plan: Plan,
  split: VisitSplit,
  { events, rows }: Pick<Sources, "events" | "rows">,
  paths: readonly string[],
): Sql {
  const counts = (query: Query, aggregates: readonly AggregateName[]) =>
    countsOf(query, aggregates, split, events, paths);
  const merged = mergedOf(query, plan, counts(query, plan.aggregates), null);
  const later = laterVisitors(split.recent, plan.span, rows);
  return finished(
    query,
    plan,
    sql`with ${later}${merged}`,
    basesOf(query, (whole) => counts(whole, ["visitors"])),
  );
}

/**
 * The visitors of the stored visits that meet the filter, as a relation of visitor_id and
 * timestamp: one row for each visitor and day, at least, at noon of the day.
 */
export function visitorsOfDays(query: Query, split: VisitSplit, paths: readonly string[]): Sql {
  const daily: Query = { ...query, dimensions: ["day"] };
  const stored = storedVisits({ ...split, recent: null }, paths);
  const rows = join(storedRows(daily, ["visitors"], stored, split), "");
  const noons = split.days.map(({ day, startUs }) => ({
    day: day * DAY_US,
    us: startUs + DAY_US / 2,
  }));
  const [first] = noons;
  const laterUs = first ? first.us - first.day : 0;
  if (noons.every(({ day, us }) => us - day === laterUs)) {
    return sql`select visitor_id, make_timestamp(k0 + ${laterUs}) as timestamp from (${rows})`;
  }
  const places = noons.map(({ day, us }) => raw(`(${day}, ${us})`));
  return sql`select r.visitor_id, make_timestamp(d.us) as timestamp
    from (${rows}) r
    join (values ${join(places)}) d(k0, us) using (k0)`;
}

/** One row per combination of keys, with the aggregates. */
function countsOf(
  query: Query,
  aggregates: readonly AggregateName[],
  split: VisitSplit,
  events: EventsOf,
  paths: readonly string[],
): Sql {
  const keys = query.dimensions.map((_, index) => ident(`k${index}`));
  const parts = [
    ...storedRows(query, aggregates, storedVisits(split, paths), split),
    ...split.events.map((range) => eventRows(query, aggregates, range, () => events)),
    ...(split.recent ? laterRows(query, aggregates, split.recent, events) : []),
  ];
  const sums = aggregates.map((name) =>
    sql`coalesce(sum(${ident(name)}), 0)::bigint as ${ident(name)}`
  );
  const rows = aggregates.includes("visitors")
    ? visitorRows(query, aggregates, parts)
    : join(parts, "\n  union all by name\n  ");
  return sql`select ${join([...keys, ...sums])} from (
    ${rows}
  )${groupBy(keys)}`;
}
