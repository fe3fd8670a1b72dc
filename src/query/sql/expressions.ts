// Dimensions, goals and filters as SQL over one kind of row. What the rows are, and where they
// come from, is defined by a shape; no relation is built here.
import type { EventColumnName } from "../../core/event.ts";
import { conditionsOf, isCondition } from "../../../dashboard/grammar/filter.js";
import { ident, join, type Sql, sql } from "../../core/sql.ts";
import { goalsMeant, instructionsOfCondition } from "../budget/filter_size.ts";
import { bucketKey, dayOfWeek, hourOfDay } from "./buckets.ts";
import { dimensionOf, type DimensionRef } from "../dimensions.ts";
import { conditionSql } from "../operators.ts";
import { OPERATORS } from "../../../dashboard/grammar/operators.js";
import { levelOf } from "./plan.ts";
import type { CheckedCondition, CheckedFilter, Query } from "../query.ts";

/** A kind of row: how its columns are written. */
export interface RowShape {
  /** A column of the event itself: a stored one, or a computed dimension. */
  own(name: string): Sql;
  /**
   * A column of the event's visit: a stored one, a computed dimension, entry_page, exit_page or
   * done_0, done_1 …
   */
  visit(name: string): Sql;
  /** The value of a dimension, NULL where there is none; where rows hold values, not columns. */
  value?(ref: DimensionRef): Sql;
  /** Time of the event, or start of the visit: BIGINT microseconds. */
  readonly us: Sql;
}

/** Plain events under the alias `r`. */
export const EVENT_ROW: RowShape = {
  own: (name) => sql`r.${ident(name)}`,
  visit: (name) => {
    throw new TypeError(`Cannot read ${name} of a visit: the row is an event`);
  },
  us: sql`epoch_us(r.timestamp)`,
};

/** Events with their visit's columns under the prefix visit_. */
export const TAGGED_ROW: RowShape = {
  own: (name) => sql`r.${ident(name)}`,
  visit: (name) => sql`r.${ident(`visit_${name}`)}`,
  us: sql`r.us`,
};

/** The same, but time is that of the visit's start. */
export const TAGGED_AT_START: RowShape = { ...TAGGED_ROW, us: sql`r.visit_start_us` };

/** Visits. */
export const VISIT_ROW: RowShape = {
  own: (name) => {
    throw new TypeError(`Cannot read ${name} of an event: the row is a visit`);
  },
  visit: (name) => sql`r.${ident(name)}`,
  us: sql`r.start_us`,
};

/** Stored events as reports receive them: columns without an alias. */
const STORED_ROW: RowShape = {
  own: (name) => ident(name),
  visit: EVENT_ROW.visit,
  us: sql`epoch_us(timestamp)`,
};

/** What expressions depend on beside the row. */
export interface Terms extends Pick<Query, "range" | "zone" | "weekStart" | "goals"> {
  readonly ownColumns?: boolean;
  readonly missing?: string | null;
  /** What has_done and has_not_done ask about, in the order of done_0, done_1 … */
  readonly histories?: readonly CheckedFilter[];
}

/** A dimension as a key to group by: never NULL, one row per goal for `goal`. */
export function keyOf(ref: DimensionRef, row: RowShape, terms: Terms): Sql {
  switch (ref) {
    case "minute":
    case "hour":
    case "day":
    case "week":
    case "month":
      return bucketKey(ref, row.us, terms);
    case "hour_of_day":
      return hourOfDay(row.us, terms);
    case "day_of_week":
      return dayOfWeek(row.us, terms);
    case "goal":
      return goalNames(row, terms);
    default: {
      const own = levelOf(ref, terms.ownColumns ?? false) === "event";
      return sql`coalesce(${valueOf(ref, row, terms, own)}, ${missingOf(ref, terms)})`;
    }
  }
}

/** The text of a dimension's NULL. */
export function missingOf(ref: DimensionRef, terms: Pick<Terms, "missing">): string {
  return terms.missing ?? dimensionOf(ref).missing;
}

/** What only all events of a visit tell. */
const OF_WHOLE_VISITS: ReadonlySet<string> = new Set(["entry_page", "exit_page", "exit_hostname"]);

/** The value of a dimension, or NULL. `own`: the event's, not its visit's. */
function valueOf(ref: DimensionRef, row: RowShape, terms: Terms, own: boolean): Sql {
  if (row.value) return row.value(ref);
  if (OF_WHOLE_VISITS.has(ref)) return row.visit(ref);
  if (ref === "hour_of_day") return hourOfDay(row.us, terms);
  if (ref === "day_of_week") return dayOfWeek(row.us, terms);
  const { expr, computed } = dimensionOf(ref);
  if (computed) return own ? row.own(ref) : row.visit(ref);
  if (!expr) throw new TypeError(`Cannot read ${ref}: it has no value of its own`);
  return expr((name) => own ? row.own(name) : row.visit(name));
}

/** One row for each goal that the event meets. */
function goalNames(row: RowShape, terms: Terms): Sql {
  if (terms.goals.length === 0) return sql`unnest([]::varchar[])`;
  const names = terms.goals.map((goal) =>
    sql`case when ${filterSql(goal.filter, row, terms)} then ${goal.name} end`
  );
  return sql`unnest(list_filter([${join(names)}], lambda g: g is not null))`;
}

/** A filter as a condition on a row: never NULL. */
export function filterSql(filter: CheckedFilter | null, row: RowShape, terms: Terms): Sql {
  if (!filter) return sql`true`;
  if (isCondition(filter)) return conditionOn(filter, row, terms);
  const parts = () => filter.of.map((part) => filterSql(part, row, terms));
  switch (filter.op) {
    case "and":
      return sql`(${join(parts(), " and ")})`;
    case "or":
      return sql`(${join(parts(), " or ")})`;
    case "not":
      return sql`(not ${join(parts())})`;
    case "has_done":
      return doneSql(filter.of[0], row, terms);
    case "has_not_done":
      return sql`(not ${doneSql(filter.of[0], row, terms)})`;
  }
}

function doneSql(filter: CheckedFilter, row: RowShape, terms: Terms): Sql {
  const at = terms.histories?.indexOf(filter) ?? -1;
  if (at < 0) throw new TypeError("Cannot ask what a visit has done: the plan does not know it");
  return row.visit(`done_${at}`);
}

function conditionOn(condition: CheckedCondition, row: RowShape, terms: Terms): Sql {
  const { op, dimension, values, caseSensitive } = condition;
  if (dimension === "goal") return goalCondition(condition, row, terms);
  const { of, missing, anyCase } = dimensionOf(dimension);
  const expr = valueOf(dimension, row, terms, of !== "visit");
  const byDefault = anyCase && (op === "is" || op === "is_not") ? false : undefined;
  return conditionSql(op, expr, values, { missing, caseSensitive: caseSensitive ?? byDefault });
}

/** Whether the event meets a goal whose name meets the condition. */
function goalCondition(condition: CheckedCondition, row: RowShape, terms: Terms): Sql {
  const { op, values, caseSensitive } = condition;
  const operator = OPERATORS[op];
  const negated = "not" in operator;
  const any = goalsMeant(condition, terms.goals).map((goal) => {
    const name = sql`${goal.name}::varchar`;
    const named = conditionSql(negated ? operator.not : op, name, values, {
      missing: "",
      caseSensitive,
    });
    return sql`(${named} and ${filterSql(goal.filter, row, terms)})`;
  });
  const found = any.length > 0 ? sql`(${join(any, " or ")})` : sql`false`;
  return negated ? sql`(not ${found})` : found;
}

/** A goal on stored events: a condition on columns without an alias, and the columns it reads. */
export interface GoalCondition {
  readonly condition: Sql;
  readonly columns: readonly EventColumnName[];
  /** The estimated size of its regular expressions. */
  readonly instructions: number;
}

/** Finds the condition of a goal by its name, or undefined. */
export function goalFinder(terms: Terms): (name: string) => GoalCondition | undefined {
  return (name) => {
    const goal = terms.goals.find((one) => one.name === name);
    if (!goal) return undefined;
    const conditions = conditionsOf(goal.filter);
    const refs = conditions.map(({ dimension }) => dimension);
    return {
      instructions: conditions.reduce((sum, one) => sum + instructionsOfCondition(one), 0),
      condition: filterSql(goal.filter, STORED_ROW, terms),
      columns: [...new Set(refs.flatMap((ref) => dimensionOf(ref).columns))],
    };
  };
}
