// Which part of a query's range its rollups answer, and which its events. Pure.
//
// With the closed days A in the middle, the whole is H + A + T − h − t for everything that is
// counted: H and T are answered from events, and overlap A by the days h and t. The overlaps reach
// as far as one visitor can be seen, so that whoever is in A and in T is in t as well; then the
// visitors of the whole are |H| + |A| + |T| − |h| − |t| too, exactly.
import { dayOfDate } from "../../../dashboard/grammar/days.js";
import { DAY_US } from "../../core/durations.ts";
import type { Range } from "../../core/period.ts";
import { localDate } from "../../core/zone.ts";
import { firstSightingUs } from "../../sites/id_period.ts";
import type { RollupDay, SiteRollups } from "../../storage/state/ops/rollup_ops.ts";

/** Days whose rows are added (1) or taken away (-1). Both numbers of days are included. */
export interface Term {
  readonly sign: 1 | -1;
  readonly first: number;
  readonly last: number;
}

/** A range in two kinds of parts. */
export interface Split {
  /** Ranges that events answer. */
  readonly events: readonly Range[];
  /** What rollups answer. */
  readonly terms: readonly Term[];
  /** The files that hold the terms' days. */
  readonly paths: readonly string[];
  /**
   * Days whose edges tell which visitors of the last of `events` are in the terms, too: both
   * numbers of days are included. Null where no visitor can be.
   */
  readonly edge: { readonly first: number; readonly last: number } | null;
  /** Days since 1970 of the local date on which the range begins. */
  readonly firstLocalDay: number;
}

/** What is known of a site when its range is split. */
export interface SplitBy {
  readonly rules: string;
  readonly zone: string;
  readonly idDays: number;
  /** Events before this time are all in files. */
  readonly hotFromUs: number;
  /** Whether only visitors of single days are counted by the sums, if at all. */
  readonly isKeyed: boolean;
}

/** Splits a range, or returns null where rollups would save nothing. */
export function splitOf(range: Range, site: SiteRollups, by: SplitBy): Split | null {
  const run = longestRun(usableDays(range, site, by));
  const [first, last] = [run[0], run.at(-1)];
  if (!first || !last) return null;
  if (by.isKeyed) return withoutOverlaps(range, run, by);
  if (site.foreignToUs > last.endUs && last.endUs < range.toUs) return null;
  const events: Range[] = [];
  const terms: Term[] = [{ sign: 1, first: first.day, last: last.day }];
  if (first.startUs > range.fromUs) {
    const overlap = run.filter((day) => day.startUs < first.startUs + reachUs(site, by));
    const end = overlap.at(-1) ?? first;
    events.push(part(range.fromUs, end.endUs));
    terms.push({ sign: -1, first: first.day, last: end.day });
  }
  let edge: Split["edge"] = null;
  if (last.endUs < range.toUs) {
    const seenFromUs = firstSeenUs(last.endUs, site, by, run);
    const start = run.findLast((day) => day.startUs <= seenFromUs);
    const shared = run.filter((day) => day.endUs > seenFromUs);
    const isOfAll = start !== undefined || first.startUs === range.fromUs;
    // With a long reach the key of every visitor would be kept, for many days.
    if (isOfAll && site.reachDays === 0 && shared.every((day) => day.hasEdge)) {
      if (shared[0]) edge = { first: shared[0].day, last: last.day };
      events.push(part(last.endUs, range.toUs));
    } else {
      if (!start) return null;
      terms.push({ sign: -1, first: start.day, last: last.day });
      events.push(part(start.startUs, range.toUs));
    }
  }
  if (
    events.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0) >= range.toUs - range.fromUs
  ) {
    return null;
  }
  const firstLocalDay = dayOfDate(localDate(by.zone, range.fromUs));
  return { events, terms, paths: [...new Set(run.map(({ path }) => path))], firstLocalDay, edge };
}

/** The split where nothing that is counted can be in two parts. */
function withoutOverlaps(range: Range, run: readonly RollupDay[], { zone }: SplitBy): Split | null {
  const [first, last] = [run[0], run.at(-1)];
  if (!first || !last) return null;
  return {
    events: around(range, first, last),
    terms: [{ sign: 1, first: first.day, last: last.day }],
    paths: [...new Set(run.map(({ path }) => path))],
    edge: null,
    firstLocalDay: dayOfDate(localDate(zone, range.fromUs)),
  };
}

/** What of a range is before some days, and after them. */
function around(range: Range, first: RollupDay, last: RollupDay): Range[] {
  return [part(range.fromUs, first.startUs), part(last.endUs, range.toUs)]
    .filter(({ fromUs, toUs }) => fromUs < toUs);
}

/** A range in days whose visits are in files, and ranges that events answer. */
export interface VisitSplit {
  readonly events: readonly Range[];
  /** Both numbers of days are included. */
  readonly first: number;
  readonly last: number;
  /** Those days. */
  readonly days: readonly RollupDay[];
  readonly paths: readonly string[];
  /** Days since 1970 of the local date on which the range begins. */
  readonly firstLocalDay: number;
}

/** Splits a range by days of visits, or returns null where they would save nothing. */
export function visitSplitOf(range: Range, site: SiteRollups, by: SplitBy): VisitSplit | null {
  const run = longestRun(usableDays(range, site, by));
  const [first, last] = [run[0], run.at(-1)];
  if (!first || !last) return null;
  return {
    events: around(range, first, last),
    first: first.day,
    last: last.day,
    days: run,
    paths: [...new Set(run.map(({ visitsPath }) => visitsPath))],
    firstLocalDay: dayOfDate(localDate(by.zone, range.fromUs)),
  };
}

/** The days of a range that have rollups that hold. */
function usableDays(range: Range, site: SiteRollups, by: SplitBy): RollupDay[] {
  return site.days.filter((day) =>
    day.startUs >= range.fromUs && day.endUs <= range.toUs && day.rules === by.rules &&
    day.readsToUs <= by.hotFromUs
  );
}

function part(fromUs: number, toUs: number): Range {
  return { fromUs, toUs, dates: null };
}

/** The longest run of days that follow each other. */
function longestRun(days: readonly RollupDay[]): readonly RollupDay[] {
  let best = { from: 0, to: 0 };
  let from = 0;
  days.forEach((day, index) => {
    if (days[index - 1]?.endUs !== day.startUs) from = index;
    if (index + 1 - from > best.to - best.from) best = { from, to: index + 1 };
  });
  return days.slice(best.from, best.to);
}

/** How far apart one visitor of the site can be seen. */
function reachUs(site: SiteRollups, { idDays }: SplitBy): number {
  const idsUs = idDays === 0 ? 0 : 2 * idDays * DAY_US;
  return Math.max(idsUs, (site.reachDays + 1) * DAY_US);
}

/** No visitor that is seen at a time or later was seen before this. */
function firstSeenUs(
  us: number,
  site: SiteRollups,
  by: SplitBy,
  run: readonly RollupDay[],
): number {
  const lengths = new Set([by.idDays, ...run.map(({ idDays }) => idDays)]);
  const starts = [...lengths].map((days) => firstSightingUs(us, days));
  if (site.reachDays > 0) starts.push(us - (site.reachDays + 1) * DAY_US);
  return Math.min(us, ...starts);
}
