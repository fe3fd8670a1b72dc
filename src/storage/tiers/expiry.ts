// Expiry by age: old partitions are moved to the trash, with `gdpr_mode` deleted. Nothing expires
// while the clock is in doubt.
import { DAY_MS } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import { utcDate } from "../../core/event.ts";
import type { Mutex } from "../../core/mutex.ts";
import type { Log } from "../../core/types.ts";
import type { ClockGuard } from "../clock_guard.ts";
import type { CatalogFile } from "../parquet/partition.ts";
import type { LakeUpkeep } from "../lake/upkeep.ts";
import type { Store } from "../state/store.ts";
import type { Sums } from "../history/sums.ts";
import type { Catalog } from "./catalog.ts";
import { ALL_DATES, type ErasedCounts, type Eraser } from "./erase.ts";
import type { Flushing } from "./flush.ts";
import type { Journal } from "./journal.ts";
import type { ParquetTier } from "./parquet_tier.ts";
import type { Originals } from "../rewrite/originals.ts";
import { type Trash, TRASH_MS } from "../trash.ts";

const [FIRST_DATE] = ALL_DATES;
const NOTHING: ErasedCounts = {
  db_records_deleted: 0,
  parquet_partitions_deleted: 0,
  events_deleted: 0,
};

/** Removes what is older than the owner wants to keep. */
export class Expiry {
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #journal: Journal;
  readonly #parquet: ParquetTier;
  readonly #eraser: Eraser;
  readonly #flusher: Flushing;
  readonly #guard: ClockGuard;
  readonly #trash: Trash;
  readonly #originals: Originals;
  readonly #sums: Sums;
  readonly #mutex: Mutex;
  readonly #keepsTrash: boolean;
  readonly #lake: LakeUpkeep | null;

  /** `mutex` keeps an expiry apart from flushes and other changes of files. */
  constructor(
    store: Store,
    catalog: Catalog,
    journal: Journal,
    parquet: ParquetTier,
    eraser: Eraser,
    flusher: Flushing,
    guard: ClockGuard,
    trash: Trash,
    originals: Originals,
    sums: Sums,
    mutex: Mutex,
    options: { readonly keepsTrash: boolean; readonly lake: LakeUpkeep | null },
  ) {
    this.#lake = options.lake;
    this.#store = store;
    this.#catalog = catalog;
    this.#journal = journal;
    this.#parquet = parquet;
    this.#eraser = eraser;
    this.#flusher = flusher;
    this.#guard = guard;
    this.#trash = trash;
    this.#originals = originals;
    this.#sums = sums;
    this.#mutex = mutex;
    this.#keepsTrash = options.keepsTrash;
  }

  /** Does that for sites. One that fails keeps no other from it: rejects afterwards. */
  async expireAll(
    sites: readonly { readonly site: string; readonly days: number }[],
    nowMs: number,
    log: Log,
  ): Promise<void> {
    const failures: unknown[] = [];
    for (const { site, days } of sites) {
      try {
        const counts = await this.expire(site, days, nowMs);
        if (counts.parquet_partitions_deleted + counts.db_records_deleted > 0) {
          log("info", "Expired old events", { site_id: site, ...counts });
        }
      } catch (error) {
        failures.push(error);
        log("error", "Cannot expire old events", { site_id: site, reason: messageOf(error) });
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /**
   * Expires what is older than a site's `days` at `nowMs`; 0 days keep for ever. Where counted
   * events cannot be deleted, all else is: rejects afterwards.
   */
  async expire(site: string, days: number, nowMs: number): Promise<ErasedCounts> {
    if (days === 0 || !this.#guard.trusts()) return NOTHING;
    const lastMs = nowMs - (days + 1) * DAY_MS;
    const lastDate = utcDate(lastMs * 1000);
    const waiting = await this.#journal.expireProposed(site, lastDate);
    const failures: unknown[] = [];
    const counts = this.#lake?.isExpiring === false
      ? NOTHING
      : await this.#expireCounted(site, lastDate, nowMs).catch((error) => {
        failures.push(error);
        return NOTHING;
      });
    await this.#expireSums(site, lastDate);
    await this.#mutex.run(() => this.#originals.erase(site, FIRST_DATE, lastDate));
    // The trash holds only what can be read: all else stays where it is for as long.
    const graceMs = this.#keepsTrash ? TRASH_MS : 0;
    const unreadable = utcDate((lastMs - graceMs) * 1000);
    await this.#eraser.eraseUnreadable(site, FIRST_DATE, unreadable);
    if (failures.length > 0) throw failures[0];
    return {
      ...counts,
      db_records_deleted: counts.db_records_deleted + waiting,
      events_deleted: counts.events_deleted + waiting,
    };
  }

  /** Sums are deleted at once: the trash holds files only. */
  async #expireSums(site: string, lastDate: string): Promise<void> {
    if (this.#lake?.isExpiring === false) return;
    await this.#mutex.run(async () => {
      if (await this.#sums.expire(site, lastDate) === 0) return;
      this.#sums.changed(site);
      this.#catalog.changed(site);
    });
    await this.#sums.sweep();
  }

  /** Expires what is counted, unlike the events of a proposed site. */
  async #expireCounted(site: string, lastDate: string, nowMs: number): Promise<ErasedCounts> {
    const records = await this.#journal.count(site, FIRST_DATE, lastDate);
    const stored = this.#lake?.within(site, FIRST_DATE, lastDate) ?? this.#filesOf(site, lastDate);
    if (records === 0 && stored.length === 0) return NOTHING;
    // The trash is a folder here.
    if (!this.#keepsTrash || this.#lake) {
      return await this.#eraser.eraseExpired(site, FIRST_DATE, lastDate);
    }
    // The trash holds files only.
    if (records > 0) await this.#flusher.flush({ all: true });
    return await this.#discard(site, lastDate, nowMs);
  }

  /** Removes from the trash what has been there for three days; all of it in `gdpr_mode`. */
  async emptyTrash(nowMs: number, log: Log): Promise<void> {
    if (!this.#guard.trusts()) return;
    const keepMs = this.#keepsTrash ? TRASH_MS : -Infinity;
    const removed = await this.#mutex.run(() => this.#trash.empty(nowMs, keepMs, log));
    if (removed === 0) return;
    log("info", "Emptied the trash", { files: removed });
    await this.#store.run("emptyLog", undefined);
  }

  async #discard(site: string, lastDate: string, nowMs: number): Promise<ErasedCounts> {
    const { files, removed } = await this.#mutex.run(async () => {
      const files = this.#filesOf(site, lastDate);
      if (files.length === 0) return { files, removed: Promise.resolve() };
      await this.#trash.keep(files, nowMs);
      const paths = files.map(({ path }) => path);
      await this.#store.run("replaceFiles", { added: [], removed: paths });
      this.#catalog.changed(site);
      return { files, removed: this.#parquet.publish([], files) };
    });
    await removed;
    const parquet_partitions_deleted = new Set(files.map(({ date }) => date)).size;
    const events_deleted = files.reduce((sum, { rows }) => sum + rows, 0);
    return { db_records_deleted: 0, parquet_partitions_deleted, events_deleted };
  }

  #filesOf(site: string, lastDate: string): CatalogFile[] {
    return (this.#catalog.current.files.get(site) ?? []).filter(({ date }) => date <= lastDate);
  }
}
