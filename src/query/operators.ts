// The operators of conditions: how each becomes SQL over a dimension's expression, and how many
// values it takes. Values are always bound.
import { join, type Sql, sql } from "../core/sql.ts";

/** One operator. */
export interface Operator {
  readonly label: string;
  /** Whether it takes texts, one number, or nothing. */
  readonly values: "some" | "number" | "none";
  /** Whether case counts where the condition does not say. */
  readonly caseSensitive: boolean;
  /** The operator whose opposite this is. */
  readonly not?: string;
  /** Never NULL. `missing` is what stands for a NULL of the expression. */
  readonly build?: (expr: Sql, values: readonly string[], how: How) => Sql;
  readonly doc: string;
}

interface How {
  readonly missing: string;
  readonly caseSensitive: boolean;
}

function textOf(expr: Sql, how: How): Sql {
  return how.caseSensitive ? expr : sql`lower(${expr})`;
}

function anyOf(values: readonly string[], build: (value: Sql) => Sql, how: How): Sql {
  const parts = values.map((value) =>
    build(how.caseSensitive ? sql`${value}` : sql`lower(${value})`)
  );
  return sql`coalesce(${join(parts, " or ")}, false)`;
}

/** Every operator by name. */
export const OPERATORS = {
  is: {
    label: "is",
    values: "some",
    caseSensitive: true,
    build: (expr, values, how) =>
      how.caseSensitive
        ? sql`list_contains(${values}, coalesce(${expr}, ${how.missing}))`
        : sql`list_contains(
          list_transform(${values}, lambda x: lower(x)),
          lower(coalesce(${expr}, ${how.missing}))
        )`,
    doc: "equals one of the values",
  },
  is_not: {
    label: "is not",
    values: "some",
    caseSensitive: true,
    not: "is",
    doc: "equals none of the values",
  },
  contains: {
    label: "contains",
    values: "some",
    caseSensitive: false,
    build: (expr, values, how) =>
      anyOf(values, (value) => sql`contains(${textOf(expr, how)}, ${value})`, how),
    doc: "contains one of the values",
  },
  contains_not: {
    label: "does not contain",
    values: "some",
    caseSensitive: false,
    not: "contains",
    doc: "contains none of the values",
  },
  starts_with: {
    label: "starts with",
    values: "some",
    caseSensitive: false,
    build: (expr, values, how) =>
      anyOf(values, (value) => sql`starts_with(${textOf(expr, how)}, ${value})`, how),
    doc: "begins with one of the values",
  },
  matches: {
    label: "matches",
    values: "some",
    caseSensitive: true,
    build: (expr, values, how) => {
      const flags = how.caseSensitive ? "c" : "i";
      const parts = values.map((value) => sql`regexp_matches(${expr}, ${value}, ${flags})`);
      return sql`coalesce(${join(parts, " or ")}, false)`;
    },
    doc: "matches one of the regular expressions (RE2)",
  },
  matches_not: {
    label: "does not match",
    values: "some",
    caseSensitive: true,
    not: "matches",
    doc: "matches none of the regular expressions",
  },
  at_least: {
    label: "is at least",
    values: "number",
    caseSensitive: true,
    build: (expr, values) =>
      sql`coalesce(try_cast(${expr} as double) >= ${Number(values[0])}::double, false)`,
    doc: "is a number that is not less than the value",
  },
  at_most: {
    label: "is at most",
    values: "number",
    caseSensitive: true,
    build: (expr, values) =>
      sql`coalesce(try_cast(${expr} as double) <= ${Number(values[0])}::double, false)`,
    doc: "is a number that is not more than the value",
  },
  is_set: {
    label: "is set",
    values: "none",
    caseSensitive: true,
    build: (expr) => sql`${expr} is not null`,
    doc: "has a value",
  },
  is_not_set: {
    label: "is not set",
    values: "none",
    caseSensitive: true,
    not: "is_set",
    doc: "has no value",
  },
} as const satisfies Record<string, Operator>;

/** Name of an operator. */
export type OperatorName = keyof typeof OPERATORS;

/** Whether the name is an operator. */
export function isOperatorName(name: string): name is OperatorName {
  return Object.hasOwn(OPERATORS, name);
}

/** A condition as SQL: never NULL. */
export function conditionSql(
  name: OperatorName,
  expr: Sql,
  values: readonly string[],
  options: { readonly missing: string; readonly caseSensitive: boolean | undefined },
): Sql {
  const operator: Operator = OPERATORS[name];
  const how = {
    missing: options.missing,
    caseSensitive: options.caseSensitive ?? operator.caseSensitive,
  };
  if (operator.not && isOperatorName(operator.not)) {
    return sql`not (${conditionSql(operator.not, expr, values, options)})`;
  }
  if (!operator.build) {
    throw new TypeError(`Cannot build ${name}: its row has neither build nor not`);
  }
  return sql`(${operator.build(expr, values, how)})`;
}
