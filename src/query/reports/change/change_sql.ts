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

/** What is known of one range: its rows, and those of visitors whom its sums have counted. */
interface Parts {
  readonly isNow: boolean;
  readonly parts: readonly Part[];
  readonly known: Sql | null;
}

/**
 * The statement. `missing` stands for NULL as a key of each dimension, k0, k1 … The largest values
 * come first.
 */
export function changeSql(
  [now, before]: readonly [VisitorRows, VisitorRows],
  missing: readonly string[],
  changing: Changing,
): Sql {
  const { above, below } = changing;
  const keys = missing.map((_, index) => ident(`k${index}`));
  const texts = missing.map((text, index) => sql`coalesce(${ident(`k${index}`)}, ${text})`);
  const names = below === null ? OF_COUNTS : OF_RATIOS;
  const given: Named[] = [];
  const partsOf = (isNow: boolean, { stored, fromEvents, known }: VisitorRows): Parts => {
    const rows = (from: Sql) => rowsOf(from, keys, changing);
    const name = `events_${isNow ? "now" : "before"}`;
    if (fromEvents) given.push({ name, is: rows(fromEvents) });
    const parts = [
      ...(stored ? [{ isNow, rows: sql`(${rows(stored)})` }] : []),
      ...(fromEvents ? [{ isNow, rows: ident(name) }] : []),
    ];
    return { isNow, parts, known: known ? sql`(${rows(known)})` : null };
  };
  const ranges = [partsOf(true, now), partsOf(false, before)];
  const counts = ranges.flatMap(({ parts }) => parts.map((part) => countsOf(part, keys, names)));
  const columns = join(names.map(ident));
  const named = [
    ...counts.map((rows) =>
      sql`select is_now, level, ${valueOf(texts)} as value, ${columns} from (${rows})`
    ),
    ...sumsOf(true, now, missing, changing),
    ...sumsOf(false, before, missing, changing),
  ];
  const isOfVisitors = above === "visitors";
  const repeated = isOfVisitors
    ? ranges.filter(({ parts }) => parts.length > 0).map((range) => repeatedOf(range, texts))
    : [];
  const taken = repeated.map((range) => takenOf(range, keys));
  const key = raw(isOfVisitors ? "hash(value)" : "value");
  const every = [sql`select *, ${key} as key from named`, ...taken];
  const relations = [...given, ...repeated].map(({ name, is }) =>
    sql`${ident(name)} as materialized (${is}),\n  `
  );
  return sql`with ${now.named}${before.named}${join(relations, "")}named as (
    ${join(named, "\n    union all ")}
  ),
  every as (${join(every, "\n    union all by name ")})
  select level, max(value) as value, ${join(names.flatMap(ofBoth))}
  from every
  group by level, key
  order by ${raw(below ? "sum(b)" : "sum(a)")} desc, level desc, value
  limit ${WHY_VALUES_MAX}`;
}

/** The columns of both ranges. */
function ofBoth(name: string): Sql[] {
  return [
    sql`coalesce(sum(${ident(name)}) filter (is_now), 0)::double as ${ident(`${name}_now`)}`,
    sql`coalesce(sum(${ident(name)}) filter (not is_now), 0)::double as ${ident(`${name}_before`)}`,
  ];
}

/** What closed days add up to, if it is known: a visit has 0 or 1 below, and nothing above 0. */
function sumsOf(
  isNow: boolean,
  { sums }: VisitorRows,
  missing: readonly string[],
  { above, below }: Changing,
): Sql[] {
  if (!sums) return [];
  const levels = missing.map((_, index) =>
    raw(`when ${index} then ${levelOf(index, missing.length)}`)
  );
  const texts = missing.map((text, index) => sql`when ${raw(String(index))} then ${text}`);
  const number = (name: string, alias: string) => sql`${ident(name)}::double as ${ident(alias)}`;
  const numbers = [
    number(above, "a"),
    ...(below
      ? [
        number(below, "b"),
        number(`${above}_squares`, "aa"),
        number(above, "ab"),
        number(below, "bb"),
      ]
      : []),
  ];
  return [sql`select ${isNowSql(isNow)},
      case place ${join(levels, " ")} else ${raw(String(levelOfAll(missing.length)))} end as level,
      coalesce(value, case place ${join(texts, " ")} else '' end) as value, ${join(numbers)}
    from (${sums})`];
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

/**
 * The rows of visitors with several of them, with hashes of their values, and whether they are
 * among those whom sums have counted: few.
 */
function repeatedOf(
  { isNow, parts, known }: Parts,
  texts: readonly Sql[],
): Named & Pick<Part, "isNow"> {
  const own = parts.map(({ rows }) => sql`select *, 0 as is_known from ${rows}`);
  const all = join(
    [...own, ...(known ? [sql`select *, 1 as is_known from ${known}`] : [])],
    " union all ",
  );
  const hashes = texts.map((text, index) => sql`hash(${text}) as ${ident(`k${index}`)}`);
  return {
    name: `repeated_${isNow ? "now" : "before"}`,
    isNow,
    is: sql`select visitor_id, is_known, ${join(hashes)} from (${all}) semi join (
      select visitor_id from (${all}) group by all having count(*) > 1 and min(is_known) = 0
    ) using (visitor_id)`,
  };
}

/** What was counted too much of visitors with several rows of one value. */
function takenOf({ name, isNow }: Named & Pick<Part, "isNow">, keys: readonly Sql[]): Sql {
  const levels = [levelOfAll(keys.length), ...keys.map((_, at) => levelOf(at, keys.length))];
  return sql`select ${isNowSql(isNow)}, level, key, sum(1 - is_known - n)::double as a
    from (select level, key, count(*) filter (is_known = 0) as n, max(is_known) as is_known
      from (select visitor_id, is_known, unnest(${raw(`[${levels}]`)}) as level,
        unnest([hash(''), ${join(keys)}]) as key from ${ident(name)})
      group by level, key, visitor_id having n > 0 and n + max(is_known) > 1)
    group by level, key`;
}

/** The place of the dimension by which a row of `level` is split, or null. */
export function splitBy(row: Row, dimensions: number): number | null {
  // A bit for each dimension that a row is not split by, the first one the highest.
  const split = levelOfAll(dimensions) - count(row["level"]);
  return split === 0 ? null : dimensions - 1 - Math.log2(split);
}

/** What the rows of the statement say. `perUnit` is the metric's. */
export function valueCountsOf(
  rows: readonly Row[],
  dimensions: number,
  { below, perUnit }: Changing,
): ValueCounts[] {
  return rows.map((row) => {
    const of = (name: string) => Number(row[name] ?? 0);
    const counted = (range: "now" | "before") => ({
      above: of(`a_${range}`) / perUnit,
      below: of(`b_${range}`),
      ...(below === null ? {} : {
        squares: [
          of(`aa_${range}`) / perUnit ** 2,
          of(`ab_${range}`) / perUnit,
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
