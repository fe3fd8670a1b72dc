// Visitor ids from random salts that are destroyed: one salt for each period of whole UTC days,
// kept until no visit that began under it can go on. After that nobody can compute again which
// address and browser an id came from. Addresses are never kept, only ids and when they were seen.
import { createHmac } from "node:crypto";
import { HOUR_MS } from "../../core/durations.ts";
import { VISITORS_CARRIED_MAX } from "../../core/limits.ts";
import type { Clock, Random } from "../../core/types.ts";
import type { Store } from "../../storage/state/store.ts";
import { periodOf, startOfPeriod } from "./id_period.ts";

const SALT_BYTES = 32;
/** The next salt is on disk this long before it is needed. */
const AHEAD_MS = HOUR_MS;
/** A visit without end, such as a page that reloads itself, keeps a salt no longer than this. */
const CARRY_MS_MAX = 6 * HOUR_MS;

/** How long an id lasts, and the longest silence inside a visit. */
export interface SaltOptions {
  /** Whole UTC days; an id stands for the same browser for at most so long. */
  readonly days: number;
  readonly visitGapMs: number;
}

/** An id and when it was last seen. */
export type SeenVisitor = readonly [visitorId: string, lastMs: number];

/** Ids of visitors for one length of period. */
export class ForgetfulSalts {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: SaltOptions;
  /** Hex salts by number of the period. */
  readonly #salts: Map<number, string>;
  /** Ids of visits that may go on under the next salt, in order of when they were seen. */
  readonly #carried = new Map<string, number>();
  /** Salts of the past live in memory alone: for imports, the same within this process. */
  readonly #pastSalt: string;
  #isDirty = false;

  private constructor(
    store: Store,
    clock: Clock,
    random: Random,
    options: SaltOptions,
    salts: Map<number, string>,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#salts = salts;
    this.#pastSalt = this.#fresh();
  }

  /**
   * Reads the salts. `seenSince` tells the visitors of the last minutes, so that a restart near
   * the end of a period splits no visit. Rejects with the store's error.
   */
  static async open(
    store: Store,
    clock: Clock,
    random: Random,
    seenSince: (fromMs: number) => Promise<readonly SeenVisitor[]>,
    options: SaltOptions,
  ): Promise<ForgetfulSalts> {
    const salts = parseSalts(await store.run("getFact", factName(options.days)));
    const made = new ForgetfulSalts(store, clock, random, options, salts);
    const nowMs = clock.nowMs();
    const seen = [...await seenSince(nowMs - options.visitGapMs)].sort((a, b) => a[1] - b[1]);
    for (const [id, lastMs] of seen) made.#carry(id, lastMs);
    await made.turn();
    return made;
  }

  /** The id of a visitor of a site who sends an event at `nowMs`: 64 hex digits. */
  idOf(site: string, address: string, userAgent: string, nowMs: number): string {
    const period = this.#periodOf(nowMs);
    const { visitGapMs } = this.#options;
    const who = `${site}|${address}|${userAgent}`;
    const before = this.#salts.get(period - 1);
    if (before !== undefined) {
      const earlier = hmac(before, who);
      const lastMs = this.#carried.get(earlier);
      if (lastMs !== undefined && nowMs - lastMs <= visitGapMs) {
        this.#carry(earlier, nowMs);
        return earlier;
      }
    }
    const id = hmac(this.#saltOf(period), who);
    if (this.#endOf(period) - nowMs <= visitGapMs) this.#carry(id, nowMs);
    return id;
  }

  /**
   * The id for an event that is told of the past: the same for the same day and visitor while this
   * process lives, and related to no other.
   */
  pastIdOf(site: string, address: string, userAgent: string, atMs: number): string {
    const period = this.#periodOf(atMs);
    return hmac(this.#pastSalt, `${period}|${site}|${address}|${userAgent}`);
  }

  /** Makes the salt that is needed next and destroys those that no visit needs. Once a minute. */
  async turn(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const period = this.#periodOf(nowMs);
    this.#forgetSilent(nowMs);
    this.#saltOf(period);
    if (this.#endOf(period) - nowMs <= AHEAD_MS) this.#saltOf(period + 1);
    let isDestroyed = false;
    for (const known of this.#salts.keys()) {
      if (known >= period && known <= period + 1) continue;
      if (known === period - 1 && this.#mayGoOn(nowMs, period)) continue;
      this.#salts.delete(known);
      isDestroyed = true;
    }
    if (!isDestroyed && !this.#isDirty) return;
    this.#isDirty = false;
    try {
      await this.#store.run("setFact", {
        name: factName(this.#options.days),
        value: JSON.stringify(Object.fromEntries(this.#salts)),
      });
      if (isDestroyed) await this.#store.run("emptyLog", undefined);
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
  }

  /** Whether a visit of the period before `period` may still go on. */
  #mayGoOn(nowMs: number, period: number): boolean {
    const sinceStartMs = nowMs - this.#endOf(period - 1);
    if (sinceStartMs > CARRY_MS_MAX) return false;
    return sinceStartMs <= this.#options.visitGapMs || this.#carried.size > 0;
  }

  #forgetSilent(nowMs: number): void {
    const { visitGapMs } = this.#options;
    for (const [id, lastMs] of this.#carried) {
      if (nowMs - lastMs <= visitGapMs) break;
      this.#carried.delete(id);
    }
  }

  #carry(id: string, atMs: number): void {
    this.#carried.delete(id);
    if (this.#carried.size >= VISITORS_CARRIED_MAX) {
      for (const oldest of this.#carried.keys()) {
        this.#carried.delete(oldest);
        break;
      }
    }
    this.#carried.set(id, atMs);
  }

  #saltOf(period: number): string {
    const known = this.#salts.get(period);
    if (known !== undefined) return known;
    const salt = this.#fresh();
    this.#salts.set(period, salt);
    this.#isDirty = true;
    return salt;
  }

  #fresh(): string {
    return this.#random.bytes(SALT_BYTES).toHex();
  }

  #periodOf(atMs: number): number {
    return periodOf(atMs, this.#options.days);
  }

  #endOf(period: number): number {
    return startOfPeriod(period + 1, this.#options.days);
  }
}

/** Destroys the salts of periods of these lengths: they are no longer in use. */
export async function destroySalts(store: Store, days: readonly number[]): Promise<void> {
  let isDestroyed = false;
  for (const length of days) {
    const name = factName(length);
    if ((await store.run("getFact", name) ?? "{}") === "{}") continue;
    await store.run("setFact", { name, value: "{}" });
    isDestroyed = true;
  }
  if (isDestroyed) await store.run("emptyLog", undefined);
}

function factName(days: number): string {
  return `visitor_salts_${days}`;
}

function parseSalts(text: string | null): Map<number, string> {
  const entries = Object.entries(JSON.parse(text ?? "{}") as Record<string, string>);
  return new Map(entries.map(([period, salt]) => [Number(period), salt]));
}

function hmac(key: string, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}
