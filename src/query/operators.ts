// The SQL of each operator over a dimension's expression, under the operator's name in
// dashboard/grammar/operators.js. Values are always bound.
import { type Operator, type OperatorName, OPERATORS } from "../../dashboard/grammar/operators.js";
import { join, raw, type Sql, sql } from "../core/sql.ts";

interface How {
  /** The text that replaces a NULL of the expression. */
  readonly missing: string;
  readonly caseSensitive: boolean;
}

/** Makes a condition that is never NULL. */
type Build = (expr: Sql, values: readonly string[], how: How) => Sql;

/** Operators that are not the opposite of another. */
type OwnOperatorName = {
  [Name in OperatorName]: (typeof OPERATORS)[Name] extends { readonly not: string } ? never : Name;
}[OperatorName];

function textOf(expr: Sql, how: How): Sql {
  return how.caseSensitive ? expr : sql`lower(${expr})`;
}

/**
 * More values are bound as one list: a statement with a term for each takes seconds to bind. Up to
 * here the terms are faster to evaluate.
 */
const TERMS_MAX = 8;

function anyOf(values: readonly string[], build: (value: Sql) => Sql, how: How): Sql {
  if (values.length > TERMS_MAX) {
    const list = how.caseSensitive
      ? sql`${values}`
      : sql`list_transform(${values}, lambda x: lower(x))`;
    return sql`coalesce(list_bool_or(list_transform(${list}, lambda x: ${
      build(raw("x"))
    })), false)`;
  }
  const parts = values.map((value) =>
    build(how.caseSensitive ? sql`${value}` : sql`lower(${value})`)
  );
  return sql`coalesce(${join(parts, " or ")}, false)`;
}

/** What is a number to people: DuckDB reads `NaN`, `inf` and `1_000` as numbers, too. */
const NUMBER = "\\s*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?\\s*";

function numberOf(expr: Sql): Sql {
  return sql`try_cast(regexp_extract(${expr}, ${`^${NUMBER}$`}) as double)`;
}

const BUILD = {
  is: (expr, values, how) =>
    how.caseSensitive
      ? sql`list_contains(${values}, coalesce(${expr}, ${how.missing}))`
      : sql`list_contains(
        list_transform(${values}, lambda x: lower(x)),
        lower(coalesce(${expr}, ${how.missing}))
      )`,
  contains: (expr, values, how) =>
    anyOf(values, (value) => sql`contains(${textOf(expr, how)}, ${value})`, how),
  starts_with: (expr, values, how) =>
    anyOf(values, (value) => sql`starts_with(${textOf(expr, how)}, ${value})`, how),
  matches: (expr, values, how) => {
    const flags = how.caseSensitive ? "c" : "i";
    const parts = values.map((value) => sql`regexp_matches(${expr}, ${value}, ${flags})`);
    return sql`coalesce(${join(parts, " or ")}, false)`;
  },
  at_least: (expr, values) =>
    sql`coalesce(${numberOf(expr)} >= ${Number(values[0])}::double, false)`,
  at_most: (expr, values) =>
    sql`coalesce(${numberOf(expr)} <= ${Number(values[0])}::double, false)`,
  is_set: (expr) => sql`${expr} is not null`,
} satisfies Record<OwnOperatorName, Build>;

function isOwn(name: OperatorName): name is OwnOperatorName {
  return Object.hasOwn(BUILD, name);
}

/** A condition as SQL: never NULL. */
export function conditionSql(
  name: OperatorName,
  expr: Sql,
  values: readonly string[],
  options: { readonly missing: string; readonly caseSensitive: boolean | undefined },
): Sql {
  if (!isOwn(name)) {
    return sql`not (${conditionSql(OPERATORS[name].not, expr, values, options)})`;
  }
  const { caseSensitive }: Operator = OPERATORS[name];
  const how = { missing: options.missing, caseSensitive: options.caseSensitive ?? caseSensitive };
  return sql`(${BUILD[name](expr, values, how)})`;
}
