// Counts the events that are not stored, by site, day, reason and name of the robot, and the fields
// that were dropped or cut of those that are. Counts are
// collected in memory and written once a minute; a crash loses the last of them, and nothing else.
import { utcDate } from "../core/event.ts";
import { DROP_KEYS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";
import type { DropReason } from "./drop_reasons.ts";
import type { DropRange, DropRow, DropStore } from "../storage/state/ops/drop_ops.ts";

/** The reason under which dropped and cut fields of stored events are counted, by their notice. */
export const FIELD_REASON = "field";

/** A dropped event or field: why, and for a robot its name, for a field its notice. */
export interface Dropped {
  readonly site_id: string;
  readonly reason: DropReason | typeof FIELD_REASON;
  readonly name?: string;
}

/** Counts since the last write. */
export class Drops {
  readonly #store: DropStore;
  readonly #clock: Clock;
  readonly #isKnown: (site: string) => boolean;
  readonly #keysMax: number;
  #rows = new Map<string, DropRow>();

  /** Only sites that `isKnown` are counted: anybody can send events for any other. */
  constructor(
    store: DropStore,
    clock: Clock,
    isKnown: (site: string) => boolean,
    options: { readonly keysMax?: number } = {},
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#isKnown = isKnown;
    this.#keysMax = options.keysMax ?? DROP_KEYS_MAX;
  }

  /** Counts one. Beyond `keysMax` different keys, only those that are known are counted. */
  count({ site_id, reason, name = "" }: Dropped): void {
    if (!this.#isKnown(site_id)) return;
    const date = utcDate(this.#clock.nowMs() * 1000);
    const key = `${site_id}|${date}|${reason}|${name}`;
    const known = this.#rows.get(key);
    if (!known && this.#rows.size >= this.#keysMax) return;
    this.#rows.set(key, { site_id, date, reason, name, count: (known?.count ?? 0) + 1 });
  }

  /** Counts of a range by reason and name, also those not written yet; most frequent first. */
  async list(range: DropRange): Promise<{ reason: string; name: string; count: number }[]> {
    await this.flush();
    return await this.#store.run("listDrops", range);
  }

  /** Writes the counts. Rejects with the store's error; the counts then stay for the next time. */
  async flush(): Promise<void> {
    const rows = this.#rows;
    if (rows.size === 0) return;
    this.#rows = new Map();
    try {
      await this.#store.run("addDrops", [...rows.values()]);
    } catch (error) {
      for (const [key, row] of rows) {
        const since = this.#rows.get(key);
        this.#rows.set(key, { ...row, count: row.count + (since?.count ?? 0) });
      }
      throw error;
    }
  }
}
