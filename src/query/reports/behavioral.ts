// What the behavioral reports share: parameters, goals as steps, and events of the range beside the
// same events with a dimension's value.
import type { EventColumnName } from "../../core/event.ts";
import { bucketsOf } from "../../core/period.ts";
import { type Interval, INTERVALS } from "../../../dashboard/grammar/period.js";
import { ident, join, type Sql, sql } from "../../core/sql.ts";
import type { Row } from "../../storage/duckdb.ts";
import { changeOf } from "../compare.ts";
import type { DimensionRef } from "../dimensions.ts";
import type { Params } from "../params.ts";
import { dimensionRef } from "../parse.ts";
import { planOf } from "../sql/plan.ts";
import { queryOf, type ReportRequest } from "../query.ts";
import { Relations } from "../sql/relations.ts";
import type { NeededEvents } from "../sql/statement.ts";
import type { Changes, QueryContext } from "./report.ts";
import type { Step } from "../steps.ts";

/** The text of a parameter that must be there. Notes a fault when it is missing. */
export function required(params: Params, name: string, example: string): string | undefined {
  const text = params.text(name);
  if (text === undefined) {
    params.fault(`Cannot answer: ${name} is missing, as in ${name}=${example}`);
  }
  return text;
}

/** The stored columns that steps read, with whose event it is and when. */
export function columnsOfSteps(steps: readonly Step[]): EventColumnName[] {
  return [
    ...new Set<EventColumnName>([
      "visitor_id",
      "timestamp",
      ...steps.flatMap((step) => step.columns),
    ]),
  ];
}

/** The events that steps need where all others are left out; null where any event may meet one. */
export function neededFor(steps: readonly Step[]): NeededEvents | null {
  const values = new Map(steps.map(({ value }) => [JSON.stringify(value), value]));
  const known = [...values.values()].filter((value) => value !== null);
  return known.length === values.size ? { of: "visits", values: known } : null;
}

/** The dimension of a parameter; null when it is missing. Notes a fault. */
export function dimensionParam(params: Params, name: string): DimensionRef | null {
  const text = params.text(name);
  if (text === undefined) return null;
  const ref = dimensionRef(text);
  if (!ref) params.fault(`Cannot read ${name}: "${text.slice(0, 40)}" is no dimension`);
  return ref;
}

/** A dimension whose value is wanted of the events that meet a condition. */
export interface Keyed {
  readonly ref: DimensionRef;
  readonly where: Sql;
}

/**
 * Rows of a statement over the matching events of the range: `all` has the given columns, `keyed`
 * (null without a dimension) visitor_id, us and `value`, a row per event and value. The statement
 * begins with `with`, or with a comma where `keyed` is given.
 */
export function queryEvents(
  request: ReportRequest,
  columns: readonly EventColumnName[],
  by: Keyed | null,
  context: QueryContext,
  build: (all: Sql, keyed: Sql | null) => Sql,
): Promise<Row[]> {
  if (by === null) return context.matching(request, columns, (events) => build(events, null));
  const query = queryOf(request, { metrics: ["events"], dimensions: [by.ref] });
  const plan = planOf(query);
  const wide = { ...plan, columns: [...new Set([...plan.columns, ...columns])] };
  return context.rows(plan.span, (events) => {
    const relations = new Relations(query, wide, events);
    const list = join(columns.map(ident));
    relations.add(
      "asked_events",
      sql`select ${list} from (${relations.matchingEvents([], query.filter)})`,
    );
    relations.add(
      "asked_values",
      sql`select visitor_id, epoch_us(timestamp) as us, k0 as value
        from (${relations.matchingEvents([by.ref], query.filter)}) where ${by.where}`,
    );
    const body = build(sql`asked_events`, sql`asked_values`);
    return sql`${relations.with} ${body}`;
  });
}

/** Shows a value of a dimension as a breakdown does: keys of time become their labels. */
export function valueLabels(
  request: ReportRequest,
  by: DimensionRef,
): (value: Row[string]) => string {
  if (!INTERVALS.some((interval) => interval === by)) return String;
  const { range, zone, weekStart } = request;
  const buckets = bucketsOf(range, by as Interval, zone, weekStart);
  const labels = new Map(buckets.map((bucket) => [bucket.key, bucket.label]));
  return (value) => labels.get(Number(value)) ?? String(value);
}

/** A number of a row; what is missing counts as 0. */
export function count(value: Row[string] | undefined): number {
  return typeof value === "number" ? value : 0;
}

/** A share from 0 to 1, 0 of nothing. */
export function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** An answer with an earlier one beside it and the change of each number named in `units`. */
export function compared<T extends object>(
  now: T,
  before: T | undefined,
  units: Readonly<Record<string, string>>,
): T & { comparison: T | null; change: Changes } {
  const number = (from: T | undefined, name: string): number | null => {
    const value: unknown = from ? Reflect.get(from, name) : null;
    return typeof value === "number" ? value : null;
  };
  const change = Object.fromEntries(
    Object.entries(units).map(([name, unit]) => [
      name,
      changeOf(unit, number(now, name), number(before, name)),
    ]),
  );
  return { ...now, comparison: before ?? null, change };
}
