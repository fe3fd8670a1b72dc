// Erasure on request: events go from the journal, the hot tier, the cold tier, the quarantine, the
// trash and the originals of what was rewritten, and the sums of imports go with them. One SQLite
// transaction decides; a crash after it is finished by the next start.
import { type Catalog } from "./catalog.ts";
import type { ParquetTier } from "./parquet_tier.ts";
import type { Hot } from "./hot.ts";
import type { Journal } from "./journal.ts";
import type { Recovery } from "./recovery.ts";
import type { Originals } from "../rewrite/originals.ts";
import type { Trash } from "../trash.ts";
import type { Store } from "../state/store.ts";
import type { Sums } from "../history/sums.ts";
import type { CatalogFile } from "../parquet/partition.ts";
import type { Mutex } from "../../core/mutex.ts";
import type { Erased, LakeUpkeep } from "../lake/upkeep.ts";

/** What an erasure removed, or would remove. */
export interface ErasedCounts {
  /** Events that were not yet in Parquet. */
  readonly db_records_deleted: number;
  /** (site, date) partitions whose files were removed. */
  readonly parquet_partitions_deleted: number;
  /** All events, wherever they were stored, that a question could have counted. */
  readonly events_deleted: number;
  /** Days of which imports had sums, where there were any. */
  readonly summed_days_deleted?: number;
  /** Files of DATA_DIR and of the lake that may hold such events still, where there are any. */
  readonly not_erased?: readonly string[];
  /** By what number the servers of a lake know of it. */
  readonly erasure_id?: number;
}

/** The same before files are removed, which `removed` resolves after. */
interface ErasedHere {
  readonly counts: ErasedCounts;
  readonly removed: Promise<void>;
  readonly number: number | null;
}

/** The first and the last UTC date that an event can have. */
export const ALL_DATES = ["0000-01-01", "9999-12-31"] as const;

/** Removes events permanently. */
export class Eraser {
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #journal: Journal;
  readonly #hot: Hot;
  readonly #parquet: ParquetTier;
  readonly #trash: Trash;
  readonly #recovery: Recovery;
  readonly #originals: Originals;
  readonly #sums: Sums;
  readonly #mutex: Mutex;
  readonly #lake: LakeUpkeep | null;

  /** `mutex` keeps erasures apart from flushes and other changes of files. */
  constructor(
    store: Store,
    catalog: Catalog,
    journal: Journal,
    hot: Hot,
    parquet: ParquetTier,
    trash: Trash,
    recovery: Recovery,
    originals: Originals,
    sums: Sums,
    mutex: Mutex,
    lake: LakeUpkeep | null,
  ) {
    this.#lake = lake;
    this.#store = store;
    this.#catalog = catalog;
    this.#journal = journal;
    this.#hot = hot;
    this.#parquet = parquet;
    this.#trash = trash;
    this.#recovery = recovery;
    this.#originals = originals;
    this.#sums = sums;
    this.#mutex = mutex;
  }

  /**
   * Erases one site's events of the UTC dates `firstDate … lastDate`, both included. Resolves when
   * no byte of them is left in DATA_DIR and in the lake. Where the lake is out of reach, it rejects
   * with `unavailable` before any event is erased.
   */
  async erase(
    site: string,
    firstDate: string,
    lastDate: string,
    dryRun = false,
  ): Promise<ErasedCounts> {
    if (dryRun) {
      const records = await this.#journal.count(site, firstDate, lastDate);
      const stored = this.#lake?.within(site, firstDate, lastDate) ??
        this.#filesOf(site, firstDate, lastDate);
      const elsewhere = await this.#lake?.heldElsewhere(site, firstDate, lastDate) ?? 0;
      return {
        db_records_deleted: records,
        events_deleted: records + elsewhere + rowsOf(stored),
        parquet_partitions_deleted: partitions([
          ...stored,
          ...await this.#trash.of(site, firstDate, lastDate),
          ...this.#recovery.quarantinedOf(site, firstDate, lastDate),
          ...this.#recovery.missing.of(site, firstDate, lastDate),
          ...this.#originals.of(site, firstDate, lastDate),
        ]),
        ...await this.#summedDays(site, firstDate, lastDate),
        ...this.#notErased(),
      };
    }
    return await this.#erase(site, firstDate, lastDate, { isRecorded: true });
  }

  /** The same of what is too old: other servers over a lake do that themselves. */
  eraseExpired(site: string, firstDate: string, lastDate: string): Promise<ErasedCounts> {
    return this.#erase(site, firstDate, lastDate, { isRecorded: false });
  }

  /**
   * Erases of the journal and the hot tier what another server over the lake has erased of it, of
   * before a time in microseconds. The caller holds the mutex.
   */
  async eraseElsewhere(
    site: string,
    firstDate: string,
    lastDate: string,
    toUs: number,
  ): Promise<void> {
    await this.#trash.erase(site, firstDate, lastDate);
    await this.#originals.erase(site, firstDate, lastDate);
    await this.#eraseAccepted(site, firstDate, lastDate, [], toUs);
    await this.#sums.hide(site, firstDate, lastDate);
    this.#sums.changed(site);
    this.#catalog.changed(site);
    await this.#sums.sweep();
    await this.#store.run("emptyLog", undefined);
  }

  #eraseAccepted(
    site: string,
    firstDate: string,
    lastDate: string,
    paths: readonly string[],
    toUs?: number,
  ): Promise<number> {
    return this.#journal.whilePaused(async () => {
      const rows = await this.#journal.erase(site, firstDate, lastDate, paths, toUs);
      await this.#hot.erase(site, firstDate, lastDate, toUs);
      return rows;
    });
  }

  async #erase(
    site: string,
    firstDate: string,
    lastDate: string,
    { isRecorded }: { readonly isRecorded: boolean },
  ): Promise<ErasedCounts> {
    const { counts, removed, number } = await this.#mutex.run(async () => {
      // Whoever learns of the erasure finds them gone, and copies none of them again.
      const summed = await this.#sums.remove(site, firstDate, lastDate);
      const erased = await this.#lake?.erase(site, firstDate, lastDate, { isRecorded });
      try {
        return await this.#eraseHere(site, firstDate, lastDate, erased, summed);
      } catch (error) {
        erased?.abandoned();
        throw error;
      }
    });
    await removed;
    await this.#sums.sweep();
    await this.#store.run("emptyLog", undefined);
    if (isRecorded) await this.#lake?.othersErased();
    const id = number === null ? {} : { erasure_id: number };
    return { ...counts, ...this.#notErased(), ...id };
  }

  /** The rest of an erasure of which `erased` is the lake's part. The caller holds the mutex. */
  async #eraseHere(
    site: string,
    firstDate: string,
    lastDate: string,
    erased: Erased | undefined,
    removedDays: number | null,
  ): Promise<ErasedHere> {
    const ofLake = erased?.partitions ?? [];
    const trashed = await this.#trash.erase(site, firstDate, lastDate);
    const originals = await this.#originals.erase(site, firstDate, lastDate);
    const files = this.#filesOf(site, firstDate, lastDate);
    const stored = [...files, ...ofLake];
    const quarantined = this.#recovery.quarantinedOf(site, firstDate, lastDate);
    const missing = this.#recovery.missing.of(site, firstDate, lastDate);
    const quarantinedPaths = quarantined.map(({ path }) => path);
    const missingPaths = missing.map(({ path }) => path);
    // The store counts them before it deletes them: it does one thing after the other.
    const summed = removedDays === null
      ? this.#summedDays(site, firstDate, lastDate)
      : toldDays(removedDays);
    const paths = [...files.map((file) => file.path), ...quarantinedPaths, ...missingPaths];
    const records = await this.#eraseAccepted(site, firstDate, lastDate, paths);
    this.#sums.changed(site);
    this.#catalog.changed(site);
    // A missing one stays a pending delete until the next sweep: it may be back by then.
    this.#recovery.missing.drop(missingPaths);
    await this.#recovery.removeQuarantined(quarantinedPaths);
    await erased?.ended();
    return {
      counts: {
        db_records_deleted: records,
        events_deleted: records + (erased?.elsewhere ?? 0) + rowsOf(stored),
        parquet_partitions_deleted: partitions([
          ...stored,
          ...trashed,
          ...quarantined,
          ...missing,
          ...originals,
        ]),
        ...await summed,
      },
      removed: files.length > 0 ? this.#parquet.publish([], files) : Promise.resolve(),
      number: erased?.number ?? null,
    };
  }

  /** Deletes a site's files in quarantine and forgets its missing ones, of some UTC dates. */
  async eraseUnreadable(site: string, firstDate: string, lastDate: string): Promise<void> {
    await this.#mutex.run(async () => {
      const quarantined = this.#recovery.quarantinedOf(site, firstDate, lastDate);
      const missing = this.#recovery.missing.of(site, firstDate, lastDate);
      if (quarantined.length + missing.length === 0) return;
      await this.#recovery.removeQuarantined(quarantined.map(({ path }) => path));
      await this.#recovery.forgetMissing(missing.map(({ path }) => path));
      this.#catalog.changed(site);
    });
  }

  async #summedDays(
    site: string,
    firstDate: string,
    lastDate: string,
  ): Promise<Pick<ErasedCounts, "summed_days_deleted">> {
    const range = { site_id: site, firstDate, lastDate };
    return toldDays(await this.#store.run("countSummedDays", range));
  }

  #notErased(): Pick<ErasedCounts, "not_erased"> {
    const not_erased = [
      ...this.#recovery.unerasable.map((path) => `quarantine/${path}`),
      ...this.#lake?.notErased() ?? [],
    ];
    return not_erased.length > 0 ? { not_erased } : {};
  }

  #filesOf(site: string, firstDate: string, lastDate: string): CatalogFile[] {
    return (this.#catalog.current.files.get(site) ?? [])
      .filter((file) => file.date >= firstDate && file.date <= lastDate);
  }
}

function toldDays(days: number): Pick<ErasedCounts, "summed_days_deleted"> {
  return days > 0 ? { summed_days_deleted: days } : {};
}

function rowsOf(files: readonly { readonly rows: number }[]): number {
  return files.reduce((sum, file) => sum + file.rows, 0);
}

function partitions(files: readonly { readonly date: string }[]): number {
  return new Set(files.map((file) => file.date)).size;
}
