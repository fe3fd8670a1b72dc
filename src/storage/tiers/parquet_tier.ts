// Changes to the set of Parquet files while the server runs: what is replaced, erased, adopted or
// set aside leaves or enters the snapshot at once, and leaves the disk when no query reads it.
import { messageOf } from "../../core/errors.ts";
import type { Turns } from "../../core/mutex.ts";
import type { Files, Log } from "../../core/types.ts";
import { type Catalog, withFiles } from "./catalog.ts";
import type { Recovery } from "./recovery.ts";
import type { Store } from "../state/store.ts";
import type { CatalogFile } from "./catalog_file.ts";

/** The cold tier's files as they come and go. */
export class Cold {
  readonly #store: Store;
  readonly #files: Files;
  readonly #catalog: Catalog;
  readonly #recovery: Recovery;
  readonly #log: Log;
  readonly #turns: Turns;
  readonly #eventsFolder: string;

  /** `turns` keeps whatever changes files apart from flushes. */
  constructor(
    store: Store,
    files: Files,
    catalog: Catalog,
    recovery: Recovery,
    log: Log,
    turns: Turns,
    options: { eventsFolder: string },
  ) {
    this.#store = store;
    this.#files = files;
    this.#catalog = catalog;
    this.#recovery = recovery;
    this.#log = log;
    this.#turns = turns;
    this.#eventsFolder = options.eventsFolder;
  }

  /**
   * Publishes files that are in the catalog and takes condemned ones away. Resolves when those
   * are gone from disk: after the last query that reads them.
   */
  publish(added: readonly CatalogFile[], condemned: readonly CatalogFile[]): Promise<void> {
    return new Promise((resolve) => {
      this.#swap(added, condemned, () => {
        this.#remove(condemned.map((file) => file.path)).then(resolve);
      });
    });
  }

  /** Adopts files that were copied in; resolves with their number. */
  adopt(): Promise<number> {
    return this.#turns.run(async () => {
      const found = await this.#recovery.findNew();
      if (found.length === 0) return 0;
      const known = this.#catalog.readable();
      for (const path of await this.#store.run("listCondemned", undefined)) known.add(path);
      const adopted = await this.#recovery.adoptNew(found, known);
      if (adopted.length === 0) return 0;
      for (const site of new Set(adopted.map((file) => file.site_id))) {
        this.#catalog.addSite(site);
        this.#catalog.changed(site);
      }
      this.#swap(adopted, []);
      return adopted.length;
    });
  }

  /** Takes damaged or missing files out of the catalog and moves them into the quarantine. */
  setAside(damaged: readonly { file: CatalogFile; reason: string }[]): Promise<void> {
    return this.#turns.run(async () => {
      const paths = damaged.map(({ file }) => file.path);
      await this.#store.run("forgetFiles", paths);
      this.#swap([], damaged.map(({ file }) => file));
      for (const { file, reason } of damaged) {
        this.#catalog.changed(file.site_id);
        try {
          await this.#recovery.setAside(file.path, reason);
        } catch (error) {
          this.#log("error", `Cannot set aside ${file.path}: ${messageOf(error)}`);
        }
      }
    });
  }

  /** Tries again to remove what could not be removed before. */
  sweep(): Promise<void> {
    return this.#turns.run(async () => {
      const condemned = await this.#store.run("listCondemned", undefined);
      if (condemned.length === 0) return;
      const reading = this.#catalog.readable();
      await this.#remove(condemned.filter((path) => !reading.has(path)));
    });
  }

  #swap(
    added: readonly CatalogFile[],
    removed: readonly CatalogFile[],
    dispose?: () => void,
  ): void {
    const { files, hotTables } = this.#catalog.current;
    this.#catalog.publish({ files: withFiles(files, added, removed), hotTables }, dispose);
  }

  async #remove(paths: readonly string[]): Promise<void> {
    const gone: string[] = [];
    for (const path of paths) {
      try {
        await this.#files.remove(`${this.#eventsFolder}/${path}`);
        gone.push(path);
      } catch (error) {
        this.#log("warn", `Cannot remove ${path} yet: ${messageOf(error)}`);
      }
    }
    if (gone.length === 0) return;
    try {
      await this.#store.run("forgetCondemned", gone);
    } catch (error) {
      this.#log("warn", `Cannot forget removed files yet: ${messageOf(error)}`);
    }
  }
}
