// Whose statement runs next. Strangers share their part of the slots by the time they have used,
// owners keep slots of their own, and everything that waits is bounded.
import { AppError } from "../../core/errors.ts";
import { CALLERS_MAX, WAITING_MAX, WAITING_PER_CALLER_MAX } from "../../core/limits.ts";
import type { Clock } from "../../core/types.ts";

/** Who asks: an owner has a login, a key, or asks from this machine; all others are strangers. */
export interface Caller {
  readonly kind: "owner" | "stranger";
  /** Requests with the same key are counted together: an address, for example. In memory only. */
  readonly key: string;
  /** Sees only what is public, see sql/public_view.ts. */
  readonly isPublicOnly?: boolean;
}

/** The program itself, and callers with all rights. */
export const OWNER: Caller = { kind: "owner", key: "" };

/** How long a statement may wait for its turn, and the signal that ends the wait. */
export interface WaitLimits {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Of a heavy report: owners' leave one slot to others, and wait as a caller of their own. */
  readonly heavy?: boolean;
}

/** A statement that waits until nothing else runs. */
interface Alone {
  readonly kind: Caller["kind"];
  readonly start: () => void;
}

/** What one caller has used, and its statements that wait. */
interface Account {
  readonly key: string;
  readonly isHeavy: boolean;
  /** Query time in ms, raised to that of the others when the caller comes back from a pause. */
  usedMs: number;
  running: number;
  readonly waiting: (() => void)[];
}

/** The callers of one kind. */
interface Lane {
  readonly accounts: Map<string, Account>;
  running: number;
  heavyRunning: number;
  waiting: number;
  heavyWaiting: number;
  /** What the caller whose turn came last had used. */
  virtualMs: number;
}

/** How busy the statements of each kind of caller are. */
export interface TurnCounts {
  readonly running: number;
  readonly waiting: number;
}

/** A statement counts for at least this, so that callers take turns whatever the clock says. */
const CHARGE_MS_MIN = 1;

/** How long after an owner's statement the next of the same page may come. */
const OWNER_STAYS_MS = 5_000;

/** Statements that wait to run alone. */
const WAITING_ALONE_MAX = 16;

/** Gives turns to statements. */
export class Turns {
  readonly #clock: Clock;
  readonly #slots: number;
  readonly #ownerSlots: number;
  readonly #lanes: Readonly<Record<Caller["kind"], Lane>> = { owner: lane(), stranger: lane() };

  readonly #waitingAlone: Alone[] = [];
  #runningAlone: Caller["kind"] | null = null;
  #ownerSeenMs = -Infinity;

  /** Owners have all `slots` unless `ownerSlots` says less. */
  constructor(clock: Clock, options: { readonly slots: number; readonly ownerSlots?: number }) {
    this.#clock = clock;
    this.#slots = Math.max(1, options.slots);
    this.#ownerSlots = Math.max(1, options.ownerSlots ?? options.slots);
  }

  /** Statements that run and wait now. */
  counts(kind: Caller["kind"]): TurnCounts {
    const { running, waiting } = this.#lanes[kind];
    return { running, waiting };
  }

  /**
   * Runs work when its turn has come. Rejects with `unavailable` when too much waits or the wait
   * takes too long, with the signal's reason when it aborts, and as the work does.
   */
  async run<T>(caller: Caller, work: () => Promise<T>, limits: WaitLimits = {}): Promise<T> {
    limits.signal?.throwIfAborted();
    const lane = this.#lanes[caller.kind];
    const account = accountOf(lane, caller.key, limits.heavy);
    // Heavy ones may wait although a slot is free for others.
    const before = account.isHeavy ? lane.waiting : lane.waiting - lane.heavyWaiting;
    if (before === 0 && this.#mayStart(caller.kind, account)) this.#begin(lane, account);
    else await this.#wait(caller.kind, account, limits);
    return await this.#charged(lane, account, work);
  }

  /**
   * Runs work that failed for want of memory once more, when nothing else runs. A stranger's keeps
   * other strangers waiting, never an owner. Rejects as `run` does.
   */
  async runAlone<T>(caller: Caller, work: () => Promise<T>, limits: WaitLimits = {}): Promise<T> {
    const lane = this.#lanes[caller.kind];
    const account = accountOf(lane, caller.key, limits.heavy);
    await this.#waitAlone(caller.kind, limits);
    this.#begin(lane, account);
    return await this.#charged(lane, account, work, () => this.#runningAlone = null);
  }

  async #charged<T>(
    lane: Lane,
    account: Account,
    work: () => Promise<T>,
    ended = () => {},
  ): Promise<T> {
    const startedMs = this.#clock.nowMs();
    try {
      return await work();
    } finally {
      account.usedMs += Math.max(CHARGE_MS_MIN, this.#clock.nowMs() - startedMs);
      account.running--;
      lane.running--;
      if (account.isHeavy) lane.heavyRunning--;
      if (lane === this.#lanes.owner) this.#ownerSeenMs = this.#clock.uptimeMs();
      forgetIdle(lane, account);
      ended();
      this.#next();
    }
  }

  #waitAlone(kind: Caller["kind"], limits: WaitLimits): Promise<void> {
    if (this.#waitingAlone.length >= WAITING_ALONE_MAX) {
      throw busy(`${WAITING_ALONE_MAX} statements are waiting for memory`);
    }
    return waiting(this.#clock, limits, (start) => {
      const entry = { kind, start };
      this.#waitingAlone.push(entry);
      this.#next();
      return () => {
        this.#waitingAlone.splice(this.#waitingAlone.indexOf(entry), 1);
        this.#next();
      };
    });
  }

  /** Strangers have half of the slots, and one while an owner asks or has just asked. */
  #mayRun(kind: Caller["kind"]): boolean {
    const { owner, stranger } = this.#lanes;
    if (owner.running + stranger.running >= this.#slots) return false;
    const alone = [this.#runningAlone, ...this.#waitingAlone.map((entry) => entry.kind)];
    if (alone.includes("owner") || (kind === "stranger" && alone.includes("stranger"))) {
      return false;
    }
    if (kind === "owner") return owner.running < this.#ownerSlots;
    const isOwnerBusy = owner.running + owner.waiting > 0 ||
      this.#clock.uptimeMs() - this.#ownerSeenMs < OWNER_STAYS_MS;
    return stranger.running < (isOwnerBusy ? 1 : Math.max(1, Math.floor(this.#slots / 2)));
  }

  /** Heavy statements of owners leave one of the owners' slots free, where there are several. */
  #mayStart(kind: Caller["kind"], account: Account): boolean {
    const { heavyRunning } = this.#lanes[kind];
    const isHeld = kind === "owner" && account.isHeavy &&
      heavyRunning >= Math.max(1, this.#ownerSlots - 1);
    return !isHeld && this.#mayRun(kind);
  }

  #begin(lane: Lane, account: Account): void {
    lane.virtualMs = Math.max(lane.virtualMs, account.usedMs);
    lane.running++;
    if (account.isHeavy) lane.heavyRunning++;
    account.running++;
  }

  #wait(kind: Caller["kind"], account: Account, limits: WaitLimits): Promise<void> {
    const lane = this.#lanes[kind];
    if (account.waiting.length >= WAITING_PER_CALLER_MAX || lane.waiting >= WAITING_MAX) {
      forgetIdle(lane, account);
      throw busy(`${lane.waiting} statements are waiting`);
    }
    return waiting(this.#clock, limits, (resolve) => {
      const start = () => {
        lane.waiting--;
        if (account.isHeavy) lane.heavyWaiting--;
        this.#begin(lane, account);
        resolve();
      };
      account.waiting.push(start);
      lane.waiting++;
      if (account.isHeavy) lane.heavyWaiting++;
      return () => {
        account.waiting.splice(account.waiting.indexOf(start), 1);
        lane.waiting--;
        if (account.isHeavy) lane.heavyWaiting--;
        forgetIdle(lane, account);
        // Where an owner no longer waits, strangers may have more.
        this.#next();
      };
    });
  }

  /** Starts what may start: owners first, in each lane the caller that has used least. */
  #next(): void {
    this.#nextAlone();
    for (const kind of ["owner", "stranger"] as const) {
      while (this.#lanes[kind].waiting > 0 && this.#mayRun(kind)) {
        const [first] = [...this.#lanes[kind].accounts.values()]
          .filter((account) => account.waiting.length > 0 && this.#mayStart(kind, account))
          .sort((one, other) => one.usedMs - other.usedMs);
        const start = first?.waiting.shift();
        if (!start) break;
        start();
      }
    }
  }

  #nextAlone(): void {
    const { owner, stranger } = this.#lanes;
    if (this.#runningAlone !== null || owner.running + stranger.running > 0) return;
    const first = this.#waitingAlone.find(({ kind }) => kind === "owner") ?? this.#waitingAlone[0];
    // An owner's statement that waits to run alone precedes a stranger's.
    if (!first || (first.kind === "stranger" && owner.waiting > 0)) return;
    this.#waitingAlone.splice(this.#waitingAlone.indexOf(first), 1);
    this.#runningAlone = first.kind;
    first.start();
  }
}

/**
 * Waits until `enter` calls what it gets; what `enter` returns is called where the wait ends
 * otherwise, by the time limit or the signal.
 */
function waiting(
  clock: Clock,
  { timeoutMs, signal }: WaitLimits,
  enter: (start: () => void) => () => void,
): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    let hasStarted = false;
    const end = () => {
      cancel();
      signal?.removeEventListener("abort", gone);
    };
    const late = () => fail(busy(`no turn came within ${(timeoutMs ?? 0) / 1000} s`));
    const gone = () => fail(signal?.reason);
    const cancel = timeoutMs === undefined ? () => {} : clock.after(timeoutMs, late);
    signal?.addEventListener("abort", gone);
    const leave = enter(() => {
      hasStarted = true;
      end();
      resolve();
    });
    function fail(reason: unknown) {
      if (hasStarted) return;
      end();
      leave();
      reject(reason);
    }
  });
}

function lane(): Lane {
  return {
    accounts: new Map(),
    running: 0,
    heavyRunning: 0,
    waiting: 0,
    heavyWaiting: 0,
    virtualMs: 0,
  };
}

/** The account of a caller. One that was idle has no credit for the time in which it was. */
function accountOf(lane: Lane, caller: string, isHeavy = false): Account {
  const key = isHeavy ? `${caller} heavy` : caller;
  const account = lane.accounts.get(key) ?? { key, isHeavy, usedMs: 0, running: 0, waiting: [] };
  if (account.running === 0 && account.waiting.length === 0) {
    account.usedMs = Math.max(account.usedMs, lane.virtualMs);
  }
  lane.accounts.set(key, account);
  return account;
}

/** Forgets a caller that has nothing left to do and nothing more used than others. */
function forgetIdle(lane: Lane, { key }: Account): void {
  const isIdle = (one: Account) => one.running === 0 && one.waiting.length === 0;
  const own = lane.accounts.get(key);
  if (own && isIdle(own) && own.usedMs <= lane.virtualMs) lane.accounts.delete(key);
  if (lane.accounts.size <= CALLERS_MAX) return;
  for (const [other, account] of lane.accounts) {
    if (isIdle(account)) return void lane.accounts.delete(other);
  }
}

function busy(reason: string): AppError {
  return new AppError("unavailable", `Cannot answer now: ${reason}`, { "retry-after": "5" });
}
