// One statement over the visits of two ranges, counted by each of some dimensions alone and as a
// whole. Pure.
import { WHY_VALUES_MAX } from "../../../core/limits.ts";
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";
import type { Row } from "../../../storage/duckdb.ts";
import { count } from "../behavioral.ts";
import type { Changing } from "./changing.ts";
import type { VisitorRows } from "../../sql/statement.ts";
import type { Pair } from "./parts.ts";

/** What was counted of one value of a dimension, or of all where `dimension` is null. */
export interface ValueCounts {
  /** Its place among the dimensions. */
  readonly dimension: number | null;
  readonly value: string;
  readonly pair: Pair;
}

const SUMS: Readonly<Record<string, Sql>> = {
  a: raw("sum(a)"),
  b: raw("sum(b)"),
  aa: raw("sum(a * a)"),
  ab: raw("sum(a * b)"),
  bb: raw("sum(b * b)"),
};
const OF_COUNTS = ["a"];
const OF_RATIOS = Object.keys(SUMS);

/** Rows of one range: a relation that may be read several times. */
interface Part {
  readonly isNow: boolean;
  readonly rows: Sql;
}

/**
 * The statement. `missing` stands for NULL as a key of each dimension, k0, k1 … The largest values
 * come first.
 */
export function changeSql(
  [now, before]: readonly [VisitorRows, VisitorRows],
  missing: readonly string[],
  { above, below }: Changing,
): Sql {
  const keys = missing.map((_, index) => ident(`k${index}`));
  const texts = missing.map((text, index) => sql`coalesce(${ident(`k${index}`)}, ${text})`);
  const names = below === null ? OF_COUNTS : OF_RATIOS;
  const given: Named[] = [];
  const partsOf = (isNow: boolean, { stored, fromEvents }: VisitorRows): Part[] => {
    const rows = (from: Sql) => rowsOf(from, keys, { above, below });
    const name = `events_${isNow ? "now" : "before"}`;
    if (fromEvents) given.push({ name, is: rows(fromEvents) });
    return [
      ...(stored ? [{ isNow, rows: sql`(${rows(stored)})` }] : []),
      ...(fromEvents ? [{ isNow, rows: ident(name) }] : []),
    ];
  };
  const ranges = [partsOf(true, now), partsOf(false, before)];
  const counts = ranges.flat().map((part) => countsOf(part, keys, names));
  const isOfVisitors = above === "visitors";
  const repeated = isOfVisitors ? ranges.map((parts) => repeatedOf(parts, texts)) : [];
  const taken = repeated.flatMap(({ name, isNow }) => takenOf(name, isNow, keys));
  const key = raw(isOfVisitors ? "hash(value)" : "value");
  const every = [sql`select *, ${key} as key from named`, ...taken];
  const columns = names.flatMap((name) => [
    sql`coalesce(sum(${ident(name)}) filter (is_now), 0)::double as ${ident(`${name}_now`)}`,
    sql`coalesce(sum(${ident(name)}) filter (not is_now), 0)::double as ${ident(`${name}_before`)}`,
  ]);
  const relations = [...given, ...repeated].map(({ name, is }) =>
    sql`${ident(name)} as materialized (${is}),\n  `
  );
  return sql`with ${now.named}${before.named}${join(relations, "")}counts as (
    ${join(counts, "\n    union all ")}
  ),
  named as (select is_now, level, ${valueOf(texts)} as value, ${join(names.map(ident))}
    from counts),
  every as (${join(every, "\n    union all by name ")})
  select level, max(value) as value, ${join(columns)}
  from every
  group by level, key
  order by ${raw(below ? "sum(b)" : "sum(a)")} desc, level desc, value
  limit ${WHY_VALUES_MAX}`;
}

/** What `grouping` says of rows that are split by one of so many keys: the others' bits. */
const levelOf = (index: number, count: number) => 2 ** count - 1 - 2 ** (count - 1 - index);

/** The same of rows that are not split. */
const levelOfAll = (count: number) => 2 ** count - 1;

function rowsOf(
  relation: Sql,
  keys: readonly Sql[],
  { above, below }: Pick<Changing, "above" | "below">,
): Sql {
  const number = (name: string, alias: string) =>
    sql`coalesce(${ident(name)}, 0)::double as ${ident(alias)}`;
  const values = [number(above, "a"), ...(below ? [number(below, "b")] : [])];
  const seen = raw(above === "visitors" ? " where visitors > 0" : "");
  return sql`select visitor_id, ${join([...keys, ...values])} from (${relation})${seen}`;
}

/**
 * Straight from what is stored, and by its own values: DuckDB then looks up a value of a file once,
 * not once a row.
 */
function countsOf({ isNow, rows }: Part, keys: readonly Sql[], names: readonly string[]): Sql {
  const sums = names.map((name) => sql`${SUMS[name] ?? raw("0")} as ${ident(name)}`);
  const sets = keys.map((key) => sql`(${key})`);
  return sql`select ${isNowSql(isNow)}, ${join(keys)}, grouping(${join(keys)}) as level,
      ${join(sums)}
    from ${rows}
    group by grouping sets ((), ${join(sets)})`;
}

const isNowSql = (isNow: boolean) => raw(`${isNow} as is_now`);

/** The value of the key by which a row is split; empty where it is not. */
export function valueOf(texts: readonly Sql[]): Sql {
  const cases = texts.map((text, index) =>
    sql`when ${raw(String(levelOf(index, texts.length)))} then ${text}`
  );
  return sql`case level ${join(cases, " ")} else '' end`;
}

/** A relation of a statement. */
interface Named {
  readonly name: string;
  readonly is: Sql;
}

/** The rows of visitors with several of them, with hashes of their values: few. */
function repeatedOf(
  parts: readonly Part[],
  texts: readonly Sql[],
): Named & Pick<Part, "isNow"> {
  const isNow = parts[0]?.isNow ?? false;
  const all = join(parts.map(({ rows }) => sql`select * from ${rows}`), " union all ");
  const hashes = texts.map((text, index) => sql`hash(${text}) as ${ident(`k${index}`)}`);
  return {
    name: `repeated_${isNow ? "now" : "before"}`,
    isNow,
    is: sql`select visitor_id, ${join(hashes)} from (${all}) semi join (
      select visitor_id from (${all}) group by all having count(*) > 1
    ) using (visitor_id)`,
  };
}

/** What was counted too much of visitors with several rows of one value: a statement a key. */
function takenOf(repeated: string, isNow: boolean, keys: readonly Sql[]): Sql[] {
  const less = (level: number, key: Sql) =>
    sql`select ${isNowSql(isNow)}, ${raw(String(level))} as level, key, sum(1 - n)::double as a
    from (select ${key} as key, count(*) as n from ${ident(repeated)}
      group by key, visitor_id having count(*) > 1)
    group by key`;
  return [
    less(levelOfAll(keys.length), raw("hash('')")),
    ...keys.map((key, index) => less(levelOf(index, keys.length), key)),
  ];
}

/** The place of the dimension by which a row of `level` is split, or null. */
export function splitBy(row: Row, dimensions: number): number | null {
  // A bit for each dimension that a row is not split by, the first one the highest.
  const split = levelOfAll(dimensions) - count(row["level"]);
  return split === 0 ? null : dimensions - 1 - Math.log2(split);
}

/** What the rows of the statement say. `scale` is the metric's. */
export function valueCountsOf(
  rows: readonly Row[],
  dimensions: number,
  { below, scale }: Changing,
): ValueCounts[] {
  return rows.map((row) => {
    const of = (name: string) => Number(row[name] ?? 0);
    const counted = (range: "now" | "before") => ({
      above: of(`a_${range}`) * scale,
      below: of(`b_${range}`),
      ...(below === null ? {} : {
        squares: [
          of(`aa_${range}`) * scale ** 2,
          of(`ab_${range}`) * scale,
          of(`bb_${range}`),
        ] as const,
      }),
    });
    return {
      dimension: splitBy(row, dimensions),
      value: String(row["value"]),
      pair: { now: counted("now"), before: counted("before") },
    };
  });
}
