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

/** A table of the visits of days that no file holds yet. */
export interface Recent {
  readonly table: string;
  /** Days of the table and later ones, whose visits are all in it but for `hasLater`. */
  readonly days: readonly { readonly day: number; readonly startUs: number }[];
  /** It was made of events up to this time. */
  readonly toUs: number;
  /** Whether there are later events; the visits of their visitors are not those of the table. */
  readonly hasLater: boolean;
}

/** The part of a range that a table of recent visits answers, up to the range's end. */
export interface RecentPart extends Omit<Recent, "days"> {
  readonly first: number;
  readonly startUs: number;
}

/** Days whose edges are read, and the files that hold them: mostly one, whatever the range. */
export interface Edge {
  readonly first: number;
  readonly last: number;
  readonly paths: readonly string[];
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
   * Days whose edges tell which visitors of the last of `events`, or of `recent`, are in the terms,
   * too: both numbers of days are included. Null where no visitor can be.
   */
  readonly edge: Edge | null;
  /** What recent visits answer after the terms, instead of the last of `events`. */
  readonly recent: RecentPart | null;
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
export function splitOf(
  range: Range,
  site: SiteRollups,
  by: SplitBy,
  known: Recent | null = null,
): Split | null {
  const run = longestRun(usableDays(range, site, by));
  const [first, last] = [run[0], run.at(-1)];
  if (!first || !last) return null;
  if (by.isKeyed) return withoutOverlaps(range, run, by, known);
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
  let recent: RecentPart | null = null;
  if (last.endUs < range.toUs) {
    const seenFromUs = firstSeenUs(last.endUs, site, by, run);
    const start = run.findLast((day) => day.startUs <= seenFromUs);
    const shared = run.filter((day) => day.endUs > seenFromUs);
    const isOfAll = start !== undefined || first.startUs === range.fromUs;
    // With a long reach the key of every visitor would be kept, for many days.
    if (isOfAll && site.reachDays === 0 && shared.every((day) => day.hasEdge)) {
      if (shared[0]) edge = { first: shared[0].day, last: last.day, paths: pathsOf(shared) };
      recent = recentFrom(last.endUs, range, known);
      if (!recent) events.push(part(last.endUs, range.toUs));
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
  return { events, terms, paths: pathsOf(run), firstLocalDay, edge, recent };
}

/** The files of sums of some days. */
function pathsOf(days: readonly RollupDay[]): string[] {
  return [...new Set(days.map(({ path }) => path))];
}

/** The split where nothing that is counted can be in two parts. */
function withoutOverlaps(
  range: Range,
  run: readonly RollupDay[],
  { zone }: SplitBy,
  known: Recent | null,
): Split | null {
  const [first, last] = [run[0], run.at(-1)];
  if (!first || !last) return null;
  const recent = recentFrom(last.endUs, range, known);
  return {
    events: around(range, first.startUs, last.endUs, recent),
    recent,
    terms: [{ sign: 1, first: first.day, last: last.day }],
    paths: pathsOf(run),
    edge: null,
    firstLocalDay: dayOfDate(localDate(zone, range.fromUs)),
  };
}

/** What of a range is before some days, and after them where no recent visits answer it. */
function around(
  range: Range,
  startUs: number,
  endUs: number,
  recent: RecentPart | null,
): Range[] {
  const after = recent ? [] : [part(endUs, range.toUs)];
  return [part(range.fromUs, startUs), ...after].filter(({ fromUs, toUs }) => fromUs < toUs);
}

/** Recent visits from a time on, if they answer the rest of a range. */
function recentFrom(us: number, range: Range, known: Recent | null): RecentPart | null {
  // Visits of the table may have ended with any event of it.
  if (!known || range.toUs <= known.toUs || us >= range.toUs) return null;
  const day = known.days.find(({ startUs }) => startUs === us);
  if (!day) return null;
  const { table, toUs, hasLater } = known;
  return { table, toUs, hasLater, first: day.day, startUs: us };
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
  /** What recent visits answer after those days. */
  readonly recent: RecentPart | null;
}

/**
 * Which days of a split hold every visitor of them who may be in its other parts, too, as numbers
 * of the first and the last; null where sums of its days and those parts cannot be told apart.
 */
export function overlapsOf(
  range: Range,
  { days, first, last }: VisitSplit,
  site: SiteRollups,
  by: SplitBy,
): { readonly first: number; readonly last: number }[] | null {
  const [start, end] = [days[0], days.at(-1)];
  if (by.isKeyed || !start || !end) return null;
  const overlaps: { first: number; last: number }[] = [];
  if (range.fromUs < start.startUs) {
    const known = days.findLast((day) => day.startUs < start.startUs + reachUs(site, by));
    overlaps.push({ first, last: known?.day ?? last });
  }
  if (end.endUs < range.toUs) {
    if (site.foreignToUs > end.endUs) return null;
    const seenFromUs = firstSeenUs(end.endUs, site, by, days);
    const known = days.find((day) => day.endUs > seenFromUs);
    if (known) overlaps.push({ first: known.day, last });
  }
  return overlaps;
}

/** Splits a range by days of visits, or returns null where they would save nothing. */
export function visitSplitOf(
  range: Range,
  site: SiteRollups,
  by: SplitBy,
  known: Recent | null = null,
): VisitSplit | null {
  const run = longestRun(usableDays(range, site, by));
  const [first, last] = [run[0], run.at(-1)];
  const recentUs = last?.endUs ?? known?.days.find((day) => day.startUs >= range.fromUs)?.startUs;
  const recent = recentUs === undefined ? null : recentFrom(recentUs, range, known);
  const startUs = first?.startUs ?? recent?.startUs;
  if (startUs === undefined) return null;
  return {
    events: around(range, startUs, last?.endUs ?? startUs, recent),
    first: first?.day ?? 0,
    last: last?.day ?? -1,
    days: run,
    paths: [...new Set(run.map(({ visitsPath }) => visitsPath))],
    firstLocalDay: dayOfDate(localDate(by.zone, range.fromUs)),
    recent,
  };
}

/** The days of a range that have rollups that hold. */
function usableDays(range: Range, site: SiteRollups, by: SplitBy): RollupDay[] {
  return site.days.filter((day) =>
    day.startUs >= range.fromUs && day.endUs <= range.toUs && isUsable(day, by)
  );
}

/** The day with rollups that hold, of which a range is a part; undefined where there is none. */
export function dayAround(
  { fromUs, toUs }: Range,
  site: SiteRollups,
  by: SplitBy,
): RollupDay | undefined {
  return site.days.find((day) => day.startUs <= fromUs && toUs <= day.endUs && isUsable(day, by));
}

function isUsable(day: RollupDay, { rules, hotFromUs }: SplitBy): boolean {
  return day.rules === rules && day.readsToUs <= hotFromUs;
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
