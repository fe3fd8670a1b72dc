// What an answer says of its request: the ranges it is about, the width of its buckets, and where
// something was chosen that the caller did not name.
import type { Range } from "../core/period.ts";
import type { Interval } from "../../dashboard/grammar/period.js";
import type { ImportedMeta } from "./sums/told.ts";

/** One remark: a name for programs and a sentence for people. */
export interface Note {
  readonly code: string;
  readonly text: string;
}

/** Every remark. */
export const NOTES = {
  comparison_cut: {
    code: "comparison_cut",
    text:
      "The earlier range is cut to the elapsed time of this one. compare_full=true has it whole",
  },
  comparison_incomplete: {
    code: "comparison_incomplete",
    text: "The site's data begins after the earlier range does, at data_from: changes since that " +
      "range say little",
  },
  ids_changed: {
    code: "ids_changed",
    text: "Visitor ids changed within these ranges: who came before and after counts twice, and " +
      "visitors of both sides may not be comparable",
  },
  interval_widened: {
    code: "interval_widened",
    text: "Buckets are wider than a day: the range is longer than two years. interval=day has days",
  },
  match_weekday_ignored: {
    code: "match_weekday_ignored",
    text:
      "match_weekday has no effect: it takes whole days, and no range of your own to compare with",
  },
  visitors_summed: {
    code: "visitors_summed",
    text: "Visitors of imported days are a sum: who came on several of them is counted on each",
  },
} as const satisfies Record<string, Note>;

/** A range as it is answered: instants of ISO 8601, the end exclusive. */
export interface ShownRange {
  readonly from: string;
  readonly to: string;
}

/** What an answer says of its request. */
export interface Meta extends ImportedMeta {
  readonly range: ShownRange & { readonly timezone: string };
  readonly comparison_range?: ShownRange;
  /** When the site's data begins, where the comparison begins well before. */
  readonly data_from?: string;
  readonly interval: Interval;
  readonly notes?: readonly Note[];
}

/** What a Meta is made of. */
export interface MetaSource {
  readonly range: Range;
  readonly zone: string;
  readonly comparison: Range | null;
  readonly dataFromUs?: number | null;
  readonly interval: Interval;
  readonly notes: readonly Note[];
}

/** A range as it is answered. */
export function shownRange({ fromUs, toUs }: Range): ShownRange {
  return { from: new Date(fromUs / 1000).toISOString(), to: new Date(toUs / 1000).toISOString() };
}

/** The meta of an answer; `fixed` is the width of its buckets where it has one of its own. */
export function metaOf(
  { range, zone, comparison, dataFromUs = null, interval, notes }: MetaSource,
  fixed?: Interval,
): Meta {
  const own = fixed ? notes.filter((note) => note !== NOTES.interval_widened) : notes;
  return {
    range: { ...shownRange(range), timezone: zone },
    ...(comparison ? { comparison_range: shownRange(comparison) } : {}),
    ...(dataFromUs === null ? {} : { data_from: new Date(dataFromUs / 1000).toISOString() }),
    interval: fixed ?? interval,
    ...(own.length > 0 ? { notes: own } : {}),
  };
}

/** The same as headers, for answers that are lists. */
export function metaHeaders(meta: Meta): Record<string, string> {
  const span = ({ from, to }: ShownRange) => `${from}/${to}`;
  return {
    "x-range": span(meta.range),
    "x-interval": meta.interval,
    ...(meta.comparison_range ? { "x-comparison-range": span(meta.comparison_range) } : {}),
    ...(meta.imported ? { "x-imported": spans(meta.imported) } : {}),
    ...(meta.left_out ? { "x-left-out": spans(meta.left_out) } : {}),
    ...(meta.notes ? { "x-notes": meta.notes.map(({ code }) => code).join(", ") } : {}),
  };
}

function spans(days: readonly { readonly from: string; readonly to: string }[]): string {
  return [...new Set(days.map(({ from, to }) => `${from}/${to}`))].join(", ");
}

/** A meta with what is to be said of imported days. */
export function withNotes(meta: Meta, imported: ImportedMeta): Meta {
  const isSummed = imported.imported?.some(({ days, metrics }) =>
    days > 1 && metrics.includes("visitors")
  );
  const notes = [...meta.notes ?? [], ...isSummed ? [NOTES.visitors_summed] : []];
  return { ...meta, ...imported, ...notes.length > 0 ? { notes } : {} };
}

/** An answer that is an object says it itself, in its own meta; others in headers alone. */
export function withImported(answer: unknown, meta: Meta, imported: ImportedMeta): unknown {
  if (!imported.imported && !imported.left_out) return answer;
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) return answer;
  return { ...answer, meta: withNotes(meta, imported) };
}
