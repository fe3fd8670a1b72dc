// CSV files of Google Analytics 4 as its pages make them, and the same numbers as plain rows.
import { seededRandom } from "../fake_system.ts";

/** A row of an exploration. */
export interface ExploredRow {
  readonly date: string;
  readonly values: readonly string[];
  readonly counts: readonly number[];
}

/** Rows of some dates and values; every number is from the seed. */
export function exploredRows(
  dates: readonly string[],
  values: readonly (readonly string[])[],
  counts: number,
  seed = 3,
): ExploredRow[] {
  const random = seededRandom(seed);
  const number = () => 1 + (random.bytes(4).reduce((sum, byte) => sum * 7 + byte, 0) % 5000);
  return dates.flatMap((date) =>
    values.map((one) => ({ date, values: one, counts: Array.from({ length: counts }, number) }))
  );
}

/** How an exploration is written. */
export interface Written {
  readonly delimiter?: string;
  readonly end?: string;
  readonly date?: (date: string) => string;
  readonly count?: (count: number) => string;
}

/** A free form exploration, with its row of totals. */
export function exploration(
  names: readonly string[],
  rows: readonly ExploredRow[],
  { delimiter = ",", end = "\n", date = (text) => text.replaceAll("-", ""), count = String }:
    Written = {},
): string {
  const dates = rows.map((row) => row.date.replaceAll("-", "")).sort();
  const cell = (text: string) => /[",;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const totals = (rows[0]?.counts ?? []).map((_, at) =>
    rows.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0)
  );
  const lines = [
    ["# ----------------------------------------"],
    ["# example.com - GA4"],
    ["# Free form-Free form 1"],
    [`# ${dates[0]}-${dates.at(-1)}`],
    ["# ----------------------------------------"],
    [""],
    names.map(cell),
    ["", ...(rows[0]?.values ?? []).map(() => ""), ...totals.map(String), "Grand total"],
    ...rows.map((row) => [date(row.date), ...row.values, ...row.counts.map(count)].map(cell)),
  ];
  return lines.map((cells) => cells.join(delimiter) + end).join("");
}

/** A report of the Reports pages: comments, then tables. */
export function report(
  { from, to, tables }: {
    readonly from: string;
    readonly to: string;
    readonly tables: readonly string[];
  },
): string {
  const comments = [
    "# ----------------------------------------",
    "# Reports snapshot",
    "# Account: Example",
    "# Property: example.com - GA4",
    "# ----------------------------------------",
    "#",
    "# All Users",
    `# Start date: ${from.replaceAll("-", "")}`,
    `# End date: ${to.replaceAll("-", "")}`,
  ];
  return [comments.join("\n"), ...tables].join("\n\n") + "\n";
}
