// What a query is answered from: sums of closed days, their visits, or events. The
// choice is made here alone. Pure.
import type { EventColumnName } from "../../core/event.ts";
import type { Range } from "../../core/period.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Sources } from "../../storage/reader.ts";
import type { EventsOf } from "../../storage/tiers/event_rows.ts";
import { type AggregateName, metricOf } from "../metrics.ts";
import { type Query, queryOf } from "../query.ts";
import { reachOf, rulesText } from "../rollups/rules.ts";
import { shapesOfEach, sumsOfDays } from "../rollups/day_sums.ts";
import {
  dayAround,
  overlapsOf,
  type Recent,
  type Split,
  type SplitBy,
  splitOf,
  type VisitSplit,
  visitSplitOf,
} from "../rollups/split.ts";
import type { SiteRollups } from "../../storage/state/ops/rollup_ops.ts";
import { PART_DIMENSIONS } from "../rollups/day_tables.ts";
import type { PartValue } from "../steps.ts";
import { buildLists, recentListsOf } from "../lists/build_lists.ts";
import { buildQuery, paidRows } from "./build.ts";
import { type Plan, planOf } from "./plan.ts";
import { matchingEvents } from "./relations.ts";
import { propKeys, splitPropKeys } from "../rollups/prop_keys.ts";
import type { RecentSums } from "../rollups/recent_sums.ts";
import { buildRolled, rolledShape } from "../rollups/rolled.ts";
import {
  eventRows,
  hasValue,
  holdEvents,
  laterRows,
  laterVisitors,
  storedEvents,
  storedRows,
  storedVisits,
  visitsWithin,
} from "./stored_rows.ts";
import { buildOfVisits, isOfVisits, readsReferrers, visitorsOfDays } from "./visit_rows.ts";

/** Rows in files of which lists are made together: each becomes one for each list. */
const LIST_EVENTS_MAX = 50_000;
const UNION = "\n  union all\n  ";

/** What the choice depends on beside the query. */
export interface StatementContext {
  /** For how many UTC days a visitor id of the site lasts. */
  readonly idDays: number;
  /** Whether the caller may see what a public site shows only. */
  readonly isPublicOnly: boolean;
  /** Whether sums do not answer filters, as several values of them met one; no when missing. */
  readonly avoidsSums?: boolean;
}

/**
 * The statement of a query over what can be read now. `recent` are the visits that no file holds
 * yet, if they are known.
 */
export function statementOf(
  asking: Query,
  plan: Plan,
  sources: Sources,
  asked: StatementContext,
  recent: Recent | null = null,
): Sql {
  const keyed = { events: withVisitorKeys(sources.events), rows: withVisitorKeys(sources.rows) };
  const query = withEngagements(asking, sources.engagements);
  const { rollupFile, sums } = sources;
  const site = rollupsFor(query, sources, asked);
  if (site && (site.days.length > 0 || recent)) {
    const by = splitBy(query, site, sources.hotFromUs, asked.idDays);
    const mayAdd = query.filter === null || !asked.avoidsSums;
    const shape = mayAdd ? rolledShape(query, plan) : undefined;
    const isCounted = !by.isKeyed || !countsVisitorsOfDays(query, plan);
    const isStored = isOfVisits(query, plan);
    const known = isStored ? recent : null;
    const split = shape && isCounted ? splitOf(query.range, site, by, known) : null;
    if (shape && split) {
      return buildRolled(query, plan, shape, split, { ...keyed, sums });
    }
    const visits = isStored ? visitSplitOf(query.range, site, by, known) : null;
    if (visits) return buildOfVisits(query, plan, visits, keyed, visits.paths.map(rollupFile));
  }
  return buildQuery(query, plan, keyed.events);
}

/** What lists can be answered from beside closed days. */
export interface ListsContext {
  readonly recent: Recent | null;
  /** The sums of some lists over recent visits from a day on; null where they are not made yet. */
  readonly recentSums: RecentSums["find"];
  /** How many rows files hold of a range. */
  readonly rowsBetween: (range: Range) => number;
}

/**
 * The statement of several lists of one site and range, see `isList`, or null where each is to be
 * asked by itself.
 */
export function listsStatementOf(
  queries: readonly [Query, ...Query[]],
  sources: Sources,
  asked: StatementContext,
  { recent, recentSums, rowsBetween }: ListsContext,
): Sql | null {
  const [first] = queries;
  const isHeld = queries.every((query) => rollupsFor(query, sources, asked) !== null);
  const site = isHeld ? sources.rollups : null;
  const by = site && splitBy(first, site, sources.hotFromUs, asked.idDays);
  const sums = site && by && !by.isKeyed ? splitOf(first.range, site, by, recent) : null;
  const split = sums ?? splitOfEvents(first.range);
  if (split.events.some((part) => rowsBetween(part) > LIST_EVENTS_MAX)) return null;
  const keyed = { events: withVisitorKeys(sources.events), rows: withVisitorKeys(sources.rows) };
  const lists = split.recent && recentSums(recentListsOf(queries), split.recent.first);
  if (split.recent && !lists) return null;
  return buildLists(queries, split, { ...keyed, sums: sources.sums }, lists);
}

/**
 * The visitors of events that meet a query's filter, and when: a relation of visitor_id (a number)
 * and timestamp. It holds each visitor on the right local days, and on the right side of `cutUs`,
 * but not every event.
 */
export function visitorDaysOf(
  query: Query,
  cutUs: number,
  sources: Pick<Sources, "rollups" | "rollupFile" | "hotFromUs">,
  events: EventsOf,
  asked: StatementContext,
): Sql {
  const ofEvents = (range: Range) => {
    const own: Query = { ...query, range };
    const plan = planOf(own);
    return matchingEvents(own, plan, withVisitorKeys(events), ["visitor_id", "timestamp"]);
  };
  const split = splitOfVisits(query, sources, asked);
  const isCut = split?.days.some((day) => day.startUs < cutUs && cutUs < day.endUs) ?? true;
  if (!split || isCut) return ofEvents(query.range);
  const paths = split.paths.map((path) => sources.rollupFile(path));
  const parts = split.events.map((range) => sql`select * from ${ofEvents(range)}`);
  const all = [visitorsOfDays(query, split, paths), ...parts];
  return sql`(${join(all, UNION)})`;
}

/** The events of a query that meet its filter. */
export interface MatchingEvents {
  /** A relation of stored columns. */
  readonly events: Sql;
  /** The number of their visitors, as a scalar; null where only the events tell it. */
  readonly visitors: (() => Sql) | null;
}

/** Which of the events are needed; others may be left out where that saves time. */
export interface NeededEvents {
  /** Those with one of these values, or all of the visitors who have one. */
  readonly of: "visits" | "visitors";
  readonly values: readonly PartValue[];
}

/** To look for more values in the lists of visits takes longer than to read all. */
const VALUES_MAX = 3;

/** The events of a query that meet its filter, with these columns. */
export function eventsOf(
  query: Query,
  columns: readonly EventColumnName[],
  sources: Sources,
  asked: StatementContext,
  needed: NeededEvents | null = null,
): MatchingEvents {
  const ofRange = (range: Range) => {
    const own: Query = { ...query, range };
    return matchingEvents(own, planOf(own), withVisitorKeys(sources.events), columns);
  };
  const split = holdEvents(query, columns) ? splitOfVisits(query, sources, asked) : null;
  if (!split) return { events: ofRange(query.range), visitors: null };
  const paths = split.paths.map((path) => sources.rollupFile(path));
  const stored = storedVisits(split, paths);
  const which = needed && isNeeded(query, needed, stored, split.events, sources);
  const parts = [
    storedEvents(query, columns, stored, which),
    ...split.events.map((range) => sql`select * from ${ofRange(range)}`),
  ];
  return {
    events: sql`(${join(parts, UNION)})`,
    visitors: () => visitorsOf(query, sources, asked),
  };
}

/** A condition on a stored visit `r`: whether it may hold needed events. Null for every one. */
function isNeeded(
  query: Query,
  { of, values }: NeededEvents,
  stored: Sql,
  others: readonly Range[],
  { events }: Pick<Sources, "events">,
): Sql | null {
  if (values.length > VALUES_MAX) return null;
  const has = hasValue(values);
  if (of === "visits") return has;
  const meets = join(
    values.map(({ ref, value }) => sql`${ident(PART_DIMENSIONS[ref])} = ${value}`),
    " or ",
  );
  const columns = ["visitor_id", "event_name", "pathname"] as const;
  const visitors = others.map((range) => {
    const own: Query = { ...query, range };
    const rows = matchingEvents(own, planOf(own), withVisitorKeys(events), columns);
    return sql`select visitor_id from ${rows} where ${meets}`;
  });
  const all = [sql`select r.visitor_id from ${stored} r where ${has}`, ...visitors];
  return sql`r.visitor_id in (${join(all, UNION)})`;
}

/** The number of visitors of a query as a scalar: without a filter from sums, if they hold it. */
function visitorsOf(query: Query, sources: Sources, asked: StatementContext): Sql {
  const own = queryOf(query, { metrics: ["visitors"] });
  const statement = statementOf(own, planOf(own), sources, { ...asked, avoidsSums: true });
  return sql`(select visitors from (${statement}))`;
}

/**
 * The visitors of each key of custom properties that the events of a query have: a relation of
 * value and visitors, of which a value may have several rows.
 */
export function propKeysOf(query: Query, sources: Sources, asked: StatementContext): Sql {
  const columns = ["visitor_id", "props"] as const;
  const site = query.filter === null ? rollupsFor(query, sources, asked) : null;
  const by = site && splitBy(query, site, sources.hotFromUs, asked.idDays);
  const split = site && by && !by.isKeyed ? splitOf(query.range, site, by) : null;
  const ofRange = (range: Range) => {
    const own: Query = { ...query, range };
    return matchingEvents(own, planOf(own), withVisitorKeys(sources.events), columns);
  };
  if (!split) {
    return sql`(select key as value, count(distinct visitor_id) as visitors
from ${propKeys(ofRange(query.range))}
group by key)`;
  }
  return splitPropKeys(split, ofRange, sources.sums);
}

/**
 * The visitors of a query as relations of its keys, visitor_id (a number) and aggregates, of which
 * a visitor may have several rows, and one that it lacks is NULL.
 */
export interface VisitorRows {
  /** Instead of those of closed days what these add up to by each key alone: `sumsOfDays`. */
  readonly sums: Sql | null;
  /** Rows of those days, as `stored`, of every visitor who may be in the other rows, too. */
  readonly known: Sql | null;
  /** From stored visits: a key that has no value is NULL. */
  readonly stored: Sql | null;
  /** From events. */
  readonly fromEvents: Sql | null;
  /** Named relations that both read, each with a comma after it; or nothing. */
  readonly named: Sql;
}

/** The visitors of a query: from sums or stored visits where these hold all of it, else events. */
export function visitorRowsOf(
  asking: Query,
  counted: readonly AggregateName[],
  sources: Sources,
  asked: StatementContext,
  recent: Recent | null = null,
): VisitorRows {
  const aggregates = [...new Set<AggregateName>(["visitors", ...counted])];
  const keyed = withVisitorKeys(sources.events);
  const query = withEngagements(asking, sources.engagements);
  const split = splitOfVisits(query, sources, asked, recent);
  const ofRange = (range: Range) => eventRows(query, aggregates, range, () => keyed);
  const none = { sums: null, known: null, stored: null, named: raw("") };
  if (!split) return { ...none, fromEvents: ofRange(query.range) };
  const rowsOf = (visits: Sql) => storedRows(query, aggregates, visits, split, true);
  const visitsOf = (own: VisitSplit) => {
    const paths = own.paths.map((path) => sources.rollupFile(path));
    return rowsOf(storedVisits(own, paths));
  };
  const added = sumsOf(query, counted, split, sources, asked);
  const visits = added ? { ...split, paths: [] } : split;
  const within = partsOfDays(query, split, sources, asked);
  const stored = [
    ...(visits.paths.length > 0 || visits.recent ? visitsOf(visits) : []),
    ...within.visits.flatMap(rowsOf),
  ];
  const known = added?.overlaps.flatMap((days) => visitsOf({ ...split, ...days, recent: null }));
  const fromEvents = [
    ...within.events.map(ofRange),
    ...(split.recent ? laterRows(query, aggregates, split.recent, keyed) : []),
  ];
  return {
    sums: added?.sums ?? null,
    known: unionOf(known ?? []),
    stored: unionOf(stored),
    fromEvents: unionOf(fromEvents),
    named: laterVisitors(split.recent, planOf(query).span, withVisitorKeys(sources.rows)),
  };
}

/** The rest of a range, as visits of the closed day that a part of it is of, or as events. */
function partsOfDays(
  query: Query,
  split: VisitSplit,
  sources: Sources,
  asked: StatementContext,
): { readonly visits: readonly Sql[]; readonly events: readonly Range[] } {
  const site = rollupsFor(query, sources, asked);
  if (!site || query.filter !== null) return { visits: [], events: split.events };
  const by = splitBy(query, site, sources.hotFromUs, asked.idDays);
  const visits: Sql[] = [];
  const events = split.events.filter((range) => {
    const day = dayAround(range, site, by);
    if (day) visits.push(visitsWithin(day.day, range, sources.rollupFile(day.visitsPath)));
    return !day;
  });
  return { visits, events };
}

/** What the days of a split add up to, if that is kept, and those that tell who else is there. */
function sumsOf(
  query: Query,
  aggregates: readonly AggregateName[],
  split: VisitSplit,
  sources: Sources,
  asked: StatementContext,
) {
  const site = rollupsFor(query, sources, asked);
  const shapes = shapesOfEach(query, aggregates);
  if (!site || !shapes || split.days.length === 0) return null;
  const by = splitBy(query, site, sources.hotFromUs, asked.idDays);
  const overlaps = aggregates.includes("visitors") ? overlapsOf(query.range, split, site, by) : [];
  if (!overlaps) return null;
  return { overlaps, sums: sumsOfDays(shapes, aggregates, split, sources.sums) };
}

/** The events of a query that have revenue, as `paidRows`; of other visitors nothing is read. */
export function paidRowsOf(query: Query, events: EventsOf): Sql {
  const keyed = withVisitorKeys(events);
  const plan = planOf(query);
  const paying = sql`select visitor_id from ${
    keyed(plan.span, ["visitor_id", "revenue_amount"])
  } where revenue_amount is not null`;
  return paidRows(
    query,
    plan,
    (span, columns) => sql`(${keyed(span, columns)} semi join (${paying}) using (visitor_id))`,
  );
}

/** All of some statements as one; null without any. */
function unionOf(parts: readonly Sql[]): Sql | null {
  return parts.length > 0 ? join(parts, "\n  union all by name\n  ") : null;
}

/** All of a range from events. */
function splitOfEvents(range: Range): Split {
  return { events: [range], terms: [], paths: [], edge: null, recent: null, firstLocalDay: 0 };
}

/** The rollups that may answer a query. */
function rollupsFor(
  query: Query,
  { rollups }: Pick<Sources, "rollups">,
  { isPublicOnly }: StatementContext,
): SiteRollups | null {
  // They hold whole referrers.
  return isPublicOnly && readsReferrers(query) ? null : rollups;
}

/** The days whose stored visits answer a query, and what of `recent` does. */
function splitOfVisits(
  query: Query,
  sources: Pick<Sources, "rollups" | "hotFromUs">,
  asked: StatementContext,
  recent: Recent | null = null,
): VisitSplit | null {
  const site = rollupsFor(query, sources, asked);
  if (!site || !isOfVisits(query, planOf(query))) return null;
  const by = splitBy(query, site, sources.hotFromUs, asked.idDays);
  return visitSplitOf(query.range, site, by, recent);
}

function splitBy(
  { zone, gapUs }: Query,
  { reachDays }: SiteRollups,
  hotFromUs: number,
  idDays: number,
): SplitBy {
  const reach = reachOf(idDays, reachDays);
  return { rules: rulesText(zone, gapUs, reach), zone, idDays, hotFromUs, isKeyed: reach === null };
}

/** Whether visitors of several days are counted as one. */
function countsVisitorsOfDays({ dimensions, metrics }: Query, { aggregates }: Plan): boolean {
  const isShare = metrics.some((name) => metricOf(name).base !== undefined);
  return isShare || (aggregates.includes("visitors") && !dimensions.includes("day"));
}

/**
 * Events whose visitor id is a number of 64 bits instead of a text of 64 digits: a query groups by
 * it several times, and shows it nowhere.
 */
export function withVisitorKeys(events: EventsOf): EventsOf {
  return (span, columns) =>
    sql`(select * replace (hash(visitor_id)::ubigint as visitor_id) from ${events(span, columns)})`;
}

function withEngagements(query: Query, engagements: EventsOf | null): Query {
  return engagements ? { ...query, engagements: withVisitorKeys(engagements) } : query;
}
