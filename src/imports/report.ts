// What an import holds, day by day, and what becomes of it: the answer of a dry run, and what is
// kept of an import that is over.
import { PAGEVIEW } from "../core/event.ts";
import { join, type Sql, sql } from "../core/sql.ts";
import type { Db } from "../storage/duckdb.ts";
import type { FreeDays } from "../storage/history/history.ts";
import { literal, literalPath } from "../storage/parquet/schema.ts";
import type { ColumnNote } from "./importer.ts";
import type { DayRun, RejectedRow, Staged } from "./stage/stage.ts";
import type { StagedSums } from "./stage/sums.ts";

/** A UTC day of an import, of sums a local day. */
export interface ImportDay {
  readonly date: string;
  readonly events: number;
  readonly pageviews: number;
  readonly visitors: number;
  /** Why it is left out: the site has events of its own then, or another import has; else null. */
  readonly left_out: "own" | "imported" | null;
}

/** Sums of what is taken. */
export interface ImportTotals {
  readonly events: number;
  readonly pageviews: number;
  readonly visitors: number;
}

/** What the files hold, once they are read. */
export interface ReadReport {
  readonly tool: string;
  readonly label: string;
  readonly files: readonly string[];
  /** Files that the tool's importer does not read. */
  readonly unused: readonly string[];
  readonly rows: number;
  readonly rejected: number;
  /** The first rejected rows; the others are in the rejects file. */
  readonly rejects: readonly RejectedRow[];
  /** Rows that were set apart, by reason. */
  readonly apart: Readonly<Record<string, number>>;
  readonly columns: readonly ColumnNote[];
  readonly days: readonly Omit<ImportDay, "left_out">[];
  /** Files of the events, by the days that each holds. */
  readonly runs: readonly DayRun[];
  /** What sums of days have, by kind; missing where there are events. */
  readonly sums?: StagedSums["kinds"];
}

/** The whole report; fields are missing until they are known. */
export interface ImportReport extends Partial<Omit<ReadReport, "days" | "runs">> {
  readonly phase?: "reading" | "writing" | "over";
  readonly days?: readonly ImportDay[];
  /** UTC date of the site's first own event. */
  readonly own_from?: string | null;
  /** What is, or would be, added. */
  readonly totals?: ImportTotals;
  /** Whether the import brought the site. */
  readonly new_site?: boolean;
  readonly error?: string;
  /** How often it was tried and failed for a reason that is not the files'. */
  readonly attempts?: number;
}

const REJECTS_LISTED_MAX = 20;

/** The events of some runs in a folder. */
export function stagedEvents(folder: string, runs: readonly DayRun[]): Sql {
  const paths = runs.map(({ file }) => literal(literalPath(`${folder}/${file}`)));
  return sql`read_parquet([${join(paths)}])`;
}

/** Counts the staged events by day. */
export async function readReport(
  db: Db,
  folder: string,
  { runs, ...staged }: Staged & Pick<ReadReport, "runs">,
  about: Pick<ReadReport, "tool" | "label" | "files" | "unused" | "columns">,
): Promise<ReadReport> {
  const days: Omit<ImportDay, "left_out">[] = [];
  for (const run of runs) {
    const rows = await db.query(sql`
      select strftime(timestamp, '%Y-%m-%d') as date, count(*) as events,
        count(*) filter (event_name = ${PAGEVIEW}) as pageviews,
        count(distinct hash(visitor_id)) as visitors
      from ${stagedEvents(folder, [run])}
      group by date order by date`);
    days.push(...rows.map((row) => ({
      date: String(row["date"]),
      events: Number(row["events"]),
      pageviews: Number(row["pageviews"]),
      visitors: Number(row["visitors"]),
    })));
  }
  return {
    ...about,
    rows: staged.rows,
    rejected: staged.rejected,
    rejects: staged.rejects.slice(0, REJECTS_LISTED_MAX),
    apart: staged.apart,
    days,
    runs,
  };
}

/** The report of sums, which are counted already. */
export function sumsReport(
  { days, kinds, ...staged }: StagedSums,
  about: Pick<ReadReport, "tool" | "label" | "files" | "unused" | "columns">,
): ReadReport {
  const rejects = staged.rejects.slice(0, REJECTS_LISTED_MAX);
  return { ...about, ...staged, rejects, days, runs: [], sums: kinds };
}

/** What becomes of the days, given which are free. */
export async function plannedReport(
  db: Db,
  folder: string,
  { runs, ...read }: ReadReport,
  free: FreeDays,
): Promise<ImportReport & { readonly days: readonly ImportDay[] }> {
  const reason = (date: string) => read.sums ? free.reasonOfSums(date) : free.reason(date);
  const days = read.days.map((day) => ({ ...day, left_out: reason(day.date) }));
  const taken = days.filter(({ left_out }) => left_out === null);
  const dates = taken.map(({ date }) => date);
  // Grouping spills to disk where it is large; counting distinct values does not.
  const [row] = runs.length === 0 ? [] : await db.query(sql`
    select count(*) as visitors from (
      select hash(visitor_id) as visitor from ${stagedEvents(folder, runs)}
      where strftime(timestamp, '%Y-%m-%d') = any(${dates}) group by visitor)`);
  const sum = (name: "events" | "pageviews" | "visitors") =>
    taken.reduce((all, day) => all + day[name], 0);
  const visitors = read.sums ? sum("visitors") : Number(row?.["visitors"] ?? 0);
  const totals = { events: sum("events"), pageviews: sum("pageviews"), visitors };
  return { ...read, days, own_from: free.ownFrom, totals };
}
