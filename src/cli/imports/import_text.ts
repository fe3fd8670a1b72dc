// An import as text for a terminal: what it found, what it takes and what it leaves.
import type { ShownImport } from "../../imports/list.ts";
import type { ImportReport } from "../../imports/report.ts";

const DAYS_LISTED_MAX = 60;

/** The whole of an import. */
export function importText(shown: ShownImport, isRepeated = false): string {
  const { id, site_id, state, report } = shown;
  const lines = [
    isRepeated && state === "done"
      ? `These files were imported before, as ${id}: nothing was added`
      : `Import ${id} into ${site_id}: ${state}`,
    ...report.error === undefined ? [] : [report.error],
    ...report.tool === undefined ? rejectLines(report) : reportLines(report),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** One import in a list. */
export function importLine({ id, site_id, state, report }: ShownImport): string {
  const { tool = "-", totals, days = [] } = report;
  const taken = days.filter(({ left_out }) => left_out === null);
  const span = taken.length === 0 ? "-" : `${taken[0]?.date} ${taken.at(-1)?.date}`;
  return `${id} ${site_id} ${state} ${tool} ${span} ${totals?.events ?? 0} events\n`;
}

function reportLines(report: ImportReport): string[] {
  const { label, files = [], rows = 0, apart = {}, columns = [], days = [], totals } = report;
  const left = days.filter(({ left_out }) => left_out !== null);
  return [
    `${label}: ${files.join(", ")}`,
    `Rows: ${rows}, of which rejected: ${report.rejected}` +
    Object.entries(apart).map(([why, count]) => `, set apart (${why}): ${count}`).join(""),
    ...rejectLines(report),
    ...report.unused?.map((name) => `Not read: ${name}`) ?? [],
    ...columns.map(({ from, to, note }) =>
      `  ${from} -> ${to ?? "not kept"}${note === undefined ? "" : ` (${note})`}`
    ),
    ...days.slice(0, DAYS_LISTED_MAX).map(({ date, events, pageviews, visitors, left_out }) =>
      `  ${date}: ${events} events, ${pageviews} pageviews, ${visitors} visitors` +
      (left_out === null ? "" : ` - left out, ${WHY[left_out]}`)
    ),
    ...days.length > DAYS_LISTED_MAX ? [`  … and ${days.length - DAYS_LISTED_MAX} more days`] : [],
    ...left.length > 0 ? [`Days left out: ${left.length}; --days empty or all takes more`] : [],
    `Total: ${totals?.events} events, ${totals?.pageviews} pageviews, ${totals?.visitors} visitors`,
  ];
}

const WHY = {
  own: "the site has events of its own from then on",
  imported: "another import has this day",
} as const;

function rejectLines({ rejects = [] }: ImportReport): string[] {
  return rejects.map(({ line, reason }) => `  line ${line}: ${reason}`);
}
