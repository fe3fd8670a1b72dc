// Time zones from Intl: the offsets that hold over a span, and local dates as UTC instants. The
// only place that knows about daylight saving. Times are whole microseconds since 1970 UTC.
import { dateOfDay, dayOfDate } from "../../dashboard/grammar/days.js";
import { DAY_US, HOUR_US, MINUTE_US, SECOND_US } from "./durations.ts";
import { LruCache } from "./lru_cache.ts";

/** An offset that holds from an instant on: local time = UTC + `offsetUs`. */
export interface OffsetTransition {
  readonly fromUs: number;
  readonly offsetUs: number;
}

/** Whether Intl knows the zone by this name. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The zone's offset at an instant as a function of the instant. */
function offsetFinder(zone: string): (us: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  return (us) => {
    const text = format.format(Math.floor(us / 1000));
    const match = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text);
    if (!match) throw new RangeError(`Cannot read the offset of ${zone}: "${text}"`);
    const [, sign, hours, minutes, seconds] = match;
    const size = Number(hours ?? 0) * HOUR_US + Number(minutes ?? 0) * MINUTE_US +
      Number(seconds ?? 0) * SECOND_US;
    return sign === "-" ? -size : size;
  };
}

/** The zone's offset at an instant. */
export function offsetUs(zone: string, us: number): number {
  return offsetTransitions(zone, us, us)[0]?.offsetUs ?? 0;
}

/**
 * The offsets of a zone over `[fromUs, toUs]`, in order of time. The first begins at `fromUs`,
 * each other one at a change, to the second.
 */
export function offsetTransitions(zone: string, fromUs: number, toUs: number): OffsetTransition[] {
  if (zone === "UTC") return [{ fromUs, offsetUs: 0 }];
  const transitions: OffsetTransition[] = [];
  for (let block = Math.floor(fromUs / BLOCK_US); block * BLOCK_US <= toUs; block++) {
    for (const own of offsetsOfBlock(zone, block)) {
      if (own.fromUs <= fromUs) transitions[0] = { fromUs, offsetUs: own.offsetUs };
      else if (own.fromUs > toUs) return transitions;
      else if (own.offsetUs !== transitions.at(-1)?.offsetUs) transitions.push(own);
    }
  }
  return transitions;
}

/** A time is looked up in blocks of this length. */
const BLOCK_US = 256 * DAY_US;

/** Blocks that are remembered: every zone for years, or a few zones for centuries. */
const BLOCKS_MAX = 2000;

/**
 * What Intl says of a zone and a block, read once: it does not change while the process runs, and
 * takes a millisecond, which a statement with many conditions on local time would spend on each.
 */
const BLOCKS = new LruCache<string, readonly OffsetTransition[]>(BLOCKS_MAX);

function offsetsOfBlock(zone: string, block: number): readonly OffsetTransition[] {
  const key = `${zone} ${block}`;
  const known = BLOCKS.get(key);
  if (known) return known;
  const offsets = readOffsets(zone, block * BLOCK_US, (block + 1) * BLOCK_US);
  BLOCKS.set(key, offsets);
  return offsets;
}

/** The offset at the start and each change after it, by looking at every day. */
function readOffsets(zone: string, fromUs: number, toUs: number): OffsetTransition[] {
  const offsetAt = offsetFinder(zone);
  const transitions: OffsetTransition[] = [{ fromUs, offsetUs: offsetAt(fromUs) }];
  let before = transitions[0]?.offsetUs ?? 0;
  for (let beforeUs = fromUs; beforeUs < toUs; beforeUs += DAY_US) {
    const after = offsetAt(beforeUs + DAY_US);
    if (after !== before) {
      const changeUs = changeBetween(offsetAt, beforeUs, beforeUs + DAY_US);
      transitions.push({ fromUs: changeUs, offsetUs: after });
    }
    before = after;
  }
  return transitions;
}

/** First whole second with the later offset, given that there is one change in between. */
function changeBetween(offsetAt: (us: number) => number, fromUs: number, toUs: number): number {
  const before = offsetAt(fromUs);
  let low = Math.floor(fromUs / SECOND_US);
  let high = Math.ceil(toUs / SECOND_US);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle * SECOND_US) === before) low = middle;
    else high = middle;
  }
  return high * SECOND_US;
}

/** Local date and time as if it were UTC, in microseconds. */
export function localUs(zone: string, us: number): number {
  return us + offsetUs(zone, us);
}

/** Local date `YYYY-MM-DD` of an instant. */
export function localDate(zone: string, us: number): string {
  return dateOfDay(Math.floor(localUs(zone, us) / DAY_US));
}

/**
 * The first instant at which the zone's clock reads this local time or a later one. `local` is
 * the local time as if it were UTC. In a gap this is the end of the gap; of a repeated time it is
 * the earlier one.
 */
export function instantOf(zone: string, local: number): number {
  if (zone === "UTC") return local;
  return instantIn(offsetTransitions(zone, local - 2 * DAY_US, local + 2 * DAY_US), local);
}

/** `instantOf` by transitions that reach from before to after the local time. */
export function instantIn(transitions: readonly OffsetTransition[], local: number): number {
  for (const [index, transition] of transitions.entries()) {
    const endsUs = transitions[index + 1]?.fromUs ?? Infinity;
    const candidate = Math.max(local - transition.offsetUs, transition.fromUs);
    if (candidate < endsUs) return candidate;
  }
  throw new RangeError(`Cannot place the local time ${local}: no offset holds there`);
}

/** The first instant of a local date. */
export function startOfDate(zone: string, date: string): number {
  return instantOf(zone, dayOfDate(date) * DAY_US);
}

/** The UTC dates that a local date has a part of. */
export function utcDatesOf(zone: string, date: string): string[] {
  const day = dayOfDate(date);
  const first = Math.floor(instantOf(zone, day * DAY_US) / DAY_US);
  const last = Math.floor((instantOf(zone, (day + 1) * DAY_US) - 1) / DAY_US);
  return Array.from({ length: last - first + 1 }, (_, at) => dateOfDay(first + at));
}
