// What an import holds, day by day, and what becomes of it: the answer of a dry run, and what is
// kept of an import that is over.
import type { FreeDays } from "../storage/history/history.ts";
import type { ColumnNote } from "./importer.ts";
import type { RejectedRow, RowsForm, Staged } from "./stage/rows.ts";
import type { StagedDay, Staging } from "./stage/stage.ts";
import type { StagedSums } from "./stage/sums.ts";

/** A UTC day of an import, of sums a local day. */
export interface ImportDay extends StagedDay {
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
  readonly days: readonly StagedDay[];
  /** What the rows are like that were written; null where there are sums. */
  readonly form: RowsForm | null;
  /** What sums of days have, by kind; missing where there are events. */
  readonly sums?: StagedSums["kinds"];
}

/** The whole report; fields are missing until they are known. */
export interface ImportReport extends Partial<Omit<ReadReport, "days" | "form">> {
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

/** What is kept of the reading. */
export function readReport(
  { rows, rejected, rejects, apart, days, form }: Staged & Pick<ReadReport, "days" | "form">,
  about: Pick<ReadReport, "tool" | "label" | "files" | "unused" | "columns">,
): ReadReport {
  const listed = rejects.slice(0, REJECTS_LISTED_MAX);
  return { ...about, rows, rejected, rejects: listed, apart, days, form };
}

/** The report of sums, which are counted already. */
export function sumsReport(
  { days, kinds, ...staged }: StagedSums,
  about: Pick<ReadReport, "tool" | "label" | "files" | "unused" | "columns">,
): ReadReport {
  const rejects = staged.rejects.slice(0, REJECTS_LISTED_MAX);
  return { ...about, ...staged, rejects, days, form: null, sums: kinds };
}

/** What becomes of the days, given which are free. */
export async function plannedReport(
  staging: Pick<Staging, "visitorsOf">,
  { form: _, ...read }: ReadReport,
  free: FreeDays,
): Promise<ImportReport & { readonly days: readonly ImportDay[] }> {
  const reason = (date: string) => read.sums ? free.reasonOfSums(date) : free.reason(date);
  const days = read.days.map((day) => ({ ...day, left_out: reason(day.date) }));
  const taken = days.filter(({ left_out }) => left_out === null);
  const sum = (name: "events" | "pageviews" | "visitors") =>
    taken.reduce((all, day) => all + day[name], 0);
  const visitors = read.sums
    ? sum("visitors")
    : await staging.visitorsOf(taken.map(({ date }) => date));
  const totals = { events: sum("events"), pageviews: sum("pageviews"), visitors };
  return { ...read, days, own_from: free.ownFrom, totals };
}
