// Visitor ids from random salts that are destroyed: one salt for each period of whole UTC days,
// kept until no visit that began under it can continue. After that nobody can compute an id again
// from the address and browser it came from. Several servers of one lake share their salts, days
// ahead, so that a visitor has one id whichever server answers.
import { DAY_MS, HOUR_MS } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import type { Clock, Log, Random } from "../../core/types.ts";
import type { Store } from "../../storage/state/store.ts";
import {
  CarriedVisits,
  CARRY_MS_MAX,
  type IdentityRules,
  seenMs,
  type SeenVisitor,
} from "./carried_visits.ts";
import { HmacSha256 } from "./hmac_sha256.ts";
import { periodOf, startOfPeriod } from "../../sites/id_period.ts";
import type { Visitor } from "./visitor_id.ts";

const SALT_BYTES = 32;
/** The next salt is on disk this long before it is needed. */
const AHEAD_MS = HOUR_MS;
/** A server that shares salts knows them this long before: so long it may be cut off. */
const SHARED_AHEAD_MS = 2 * DAY_MS;

/** Where several servers have their salts in common. */
export interface SharedSalts {
  /**
   * The salts of periods of so many days: those that are there, and the given ones where there are
   * none. Rejects with a sentence where it is not known.
   */
  take(days: number, given: ReadonlyMap<number, string>): Promise<ReadonlyMap<number, string>>;
  /** Destroys those of earlier periods. Rejects with a sentence. */
  destroy(days: number, before: number): Promise<void>;
  readonly log: Log;
}

/** What made ids before the salt that all servers have was known, and until when (ms). */
interface Former {
  readonly hmac: HmacSha256;
  readonly toMs: number;
}

/** Ids of visitors for one length of period. */
export class RandomSalts {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Whole UTC days of a period. */
  readonly #days: number;
  /** Hex salts by number of the period. */
  readonly #salts: Map<number, string>;
  /** By number of the period, as far as ids were made; a destroyed salt has none. */
  readonly #hmacs = new Map<number, HmacSha256>();
  readonly #carried: CarriedVisits;
  readonly #rules: IdentityRules;
  /** Whether the clock may decide which salt is no longer needed. */
  readonly #trustsClock: () => boolean;
  /** Salts of the past live in memory alone: for imports, the same within this process. */
  readonly #pastHmac: HmacSha256;
  readonly #shared: SharedSalts | null;
  /** Periods whose salts all servers are known to have. */
  readonly #taken = new Set<number>();
  /** Of a salt of its own, until the visits under it have ended; null where there is none. */
  #former: Former | null = null;
  readonly #destroyEnded: (nowMs: number) => Promise<void>;
  #isDirty = false;

  private constructor(
    store: Store,
    clock: Clock,
    random: Random,
    days: number,
    rules: IdentityRules,
    carried: CarriedVisits,
    salts: Map<number, string>,
    trustsClock: () => boolean,
    shared: SharedSalts | null,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#days = days;
    this.#rules = rules;
    this.#carried = carried;
    this.#salts = salts;
    this.#trustsClock = trustsClock;
    this.#shared = shared;
    this.#destroyEnded = shared ? endingSalts(shared, [days]) : () => Promise.resolve();
    this.#pastHmac = new HmacSha256(this.#fresh());
  }

  /**
   * Reads the salts of sites whose ids last `days`. `seen` are the visitors of the last minutes, so
   * that a restart near the end of a period splits no visit. No salt is destroyed while
   * `trustsClock` says no. `shared` is where several servers have them in common. Rejects with the
   * store's error.
   */
  static async open(
    store: Store,
    clock: Clock,
    random: Random,
    days: number,
    rules: IdentityRules,
    seen: readonly SeenVisitor[],
    trustsClock: () => boolean = () => true,
    shared: SharedSalts | null = null,
  ): Promise<RandomSalts> {
    const salts = parseSalts(await store.run("getMeta", metaName(days)));
    const own = { ...rules, idDays: () => days };
    const carried = new CarriedVisits(own);
    carried.restore(seen);
    const made = new RandomSalts(
      store,
      clock,
      random,
      days,
      own,
      carried,
      salts,
      trustsClock,
      shared,
    );
    await made.rotate();
    return made;
  }

  /** The id of a visitor who sends an event now: 64 hex digits. */
  idOf({ site, address, userAgent }: Visitor, nowMs: number): string {
    const who = `${site}|${address}|${userAgent}`;
    const idIn = (period: number) => this.#hmacOf(period).hex(who);
    // The salt of an earlier period is never made again.
    const earlierIdIn = (period: number) => this.#salts.has(period) ? idIn(period) : undefined;
    const formerId = this.#former?.hmac.hex(who);
    if (formerId !== undefined && this.#carried.goesOn(site, formerId, nowMs)) return formerId;
    const id = this.#carried.idOf(site, nowMs, nowMs, idIn, earlierIdIn);
    // Another salt may take the place of this one.
    const isOwn = this.#shared !== null && !this.#taken.has(this.#periodOf(nowMs));
    if (isOwn) this.#carried.note(site, id, seenMs(nowMs, this.#rules));
    return id;
  }

  /**
   * The id for an event of the past: the same for the same period and visitor while this process
   * lives, and related to no other.
   */
  pastIdOf({ site, address, userAgent }: Visitor, atMs: number): string {
    const period = this.#periodOf(atMs);
    return this.#pastHmac.hex(`${period}|${site}|${address}|${userAgent}`);
  }

  /** Sites of visits that may be under another id than the one of now. */
  carriedSites(): Set<string> {
    return this.#carried.sites();
  }

  /** Makes the salts that are needed next and destroys those that no visit needs. Once a minute. */
  async rotate(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const period = this.#periodOf(nowMs);
    this.#carried.forgetEnded(nowMs);
    if (this.#carried.size === 0 || nowMs >= (this.#former?.toMs ?? 0)) this.#former = null;
    const last = this.#periodOf(nowMs + (this.#shared ? SHARED_AHEAD_MS : AHEAD_MS));
    if (this.#shared) await this.#take(this.#shared, period, last);
    this.#saltOf(period);
    if (!this.#shared && last > period) this.#saltOf(last);
    let isDestroyed = false;
    const mayDestroy = this.#trustsClock();
    for (const known of mayDestroy ? this.#salts.keys() : []) {
      if (known >= period && known <= Math.max(last, period + 1)) continue;
      if (known === period - 1 && this.#mayContinue(nowMs, period)) continue;
      this.#salts.delete(known);
      this.#hmacs.delete(known);
      this.#taken.delete(known);
      isDestroyed = true;
    }
    if (mayDestroy) await this.#destroyEnded(nowMs);
    if (!isDestroyed && !this.#isDirty) return;
    this.#isDirty = false;
    try {
      await this.#store.run("setMeta", {
        name: metaName(this.#days),
        value: JSON.stringify(Object.fromEntries(this.#salts)),
      });
      if (isDestroyed) await this.#store.run("emptyLog", undefined);
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
  }

  /** Takes the salts that all servers have, and gives them those that are not there yet. */
  async #take(shared: SharedSalts, first: number, last: number): Promise<void> {
    const given = new Map<number, string>();
    for (let period = first; period <= last; period++) {
      if (!this.#taken.has(period)) given.set(period, this.#salts.get(period) ?? this.#fresh());
    }
    if (given.size === 0) return;
    try {
      for (const [period, salt] of await shared.take(this.#days, given)) {
        this.#taken.add(period);
        if (this.#salts.get(period) === salt) continue;
        this.#salts.set(period, salt);
        const hmac = this.#hmacs.get(period);
        if (hmac) this.#former = { hmac, toMs: this.#clock.nowMs() + CARRY_MS_MAX };
        this.#hmacs.delete(period);
        this.#isDirty = true;
      }
    } catch (error) {
      shared.log("debug", "Cannot take the salts of all servers", { reason: messageOf(error) });
    }
  }

  /** Whether a visit of the period before `period` may continue. */
  #mayContinue(nowMs: number, period: number): boolean {
    return nowMs - this.#endOf(period - 1) < CARRY_MS_MAX && this.#carried.size > 0;
  }

  #saltOf(period: number): string {
    const known = this.#salts.get(period);
    if (known !== undefined) return known;
    // An event is worth more than a visitor who is counted by two servers.
    this.#shared?.log(
      "error",
      "Made visitor ids that other servers do not know: they are cut off",
      {
        days: this.#days,
        from: new Date(startOfPeriod(period, this.#days)).toISOString(),
      },
    );
    const salt = this.#fresh();
    this.#salts.set(period, salt);
    this.#isDirty = true;
    return salt;
  }

  #hmacOf(period: number): HmacSha256 {
    let hmac = this.#hmacs.get(period);
    if (!hmac) this.#hmacs.set(period, hmac = new HmacSha256(this.#saltOf(period)));
    return hmac;
  }

  #fresh(): string {
    return this.#random.bytes(SALT_BYTES).toHex();
  }

  #periodOf(atMs: number): number {
    return periodOf(atMs, this.#days);
  }

  #endOf(period: number): number {
    return startOfPeriod(period + 1, this.#days);
  }
}

/**
 * Destroys what servers have in common of ended periods of these lengths, at each call: for its own
 * visits each server has a copy. Never rejects.
 */
export function endingSalts(
  shared: SharedSalts,
  lengths: readonly number[],
): (nowMs: number) => Promise<void> {
  const done = new Map<number, number>();
  return async (nowMs) => {
    for (const days of lengths) {
      // Clocks of other servers may be behind.
      const before = periodOf(nowMs - HOUR_MS, days);
      if (done.get(days) === before) continue;
      try {
        await shared.destroy(days, before);
        done.set(days, before);
      } catch (error) {
        shared.log("debug", "Cannot destroy salts yet", { reason: messageOf(error) });
      }
    }
  };
}

/** Destroys the salts of periods of these lengths: they are no longer in use. */
export async function destroySalts(store: Store, days: readonly number[]): Promise<void> {
  let isDestroyed = false;
  for (const length of days) {
    const name = metaName(length);
    if ((await store.run("getMeta", name) ?? "{}") === "{}") continue;
    await store.run("setMeta", { name, value: "{}" });
    isDestroyed = true;
  }
  if (isDestroyed) await store.run("emptyLog", undefined);
}

function metaName(days: number): string {
  return `visitor_salts_${days}`;
}

function parseSalts(text: string | null): Map<number, string> {
  const entries = Object.entries(JSON.parse(text ?? "{}") as Record<string, string>);
  return new Map(entries.map(([period, salt]) => [Number(period), salt]));
}
