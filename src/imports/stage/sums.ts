// From the tables of an importer to sums of days: each row is judged, rows of one day and one key
// are added up, and all of them are written as one file, sorted by day.
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import {
  SUM_COLUMNS,
  SUM_KINDS,
  type SumColumn,
  type SumKind,
  type SumRow,
} from "../../storage/history/sum_kinds.ts";
import type { Db, Row } from "../../storage/duckdb.ts";
import { literal, literalPath } from "../../storage/parquet/schema.ts";
import type { SumsSource, SumTable } from "../importer.ts";
import { checkBadRows, firstLineOf, lineIn, type RejectedRow, type Staged } from "./rows.ts";

/** The sums below the folder of an import. */
export const SUMS_FILE = "sums.parquet";
const REJECTS_KEPT_MAX = 10_000;
const FIRST_DAY = "1995-01-01";
/** Days that are read at once, and rows that are given at once. */
const DAYS_AT_ONCE = 30;
const ROWS_AT_ONCE = 2000;
/** Larger counts are no counts: their sum over days must be exact. */
const COUNT_MAX = 1e15;

/** What the sums of an import have. */
export interface StagedSums extends Staged {
  readonly days: readonly {
    readonly date: string;
    readonly events: number;
    readonly pageviews: number;
    readonly visitors: number;
  }[];
  readonly kinds: Readonly<Partial<Record<SumKind, readonly SumColumn[]>>>;
}

/** Writes the sums of a source into the folder. Throws where too many rows cannot be read. */
export async function stageSums(
  db: Db,
  folder: string,
  { sums }: SumsSource,
  options: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<StagedSums> {
  const lastDay = new Date(options.nowMs + 86_400_000).toISOString().slice(0, 10);
  const read: Sql[] = [];
  const found = { rows: 0, rejected: 0, rejects: [] as RejectedRow[] };
  // Importers that have read names from the files have met the same bad rows.
  await forgetUnread(db);
  for (const [index, table] of sums.entries()) {
    options.signal.throwIfAborted();
    const path = `${folder}/sums-${index}.parquet`;
    await db.execute(sql`copy (${judged(table, lastDay)}) to ${literal(path)} (format parquet)`);
    const rows = sql`read_parquet(${literal(literalPath(path))})`;
    if (!table.isRepeated) await count(db, rows, table.file, found);
    read.push(sql`select * from ${rows} where fault is null`);
  }
  checkBadRows(found.rows, found.rejected, found.rejects);
  const counts = SUM_COLUMNS.map((name) => sql`sum(${ident(name)})::bigint as ${ident(name)}`);
  await db.execute(sql`copy (
      select date, kind, key, ${join(counts)} from (${join(read, " union all ")})
      group by date, kind, key order by date, kind, key
    ) to ${literal(`${folder}/${SUMS_FILE}`)} (format parquet, row_group_size 20480)`);
  return { ...found, apart: {}, ...await contentOf(db, folder) };
}

/** The rows of a table with what is wrong with each. */
function judged({ kind, from, fault, date, values, counts }: SumTable, lastDay: string): Sql {
  const given = SUM_COLUMNS.map((name) =>
    sql`(${counts[name] ?? raw("null")})::double as ${ident(name)}`
  );
  const wrong = SUM_COLUMNS.map((name) =>
    sql`coalesce(${ident(name)} < 0 or ${ident(name)} > ${raw(String(COUNT_MAX))}, false)`
  );
  const missing = SUM_COLUMNS.filter((name) => counts[name] !== undefined).map((name) =>
    sql`${ident(name)} is null`
  );
  const key = SUM_KINDS[kind].length === 0
    ? raw("'[]'")
    : sql`to_json([${join(values.map((value) => sql`(${value})::varchar`))}])::varchar`;
  // What is no number of this size is told by its fault.
  const bigints = SUM_COLUMNS.map((name) =>
    sql`try_cast(round(${ident(name)}) as bigint) as ${ident(name)}`
  );
  return sql`select * replace (${join(bigints)}, strftime(date, '%Y-%m-%d') as date, case
      when fault is not null then fault
      when date is null then 'its date cannot be read'
      when date < ${literal(FIRST_DAY)}::date then 'its date is before 1995'
      when date > ${literal(lastDay)}::date then 'its date is in the future'
      ${
    missing.length === 0 ? raw("") : sql`when ${join(missing, " or ")}
        then 'a count cannot be read'`
  }
      when ${join(wrong, " or ")} then 'a count is below zero or too large' end as fault)
    from (
      select row_number() over () as line, ${literal(kind)} as kind, ${key} as key,
        ${fault ?? raw("null::varchar")} as fault, try_cast(${date} as date) as date,
        ${join(given)}
      from ${from} as row
    )`;
}

async function count(
  db: Db,
  rows: Sql,
  file: string,
  found: { rows: number; rejected: number; rejects: RejectedRow[] },
): Promise<void> {
  const unread = await db.execute(sql`
    select line::bigint as line, error_message as reason from reject_errors order by line`)
    .catch((): Row[] => []);
  await forgetUnread(db);
  const [total] = await db.execute(sql`
    select count(*) as rows, count(fault) as faults from ${rows}`);
  const faults = await db.execute(sql`
    select line, fault as reason from ${rows} where fault is not null
    order by line limit ${raw(String(REJECTS_KEPT_MAX))}`);
  const lines = unread.map((row) => Number(row["line"]));
  found.rows += Number(total?.["rows"] ?? 0) + unread.length;
  found.rejected += Number(total?.["faults"] ?? 0) + unread.length;
  const told = (line: number, reason: string) => ({ line, reason: `${file}: ${reason}` });
  const all = [
    ...unread.map((row) => told(Number(row["line"]), firstLineOf(row["reason"]))),
    ...faults.map((row) => told(lineIn(Number(row["line"]), lines), String(row["reason"]))),
  ].sort((a, b) => a.line - b.line);
  found.rejects.push(...all.slice(0, REJECTS_KEPT_MAX - found.rejects.length));
}

async function forgetUnread(db: Db): Promise<void> {
  await db.execute(sql`drop table if exists reject_errors`).catch(() => []);
  await db.execute(sql`drop table if exists reject_scans`).catch(() => []);
}

function staged(folder: string): Sql {
  return sql`read_parquet(${literal(literalPath(`${folder}/${SUMS_FILE}`))})`;
}

async function contentOf(db: Db, folder: string): Promise<Pick<StagedSums, "days" | "kinds">> {
  const ofDay = (name: SumColumn) =>
    sql`coalesce(sum(${ident(name)}) filter (kind = 'days'), 0)::bigint as ${ident(name)}`;
  const days = await db.query(sql`
    select date, ${ofDay("events")}, ${ofDay("pageviews")}, ${ofDay("visitors")}
    from ${staged(folder)} group by date order by date`);
  const held = SUM_COLUMNS.map((name) => sql`count(${ident(name)}) > 0 as ${ident(name)}`);
  const kinds = await db.query(sql`
    select kind, ${join(held)} from ${staged(folder)} group by kind order by kind`);
  return {
    days: days.map((row) => ({
      date: String(row["date"]),
      events: Math.max(Number(row["events"]), Number(row["pageviews"])),
      pageviews: Number(row["pageviews"]),
      visitors: Number(row["visitors"]),
    })),
    kinds: Object.fromEntries(kinds.map((row) => [
      String(row["kind"]),
      SUM_COLUMNS.filter((name) => row[name] === true),
    ])),
  };
}

/** The staged rows of some dates, some at once. */
export async function* stagedSums(
  db: Db,
  folder: string,
  dates: readonly string[],
): AsyncGenerator<SumRow[]> {
  for (let at = 0; at < dates.length; at += DAYS_AT_ONCE) {
    const some = dates.slice(at, at + DAYS_AT_ONCE);
    const rows = await db.query(sql`
      select * from ${staged(folder)} where list_contains(${some}, date)
        and date between ${some[0] ?? ""} and ${some.at(-1) ?? ""}`);
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
      yield rows.slice(from, from + ROWS_AT_ONCE).map(rowOf);
    }
  }
}

function rowOf(row: Row): SumRow {
  const counts = SUM_COLUMNS.map((name) => [name, row[name] === null ? null : Number(row[name])]);
  return {
    date: String(row["date"]),
    kind: String(row["kind"]) as SumKind,
    values: JSON.parse(String(row["key"])),
    counts: Object.fromEntries(counts),
  };
}
