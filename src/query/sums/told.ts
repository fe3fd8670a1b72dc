// What an answer says of imported days: which of them are in it, with which metrics, and which are
// left out, and why.
import type { MetricName } from "../metrics.ts";
import type { SummedImport } from "../../storage/history/sums_ops.ts";

/** Why sums of imported days are not in an answer. */
export const LEFT_OUT = {
  dimension: "the import has no sums by these dimensions together",
  filter: "the import has no sums by what the filter and the dimensions name, together",
  time: "the import has sums of whole days, and no hours",
  part_of_day: "the range has only a part of these days",
  metrics: "the import has not counted these metrics",
  report: "the report needs single events, and the import has sums only",
  public: "whole referrers are shown to the site's owners only",
} as const;

/** A reason of LEFT_OUT. */
export type LeftOutReason = keyof typeof LEFT_OUT;

/** Days of an import: local dates, both included, and how many of them it has. */
export interface ImportedDays {
  readonly import: string;
  readonly label: string;
  readonly from: string;
  readonly to: string;
  readonly days: number;
}

/** Days whose sums are in an answer. */
export interface Added extends ImportedDays {
  readonly metrics: readonly MetricName[];
}

/** Days, or metrics of days, that are not in an answer. */
export interface LeftOut extends ImportedDays {
  readonly reason: LeftOutReason;
  readonly text: string;
  /** The metrics that lack them; all where this is missing. */
  readonly metrics?: readonly MetricName[];
}

/** The part of an answer's meta about imported days; fields are there where they are not empty. */
export interface ImportedMeta {
  readonly imported?: readonly Added[];
  readonly left_out?: readonly LeftOut[];
}

/** Collects it while a report runs. */
export class Told {
  readonly #added = new Map<string, Added>();
  readonly #leftOut = new Map<string, LeftOut>();
  /** Whether the report has read events by itself, which no sums can be added to. */
  readsEvents = false;

  /** Sums of days are in the answer. */
  add(of: SummedImport, dates: readonly string[], metrics: readonly MetricName[]): void {
    const days = daysOf(of, dates);
    const key = JSON.stringify(days);
    const known = this.#added.get(key)?.metrics ?? [];
    this.#added.set(key, { ...days, metrics: [...new Set([...known, ...metrics])] });
  }

  /** Sums of days are not in it. */
  leave(
    of: SummedImport,
    dates: readonly string[],
    reason: LeftOutReason,
    metrics?: readonly MetricName[],
  ): void {
    if (dates.length === 0) return;
    const days = daysOf(of, dates);
    const key = JSON.stringify([days, reason]);
    const known = this.#leftOut.get(key)?.metrics ?? [];
    const lacking = metrics ? { metrics: [...new Set([...known, ...metrics])] } : {};
    this.#leftOut.set(key, { ...days, reason, text: LEFT_OUT[reason], ...lacking });
  }

  /** What there is to say. */
  get meta(): ImportedMeta {
    const [imported, left_out] = [[...this.#added.values()], [...this.#leftOut.values()]];
    return {
      ...imported.length > 0 ? { imported } : {},
      ...left_out.length > 0 ? { left_out } : {},
    };
  }
}

function daysOf({ id, label }: SummedImport, dates: readonly string[]): ImportedDays {
  return { import: id, label, from: dates[0] ?? "", to: dates.at(-1) ?? "", days: dates.length };
}
