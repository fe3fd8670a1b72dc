// Web vitals: how pages loaded and responded, as percentiles and as shares of good and poor loads,
// of the whole site and by the values of one dimension.
import type { EventColumnName } from "../../core/event.ts";
import { allOf, isCondition } from "../../../dashboard/grammar/filter.js";
import { DAY_US } from "../../core/durations.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Row } from "../../storage/duckdb.ts";
import { dimensionOf, type DimensionRef, DIMENSIONS } from "../dimensions.ts";
import { ENGAGED_US, isOfVisit } from "../engagement/engagement.ts";
import type { Params } from "../params.ts";
import { dimensionsParam } from "../parse.ts";
import { type CheckedFilter, type Query, queryOf, type ReportRequest } from "../query.ts";
import { filterSql, keyOf, type RowShape } from "../sql/expressions.ts";
import { planOf } from "../sql/plan.ts";
import { Relations } from "../sql/relations.ts";
import { visits } from "../sql/visits.ts";
import { defineReport, type QueryContext } from "./report.ts";

interface Vital {
  readonly column: EventColumnName;
  /** What a stored number is divided by. */
  readonly scale: number;
  /** Up to this a load is good; above `poor` it is poor. */
  readonly good: number;
  readonly poor: number;
}

/** Every vital by its name; the bounds are those that browsers' makers publish. */
export const VITALS = {
  lcp: { column: "lcp_ms", scale: 1, good: 2500, poor: 4000 },
  inp: { column: "inp_ms", scale: 1, good: 200, poor: 500 },
  cls: { column: "cls_ten_thousandths", scale: 10_000, good: 0.1, poor: 0.25 },
  fcp: { column: "fcp_ms", scale: 1, good: 1800, poor: 3000 },
  ttfb: { column: "ttfb_ms", scale: 1, good: 800, poor: 1800 },
} as const satisfies Record<string, Vital>;

/** Name of a vital. */
export type VitalName = keyof typeof VITALS;

/** How good a load is. */
export type Rating = "good" | "needs_improvement" | "poor";

/** One vital: milliseconds, or a layout shift without a unit. Null where nothing was measured. */
export interface VitalNumbers {
  readonly samples: number;
  readonly p50: number | null;
  readonly p75: number | null;
  readonly p95: number | null;
  /** What three of four loads reach: that of p75. */
  readonly rating: Rating | null;
  readonly good: number;
  readonly needs_improvement: number;
  readonly poor: number;
}

/** The answer: the whole site, and the values with most measured loads. */
export interface VitalsAnswer {
  readonly vitals: Readonly<Record<VitalName, VitalNumbers>>;
  readonly rows: readonly {
    readonly value: string;
    /** Measured loads. */
    readonly loads: number;
    readonly vitals: Readonly<Record<VitalName, VitalNumbers>>;
  }[];
}

const NAMES = Object.keys(VITALS) as VitalName[];
const BY_DEFAULT: DimensionRef = "page";
/** A visit lies within as many UTC days. */
const VISIT_DAYS_MAX = 2;

/** A measured load: its page, and where and with what it was seen. */
const LOAD_ROW: RowShape = {
  own: (name) => sql`r.${ident(name)}`,
  visit: (name) => sql`r.${ident(name)}`,
  us: sql`epoch_us(r.timestamp)`,
};

/** Whether a measured load has a value of the dimension. */
function isOfLoads(ref: DimensionRef): boolean {
  const { group, expr, computed } = dimensionOf(ref);
  return ["pages", "locations", "devices"].includes(group) && expr !== undefined && !computed;
}

/** What the conditions of a part of a filter are about. */
function subjectsOf(part: CheckedFilter): ReadonlySet<"load" | "visit"> {
  if (isCondition(part)) {
    const { dimension } = part;
    const isOwn = isOfLoads(dimension) || dimensionOf(dimension).of === "time";
    return new Set([isOwn ? "load" : "visit"]);
  }
  if (part.op === "has_done" || part.op === "has_not_done") return new Set(["visit"]);
  return new Set(part.of.flatMap((inner) => [...subjectsOf(inner)]));
}

/** A filter in two: on loads themselves, and on the visits that they belong to. */
interface Parts {
  readonly ofLoads: CheckedFilter | null;
  readonly ofVisits: CheckedFilter | null;
}

/** The parts of a filter; null where one choice is about both. */
function partsOf(filter: CheckedFilter | null): Parts | null {
  const all = filter === null ? [] : conjunctsOf(filter);
  const of = (subject: "load" | "visit") => all.filter((part) => subjectsOf(part).has(subject));
  const [ofLoads, ofVisits] = [of("load"), of("visit")];
  if (ofLoads.length + ofVisits.length > all.length) return null;
  return { ofLoads: allOf(ofLoads), ofVisits: allOf(ofVisits) };
}

function conjunctsOf(filter: CheckedFilter): readonly CheckedFilter[] {
  return !isCondition(filter) && filter.op === "and" ? filter.of.flatMap(conjunctsOf) : [filter];
}

function parseVitals(params: Params, { filter }: ReportRequest): DimensionRef {
  const [by = BY_DEFAULT] = dimensionsParam(params, "by", 1);
  const known = Object.keys(DIMENSIONS).filter((name) => isOfLoads(name as DimensionRef));
  if (!isOfLoads(by)) params.fault(`Cannot read by: "${by}" is not one of ${known.join(", ")}`);
  if (partsOf(filter) === null) {
    params.fault(
      `Cannot filter web vitals: one choice is about loads of pages (${known.join(", ")}) and ` +
        "about visits or events; join them with and",
    );
  }
  return by;
}

async function queryVitals(
  request: ReportRequest,
  by: DimensionRef,
  context: QueryContext,
): Promise<VitalsAnswer> {
  const { range, limit, offset } = request;
  const parts = partsOf(request.filter) ?? { ofLoads: null, ofVisits: null };
  const chosen = parts.ofVisits && visitsQuery(request, parts.ofVisits);
  const span = chosen ? planOf(chosen).span : range;
  const rows = range.fromUs >= range.toUs ? [] : await context.rows(span, (events, engagements) => {
    if (!engagements) return sql`select 1 where false`;
    const terms = { ...request, ownColumns: true };
    const isMeasured = join(
      NAMES.map((name) => sql`r.${ident(VITALS[name].column)} is not null`),
      " or ",
    );
    const measured = engagements(range);
    const [start, source] = chosen
      ? loadsOfVisits({ ...chosen, engagements }, events, measured)
      : [raw("with "), measured];
    return sql`${start}loads as materialized (
        select ${keyOf(by, LOAD_ROW, terms)} as value,
          ${join(NAMES.map((name) => sql`r.${ident(VITALS[name].column)} as ${ident(name)}`))}
        from ${source} r
        where (${isMeasured}) and ${filterSql(parts.ofLoads, LOAD_ROW, terms)}
      )
      select 0 as level, null as value, count(*) as loads, ${NUMBERS} from loads
      union all
      (
        select 1 as level, value, count(*) as loads, ${NUMBERS} from loads
        group by value order by loads desc, value limit ${limit} offset ${offset}
      )
      order by level, loads desc, value`;
  });
  return answerOf(rows);
}

/** The query of the visits that loads of the range may belong to: they may begin before it. */
function visitsQuery(request: ReportRequest, filter: CheckedFilter): Query {
  const { fromUs, toUs } = request.range;
  const range = { fromUs: fromUs - VISIT_DAYS_MAX * DAY_US, toUs, dates: null };
  return queryOf({ ...request, range, filter }, { metrics: ["visits"] });
}

/** The start of a statement with the loads of matching visits, and their relation. */
function loadsOfVisits(query: Query, events: Sql, measured: Sql): readonly [start: Sql, Sql] {
  const { gapUs } = query;
  const plan = planOf(query);
  const relations = new Relations(query, plan, events);
  const matching = relations.matchingVisits([]);
  const start = ident(plan.split ? "start_us" : "visit_start_us");
  return [
    sql`${relations.with}, matching as materialized (
        select visitor_id, ${start} as start_us from (${matching})
      ), of_visits as (
        select e.* from (
          select *, epoch_us(timestamp) as us, ${ENGAGED_US} as engaged_us from ${measured}
        ) e
        asof join ${visits(raw("all_events r"), gapUs)} v
          on v.visitor_id = e.visitor_id and e.us >= v.start_us
        semi join matching m on m.visitor_id = e.visitor_id and m.start_us = v.start_us
        where ${isOfVisit(gapUs)}
      ), `,
    raw("of_visits"),
  ];
}

function answerOf([whole, ...values]: readonly Row[]): VitalsAnswer {
  return {
    vitals: vitalsOf(whole ?? {}),
    rows: values.map((row) => ({
      value: String(row["value"]),
      loads: Number(row["loads"]),
      vitals: vitalsOf(row),
    })),
  };
}

/** Percentiles lie between the two nearest values, in proportion. */
const NUMBERS: Sql = join(NAMES.map((name) => {
  const { good, poor, scale } = VITALS[name];
  const as = (what: string) => ident(`${name}_${what}`);
  const at = (share: number) => sql`quantile_cont(${ident(name)}, ${raw(String(share))})`;
  return sql`count(${ident(name)}) as ${as("samples")}, ${at(0.5)} as ${as("p50")},
        ${at(0.75)} as ${as("p75")}, ${at(0.95)} as ${as("p95")},
        count(*) filter (where ${ident(name)} <= ${good * scale}) as ${as("good")},
        count(*) filter (where ${ident(name)} > ${poor * scale}) as ${as("poor")}`;
}));

function vitalsOf(row: Row): VitalsAnswer["vitals"] {
  const of = (name: VitalName): VitalNumbers => {
    const number = (what: string) => {
      const value = row[`${name}_${what}`];
      return typeof value === "number" ? value : null;
    };
    const scaled = (what: string) => {
      const value = number(what);
      return value === null ? null : value / VITALS[name].scale;
    };
    const [samples, good, poor] = [number("samples"), number("good"), number("poor")];
    return {
      samples: samples ?? 0,
      p50: scaled("p50"),
      p75: scaled("p75"),
      p95: scaled("p95"),
      rating: ratingOf(scaled("p75"), VITALS[name]),
      good: good ?? 0,
      needs_improvement: (samples ?? 0) - (good ?? 0) - (poor ?? 0),
      poor: poor ?? 0,
    };
  };
  return { lcp: of("lcp"), inp: of("inp"), cls: of("cls"), fcp: of("fcp"), ttfb: of("ttfb") };
}

function ratingOf(p75: number | null, { good, poor }: Vital): Rating | null {
  if (p75 === null) return null;
  return p75 <= good ? "good" : p75 <= poor ? "needs_improvement" : "poor";
}

/** `GET /api/stats/vitals`. */
export const VITALS_REPORT = defineReport({
  label: "Web vitals",
  doc: "percentiles of LCP, INP, CLS, FCP and TTFB, whole and by a dimension of pages, places or " +
    "devices",
  heavy: false,
  params: {
    by: { required: false, doc: `a dimension of pages, places or devices; \`${BY_DEFAULT}\`` },
  },
  parse: parseVitals,
  run: queryVitals,
});
