// How long visitor ids lasted at each time: the changes of a site's and of the server's settings,
// as they were recorded. What is said of a visitor over several days holds only where one id can
// have stood for the visitor all the while.
import { DAY_US, HOUR_US } from "../core/durations.ts";
import { periodOf, startOfPeriod } from "./id_period.ts";

/** From when on ids lasted so many UTC days; 0 where each event has an id of its own. */
export interface IdChange {
  readonly fromUs: number;
  readonly days: number;
}

/** How long the ids of a site last now, and lasted before. */
export interface IdLife {
  readonly days: number;
  /** Oldest first. Ids changed at each of these times, also where they go on to last as long. */
  readonly changes: readonly IdChange[];
  /** Before this nothing was recorded: ids are taken to have lasted as long as just after it. */
  readonly knownFromUs: number;
}

/** What is recorded of the ids of all sites. */
export interface ServerIds {
  /** Since when changes are recorded. */
  readonly sinceUs: number;
  /** Days are 0 while each event has an id of its own, and null while each site decides. */
  readonly changes: readonly { readonly fromUs: number; readonly days: 0 | null }[];
}

/** Most changes that are kept of a site; a page of settings makes few. */
const CHANGES_MAX = 100;

/** The life of ids that never changed. */
export function unchangedLife(days: number): IdLife {
  return { days, changes: [], knownFromUs: 0 };
}

/**
 * The changes of a site with one more. One that is taken back within the hour is none: the ids of
 * before go on.
 */
export function withIdChange(
  known: readonly IdChange[],
  before: number,
  { fromUs, days }: IdChange,
): readonly IdChange[] {
  const changes = known.length > 0 ? known : [{ fromUs: 0, days: before }];
  const last = changes.at(-1);
  const isTakenBack = last && last.fromUs > 0 && fromUs - last.fromUs < HOUR_US &&
    changes.at(-2)?.days === days;
  if (isTakenBack) return changes.slice(0, -1);
  return [...changes, { fromUs, days }].slice(-CHANGES_MAX);
}

/** Changes as they were stored; what cannot be read is left out. */
export function idChangesOf(stored: unknown): readonly IdChange[] {
  if (!Array.isArray(stored)) return [];
  return stored.filter((one: unknown): one is IdChange => {
    const { fromUs, days } = Object(one) as Record<string, unknown>;
    return typeof fromUs === "number" && typeof days === "number";
  });
}

/**
 * The life of a site's ids, which last `days` by its settings, from its own changes and those of
 * all sites. Ids that last longer than a day without a record were set up before there were any.
 */
export function lifeOf(
  days: number,
  ofSite: readonly IdChange[],
  { changes: ofAll, sinceUs }: ServerIds,
): IdLife {
  const own = ofSite.length > 0 ? ofSite : [{ fromUs: days === 1 ? 0 : sinceUs, days }];
  const knownFromUs = own[0]?.fromUs ?? 0;
  const times = [...new Set([...own, ...ofAll].map(({ fromUs }) => fromUs))].sort((a, b) => a - b);
  const at = <T extends { readonly fromUs: number }>(list: readonly T[], us: number) =>
    list.findLast(({ fromUs }) => fromUs <= us);
  const changes = times.map((fromUs) => ({
    fromUs,
    days: at(ofAll, fromUs)?.days ?? (at(own, fromUs) ?? own[0])?.days ?? days,
  }));
  return { days: changes.at(-1)?.days ?? days, changes, knownFromUs };
}

/** When an id that is in use at a time ends at the latest; a visit under way may outlast it. */
export function endOfIdUs({ days, changes, knownFromUs }: IdLife, us: number): number {
  const lasting = changes.findLast(({ fromUs }) => fromUs <= us) ?? changes[0] ?? { days };
  if (lasting.days === 0) return us;
  const period = periodOf(us / 1000, lasting.days);
  const next = changes.find(({ fromUs }) => fromUs > us && fromUs !== knownFromUs);
  return Math.min(startOfPeriod(period + 1, lasting.days) * 1000, next?.fromUs ?? Infinity);
}

/** The changes after a time and before another. */
export function changesBetween({ changes }: IdLife, fromUs: number, toUs: number) {
  return changes.filter((change) => change.fromUs > fromUs && change.fromUs < toUs);
}

/**
 * Whether two events of one visitor within a range, at most `apartUs` apart, may have two ids. A
 * visit keeps its id, so that a day apart counts as none where ids last a day.
 */
export function outlastsIds(
  life: IdLife,
  { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
  apartUs = Infinity,
): boolean {
  const lengthUs = Math.min(apartUs, toUs - fromUs);
  return lengthUs > life.days * DAY_US || changesBetween(life, fromUs, toUs).length > 0;
}
