// What an answer says of its request: the ranges it is about, the width of its buckets, and where
// something was chosen that the caller did not name.
import type { Range } from "../core/period.ts";
import type { Interval } from "../../dashboard/grammar/period.js";

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
  interval_widened: {
    code: "interval_widened",
    text: "Buckets are wider than a day: the range is longer than two years. interval=day has days",
  },
  match_weekday_ignored: {
    code: "match_weekday_ignored",
    text:
      "match_weekday has no effect: it takes whole days, and no range of your own to compare with",
  },
} as const satisfies Record<string, Note>;

/** A range as it is answered: instants of ISO 8601, the end exclusive. */
export interface ShownRange {
  readonly from: string;
  readonly to: string;
}

/** What an answer says of its request. */
export interface Meta {
  readonly range: ShownRange & { readonly timezone: string };
  readonly comparison_range?: ShownRange;
  readonly interval: Interval;
  readonly notes?: readonly Note[];
}

/** What a Meta is made of. */
export interface MetaSource {
  readonly range: Range;
  readonly zone: string;
  readonly comparison: Range | null;
  readonly interval: Interval;
  readonly notes: readonly Note[];
}

/** A range as it is answered. */
export function shownRange({ fromUs, toUs }: Range): ShownRange {
  return { from: new Date(fromUs / 1000).toISOString(), to: new Date(toUs / 1000).toISOString() };
}

/** The meta of an answer; `fixed` is the width of its buckets where it has one of its own. */
export function metaOf(
  { range, zone, comparison, interval, notes }: MetaSource,
  fixed?: Interval,
): Meta {
  const own = fixed ? notes.filter((note) => note !== NOTES.interval_widened) : notes;
  return {
    range: { ...shownRange(range), timezone: zone },
    ...(comparison ? { comparison_range: shownRange(comparison) } : {}),
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
    ...(meta.notes ? { "x-notes": meta.notes.map(({ code }) => code).join(", ") } : {}),
  };
}
