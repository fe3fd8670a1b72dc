// Changes to the set of Parquet files while the server runs. A file that is replaced, erased,
// adopted or quarantined leaves or enters the snapshot at once; a removed file is deleted from disk
// when no query reads it any more.
import { messageOf } from "../../core/errors.ts";
import type { Mutex } from "../../core/mutex.ts";
import type { Files, Log } from "../../core/types.ts";
import { type Catalog } from "./catalog.ts";
import { withFiles } from "./snapshot.ts";
import type { Rollups } from "../rollups/rollups.ts";
import type { Recovery } from "./recovery.ts";
import type { Store } from "../state/store.ts";
import type { CatalogFile } from "../parquet/partition.ts";

/** Adds files to the Parquet tier and removes them. */
export class ParquetTier {
  readonly #store: Store;
  readonly #files: Files;
  readonly #catalog: Catalog;
  readonly #recovery: Recovery;
  readonly #log: Log;
  readonly #mutex: Mutex;
  readonly #rollups: Rollups;
  readonly #eventsFolder: string;

  /** `mutex` keeps whatever changes files apart from flushes. */
  constructor(
    store: Store,
    files: Files,
    catalog: Catalog,
    recovery: Recovery,
    log: Log,
    mutex: Mutex,
    rollups: Rollups,
    options: { eventsFolder: string },
  ) {
    this.#store = store;
    this.#files = files;
    this.#catalog = catalog;
    this.#recovery = recovery;
    this.#log = log;
    this.#mutex = mutex;
    this.#rollups = rollups;
    this.#eventsFolder = options.eventsFolder;
  }

  /**
   * Publishes files that are in the catalog and deletes others. Resolves when those are gone from
   * disk, which is after the last query that reads them, with the rollups that were made of them.
   * `isSameEvents` says that the new files hold what the others held.
   */
  async publish(
    added: readonly CatalogFile[],
    removed: readonly CatalogFile[],
    { isSameEvents = false } = {},
  ): Promise<void> {
    await new Promise<void>((resolve) => {
      const dispose = () => {
        this.#remove(removed.map((file) => file.path)).then(resolve);
      };
      this.#swap(added, removed, { dispose, isSameEvents });
    });
    if (!isSameEvents) await this.#rollups.sweep();
  }

  /** Adopts files that were copied in; resolves with their number. */
  adopt(): Promise<number> {
    return this.#mutex.run(async () => {
      await this.#recovery.lookAgain();
      await this.#compareWithDisk();
      const found = await this.#recovery.findNew();
      if (found.length === 0) return 0;
      const known = this.#catalog.readable();
      for (const path of await this.#store.run("listPendingDeletes", undefined)) known.add(path);
      const adopted = await this.#recovery.adoptNew(found, known);
      if (adopted.length === 0) return 0;
      for (const site of new Set(adopted.map((file) => file.site_id))) {
        this.#catalog.addSite(site);
        this.#catalog.changed(site);
      }
      this.#swap(adopted, []);
      this.#rollups.noteForeign(adopted);
      return adopted.length;
    });
  }

  /** Takes corrupt files out of the catalog into quarantine; missing ones stay in the catalog. */
  quarantine(
    found: readonly { file: CatalogFile; reason: string; isMissing: boolean }[],
  ): Promise<void> {
    return this.#mutex.run(async () => {
      const corrupt = found.filter(({ isMissing }) => !isMissing);
      this.#miss(found.filter(({ isMissing }) => isMissing).map(({ file }) => file));
      const paths = corrupt.map(({ file }) => file.path);
      await this.#store.run("forgetFiles", paths);
      this.#swap([], corrupt.map(({ file }) => file));
      for (const { file, reason } of corrupt) {
        this.#catalog.changed(file.site_id);
        try {
          await this.#recovery.quarantine(file.path, reason);
        } catch (error) {
          this.#log("error", "Cannot quarantine corrupt file", {
            path: file.path,
            reason: messageOf(error),
          });
        }
      }
    });
  }

  /** Tries again to remove what could not be removed before. */
  sweep(): Promise<void> {
    return this.#mutex.run(async () => {
      const removed = await this.#store.run("listPendingDeletes", undefined);
      if (removed.length === 0) return;
      const reading = this.#catalog.readable();
      await this.#remove(removed.filter((path) => !reading.has(path)));
    });
  }

  /** Stops reading files that are gone from disk, and reads those that are back. */
  async #compareWithDisk(): Promise<void> {
    const { missing } = this.#recovery;
    const back = await missing.returned();
    missing.drop(back.map(({ path }) => path));
    if (back.length > 0) {
      this.#swap(back, []);
      for (const { site_id } of back) this.#catalog.changed(site_id);
      this.#log("info", "Read Parquet files again that were missing", { files: back.length });
    }
    const read = [...this.#catalog.current.files.values()].flat();
    this.#miss(await missing.findGone(read));
  }

  #miss(files: readonly CatalogFile[]): void {
    const missed = new Set(this.#recovery.missing.paths);
    const gone = files.filter(({ path }) => !missed.has(path));
    if (gone.length === 0) return;
    this.#swap([], gone);
    for (const file of gone) {
      this.#recovery.missing.add(file);
      this.#catalog.changed(file.site_id);
    }
  }

  #swap(
    added: readonly CatalogFile[],
    removed: readonly CatalogFile[],
    { dispose, isSameEvents = false }: {
      readonly dispose?: () => void;
      readonly isSameEvents?: boolean;
    } = {},
  ): void {
    const { current } = this.#catalog;
    const next = { ...current, files: withFiles(current.files, added, removed) };
    this.#catalog.publish(next, dispose, isSameEvents ? undefined : { added, removed });
  }

  async #remove(paths: readonly string[]): Promise<void> {
    const gone: string[] = [];
    for (const path of paths) {
      try {
        await this.#files.remove(`${this.#eventsFolder}/${path}`);
        gone.push(path);
      } catch (error) {
        this.#log("warn", "Cannot remove a file yet", { path, reason: messageOf(error) });
      }
    }
    if (gone.length === 0) return;
    try {
      await this.#store.run("forgetPendingDeletes", gone);
    } catch (error) {
      this.#log("warn", "Cannot clear pending deletes yet", { reason: messageOf(error) });
    }
  }
}
