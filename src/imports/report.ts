// What an import holds, day by day, and what becomes of it: the answer of a dry run, and what is
// kept of an import that is over.
import { PAGEVIEW } from "../core/event.ts";
import { sql } from "../core/sql.ts";
import type { Db } from "../storage/duckdb.ts";
import type { FreeDays } from "../storage/history/history.ts";
import { literal, literalPath } from "../storage/parquet/schema.ts";
import type { ColumnNote } from "./importer.ts";
import type { RejectedRow, Staged } from "./stage/stage.ts";

/** A UTC day of an import. */
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
}

/** The whole report; fields are missing until they are known. */
export interface ImportReport extends Partial<Omit<ReadReport, "days">> {
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

/** Counts the staged events by day. */
export async function readReport(
  db: Db,
  stagedPath: string,
  staged: Staged,
  about: Pick<ReadReport, "tool" | "label" | "files" | "unused" | "columns">,
): Promise<ReadReport> {
  const days = await db.query(sql`
    select strftime(timestamp, '%Y-%m-%d') as date, count(*) as events,
      count(*) filter (event_name = ${PAGEVIEW}) as pageviews,
      count(distinct visitor_id) as visitors
    from read_parquet(${literal(literalPath(stagedPath))})
    group by date order by date`);
  return {
    ...about,
    rows: staged.rows,
    rejected: staged.rejected,
    rejects: staged.rejects.slice(0, REJECTS_LISTED_MAX),
    apart: staged.apart,
    days: days.map((row) => ({
      date: String(row["date"]),
      events: Number(row["events"]),
      pageviews: Number(row["pageviews"]),
      visitors: Number(row["visitors"]),
    })),
  };
}

/** What becomes of the days, given which are free. */
export async function plannedReport(
  db: Db,
  stagedPath: string,
  read: ReadReport,
  free: FreeDays,
): Promise<ImportReport & { readonly days: readonly ImportDay[] }> {
  const days = read.days.map((day) => ({ ...day, left_out: free.reason(day.date) }));
  const taken = days.filter(({ left_out }) => left_out === null);
  const [row] = await db.query(sql`
    select count(distinct visitor_id) as visitors
    from read_parquet(${literal(literalPath(stagedPath))})
    where strftime(timestamp, '%Y-%m-%d') = any(${taken.map(({ date }) => date)})`);
  const sum = (name: "events" | "pageviews") => taken.reduce((all, day) => all + day[name], 0);
  const totals = {
    events: sum("events"),
    pageviews: sum("pageviews"),
    visitors: Number(row?.["visitors"] ?? 0),
  };
  return { ...read, days, own_from: free.ownFrom, totals };
}
