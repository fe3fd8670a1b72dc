// What was sent to a server that gets killed, and what must therefore be there: the memory of the
// crash tests. It knows neither files nor HTTP.

/**
 * What must be true of an event: `kept` exactly once, `absent` never. Sent but not answered before
 * the kill: `doubtful`, `erasing`, `expiring` may be there once or not; what is found first holds.
 */
type Fate = "kept" | "absent" | "doubtful" | "erasing" | "expiring";

interface Entry {
  readonly site: string;
  readonly date: string;
  /** Events of one request share it: all of them are there, or none. */
  readonly group: number;
  fate: Fate;
}

/** One event of a request. */
export interface Sent {
  readonly id: string;
  readonly site: string;
  readonly date: string;
}

/** Totals over everything that was sent. */
export interface LedgerTotals {
  acknowledged: number;
  refused: number;
  unanswered: number;
  unansweredKept: number;
  erased: number;
  expired: number;
}

const FAULTS_LISTED_MAX = 5;

/** Expectations by id of event. */
export class Ledger {
  readonly totals: LedgerTotals = {
    acknowledged: 0,
    refused: 0,
    unanswered: 0,
    unansweredKept: 0,
    erased: 0,
    expired: 0,
  };
  readonly #entries = new Map<string, Entry>();
  readonly #erasedIds: string[] = [];
  #groups = 0;

  /** Ids of events whose erasure was confirmed. */
  get erasedIds(): readonly string[] {
    return this.#erasedIds;
  }

  /** Number of events that must be there. */
  get keptCount(): number {
    return [...this.#entries.values()].filter(({ fate }) => fate === "kept").length;
  }

  /** Notes events before their request is sent; call the result with what came of it. */
  sending(events: readonly Sent[]): (answer: "taken" | "refused" | "none") => void {
    const group = ++this.#groups;
    const entries = events.map(({ id, site, date }): Entry => {
      const entry: Entry = { site, date, group, fate: "doubtful" };
      this.#entries.set(id, entry);
      return entry;
    });
    return (answer) => {
      const count = entries.length;
      if (answer === "none") {
        this.totals.unanswered += count;
        return;
      }
      this.totals[answer === "taken" ? "acknowledged" : "refused"] += count;
      for (const entry of entries) entry.fate = answer === "taken" ? "kept" : "absent";
    };
  }

  /** Notes an erasure before it is asked for; call the result when it is confirmed. */
  erasing(site: string, date: string): () => void {
    const group = ++this.#groups;
    const found = [...this.#entries].filter(([, entry]) =>
      entry.site === site && entry.date === date && entry.fate === "kept"
    );
    for (const [id, entry] of found) {
      this.#entries.set(id, { ...entry, group, fate: "erasing" });
    }
    return () => {
      for (const [id] of found) {
        this.#entries.set(id, { site, date, group, fate: "absent" });
        this.#erasedIds.push(id);
      }
      this.totals.erased += found.length;
    };
  }

  /** Notes that from now on events up to a date may go. */
  expiring(lastDate: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.fate === "kept" && entry.date <= lastDate) entry.fate = "expiring";
    }
  }

  /** Whether one of these counts is of an event that is about to expire. */
  awaitsExpiry(counts: ReadonlyMap<string, number>): boolean {
    return [...counts.keys()].some((id) => this.#entries.get(id)?.fate === "expiring");
  }

  /**
   * Compares counts by id with what must be, and remembers of doubtful events what was found.
   * Returns a sentence for each kind of fault.
   */
  check(counts: ReadonlyMap<string, number>): string[] {
    const faults = new Map<string, string[]>();
    const fault = (what: string, id: string) => {
      const ids = faults.get(what) ?? [];
      faults.set(what, [...ids, id]);
    };
    for (const [id, count] of counts) {
      const fate = this.#entries.get(id)?.fate;
      if (fate === undefined) fault("was never sent", id);
      else if (count > 1) fault(`is counted ${count} times`, id);
      else if (fate === "absent") fault("is there, and must not be", id);
    }
    for (const [id, entry] of this.#entries) {
      if (entry.fate === "kept" && !counts.has(id)) fault("was acknowledged and is lost", id);
    }
    this.#settle(counts, fault);
    return [...faults].map(([what, ids]) =>
      `${ids.length} × ${what}: ${ids.slice(0, FAULTS_LISTED_MAX).join(", ")}`
    );
  }

  #settle(counts: ReadonlyMap<string, number>, fault: (what: string, id: string) => void): void {
    const groups = new Map<number, boolean>();
    for (const [id, entry] of this.#entries) {
      const isThere = counts.has(id);
      if (entry.fate === "doubtful" || entry.fate === "erasing") {
        const others = groups.get(entry.group) ?? isThere;
        if (others !== isThere) fault("is of a request of which only a part took effect", id);
        groups.set(entry.group, others);
        if (entry.fate === "doubtful" && isThere) this.totals.unansweredKept++;
        if (entry.fate === "erasing" && !isThere) this.totals.erased++;
        entry.fate = isThere ? "kept" : "absent";
      } else if (entry.fate === "expiring" && !isThere) {
        this.totals.expired++;
        entry.fate = "absent";
      }
    }
  }
}
