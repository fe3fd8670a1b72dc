// The rows of an importer, written once as they are, in a file of the import, each with what is
// wrong with it; and how many of them are no events.
import { IMPORT_BAD_ROWS_MIN, IMPORT_BAD_ROWS_SHARE_MAX } from "../../core/limits.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Db } from "../../storage/duckdb.ts";
import { literal } from "../../storage/parquet/schema.ts";
import { ImportFault, type Source, SOURCE_TYPES, type SourceColumn } from "../importer.ts";
import { ROWS_FORMAT } from "./files.ts";

/** A row that cannot be an event. */
export interface RejectedRow {
  readonly line: number;
  readonly reason: string;
}

/** What was found in the rows. */
export interface Staged {
  readonly rows: number;
  readonly rejected: number;
  /** The first of them. */
  readonly rejects: readonly RejectedRow[];
  /** Rows that were set apart, by reason. */
  readonly apart: Readonly<Record<string, number>>;
}

/** What rows are like that were written. */
export interface RowsForm {
  /** Whether their values are those of stored events. */
  readonly isExact: boolean;
  /** The columns that they have; the others are NULL. */
  readonly given: readonly SourceColumn[];
}

const REJECTS_KEPT_MAX = 10_000;
const FIRST_DAY = "1995-01-01";
const AHEAD_MS = 24 * 60 * 60 * 1000;

/** What every row has. */
const ALWAYS: readonly SourceColumn[] = ["fault", "apart", "happened_at"];

/** What the rows of a source are like. */
export function formOf({ values, isExact = false }: Source): RowsForm {
  const given = SOURCE_TYPES.map(([name]) => name).filter((name) =>
    ALWAYS.includes(name) || values[name] !== undefined
  );
  return { isExact, given };
}

/**
 * Writes the rows of a source into a folder, numbered, each with what is wrong with it. Such a row
 * keeps no time: no day may be looked for where it is.
 */
export async function writeRows(
  db: Db,
  { from, values, ...source }: Source,
  folder: string,
  nowMs: number,
): Promise<void> {
  const { given } = formOf({ from, values, ...source });
  const columns = SOURCE_TYPES.filter(([name]) => given.includes(name)).map(([name, type]) =>
    sql`${values[name] ?? raw("null")}::${raw(type)} as ${ident(name)}`
  );
  const last = literal(new Date(nowMs + AHEAD_MS).toISOString());
  await db.execute(sql`copy (
    select * replace (case when fault is null then happened_at end as happened_at)
    from (select * replace (coalesce(fault,
      case when happened_at is null then 'its time cannot be read'
        when happened_at < ${literal(FIRST_DAY)}::timestamp then 'its time is before 1995'
        when happened_at > ${last}::timestamp then 'its time is in the future' end) as fault)
      from (select row_number() over () as line, ${join(columns)} from ${from} as row))
  ) to ${literal(folder)} ${ROWS_FORMAT}`);
}

/** Writes good rows into another folder, numbered again in the order of their times. */
export async function sortRows(db: Db, rows: Sql, folder: string): Promise<void> {
  await db.execute(sql`copy (
    select row_number() over () as line, * exclude (line)
    from (select * from ${goodRows(rows)} order by happened_at, line)
  ) to ${literal(folder)} ${ROWS_FORMAT}`);
}

/** Rows that were written, with every source column. */
export function writtenRows(files: Sql, { given }: RowsForm): Sql {
  const missing = SOURCE_TYPES.filter(([name]) => !given.includes(name))
    .map(([name, type]) => sql`null::${raw(type)} as ${ident(name)}`);
  return sql`(select ${join([raw("*"), ...missing])} from ${files})`;
}

/** Rows that become events, unless they are of robots. */
export function goodRows(rows: Sql): Sql {
  return sql`(select * from ${rows} where fault is null and apart is null)`;
}

/** Throws an ImportFault where rows are of several websites, and none of them was named. */
export async function requireOneWebsite(db: Db, rows: Sql, what: string): Promise<void> {
  const found = await db.execute(sql`
    select website, count(*) as times from ${rows} where website is not null
    group by website order by times desc, website limit 20`);
  if (found.length < 2) return;
  const list = found.map(({ website, times }) => `${website} (${times} ${what})`).join(", ");
  throw new ImportFault(
    `Cannot import: the files hold several websites: ${list}; name one with --website`,
  );
}

/** Counts rows that are no events. Throws an ImportFault where they are too many. */
export async function judge(
  db: Db,
  rows: Sql,
  { hasHeader = true }: Pick<Source, "hasHeader"> = {},
): Promise<Staged> {
  // A file that was read twice has its bad lines twice.
  const unread = await db.execute(sql`
    select line::bigint as line, any_value(error_message) as reason
    from reject_errors join reject_scans using (scan_id, file_id)
    group by file_path, line order by line`)
    .catch(() => []);
  const [count] = await db.execute(sql`
    select count(*) as rows, count(fault) as faults from ${rows}`);
  const faults = await db.execute(sql`
    select line, fault as reason from ${rows} where fault is not null
    order by line limit ${raw(String(REJECTS_KEPT_MAX))}`);
  const apart = await db.execute(sql`
    select apart, count(*) as rows from ${rows} where fault is null and apart is not null
    group by apart order by apart`);
  const lines = unread.map((row) => Number(row["line"]));
  const rejects = [
    ...unread.map((row) => ({ line: Number(row["line"]), reason: firstLineOf(row["reason"]) })),
    ...faults.map((row) => ({
      line: lineIn(Number(row["line"]) - (hasHeader ? 0 : 1), lines),
      reason: String(row["reason"]),
    })),
  ].sort((a, b) => a.line - b.line).slice(0, REJECTS_KEPT_MAX);
  const total = Number(count?.["rows"] ?? 0) + unread.length;
  const rejected = Number(count?.["faults"] ?? 0) + unread.length;
  checkBadRows(total, rejected, rejects);
  const byReason = apart.map((row) => [String(row["apart"]), Number(row["rows"])]);
  return { rows: total, rejected, rejects, apart: Object.fromEntries(byReason) };
}

/** Throws where rows that cannot be read are more than a few. */
export function checkBadRows(
  total: number,
  rejected: number,
  rejects: readonly RejectedRow[],
): void {
  if (rejected > Math.max(IMPORT_BAD_ROWS_MIN, total * IMPORT_BAD_ROWS_SHARE_MAX)) {
    throw new TooManyBadRows(total, rejected, rejects);
  }
}

/** Rows that cannot be read are more than a few. */
export class TooManyBadRows extends ImportFault {
  readonly rejects: readonly RejectedRow[];

  constructor(rows: number, rejected: number, rejects: readonly RejectedRow[]) {
    const [first] = rejects;
    super(
      `Cannot import: ${rejected} of ${rows} rows cannot be read, the first in line ${
        first?.line ?? 0
      }: ${first?.reason ?? ""}`,
    );
    this.rejects = rejects;
  }
}

/** The line of the n-th row that was read: after the header, and lines that were not. */
export function lineIn(row: number, unread: readonly number[]): number {
  let line = row + 1;
  for (const one of unread) if (one <= line) line++;
  return line;
}

/** DuckDB repeats the line itself, which may hold addresses. */
export function firstLineOf(reason: unknown): string {
  return String(reason).split("\n", 1)[0]?.replace(/\s*Original Line.*$/i, "").slice(0, 200) ?? "";
}
