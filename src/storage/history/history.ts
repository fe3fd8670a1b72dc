// Puts the events of an import into the Parquet tier and takes them out again: each day is a file
// of the import's own, all of them enter in one transaction, and all of them leave in one.
import { AppError } from "../../core/errors.ts";
import type { Mutex } from "../../core/mutex.ts";
import type { Sql } from "../../core/sql.ts";
import type { Clock, Files } from "../../core/types.ts";
import type { Db } from "../duckdb.ts";
import {
  type CatalogFile,
  type Partition,
  partitionFolder,
  TEMPORARY,
} from "../parquet/partition.ts";
import { writeTemporary } from "../parquet/partition_file.ts";
import type { PartitionNumbers } from "../parquet/partition_numbers.ts";
import type { Originals } from "../rewrite/originals.ts";
import type { Rollups } from "../rollups/rollups.ts";
import type { Store } from "../state/store.ts";
import type { Catalog } from "../tiers/catalog.ts";
import type { ParquetTier } from "../tiers/parquet_tier.ts";
import type { Trash } from "../trash.ts";

/** Which days an import fills: those before the site's first own event, those without any, all. */
export const DAY_CHOICES = ["before", "empty", "all"] as const;

/** A choice of days. */
export type DayChoice = (typeof DAY_CHOICES)[number];

/** Which days of a site an import may fill. */
export interface FreeDays {
  /** UTC date of the site's first event that is of no import; null where there is none. */
  readonly ownFrom: string | null;
  /** Why events of a date are not taken; null where they are. */
  reason(date: string): "own" | "imported" | null;
}

/** What History works on. */
export interface HistoryParts {
  readonly store: Store;
  readonly files: Files;
  readonly catalog: Catalog;
  readonly parquet: ParquetTier;
  readonly rollups: Rollups;
  readonly numbers: PartitionNumbers;
  readonly originals: Originals;
  readonly trash: Trash;
  readonly clock: Clock;
  readonly mutex: Mutex;
}

/** Adds and removes the events of imports. */
export class History {
  readonly #parts: HistoryParts;
  readonly #eventsFolder: string;

  /** `mutex` keeps whatever changes files apart. */
  constructor(parts: HistoryParts, { eventsFolder }: { readonly eventsFolder: string }) {
    this.#parts = parts;
    this.#eventsFolder = eventsFolder;
  }

  /** Which days an import may fill now. */
  async freeDays(site: string, choice: DayChoice): Promise<FreeDays> {
    const { own, imported } = await this.#parts.store.run("datesOfSite", site);
    const ownFrom = own[0] ?? null;
    const [owned, taken] = [new Set(own), new Set(imported)];
    return {
      ownFrom,
      reason(date) {
        if (choice === "all") return null;
        if (taken.has(date)) return "imported";
        if (choice === "empty") return owned.has(date) ? "own" : null;
        return ownFrom !== null && date >= ownFrom ? "own" : null;
      },
    };
  }

  /**
   * Writes the events of one day to a temporary name. `source` is a relation of the stored columns
   * that `db` reads. Rejects with the error of DuckDB or of the disk.
   */
  async write(
    db: Db,
    id: string,
    partition: Partition,
    { source, isLarge, signal }: {
      readonly source: Sql;
      /** Whether it has more events than are sorted at once. */
      readonly isLarge: boolean;
      readonly signal: AbortSignal;
    },
  ): Promise<CatalogFile> {
    const { files, mutex, numbers } = this.#parts;
    const number = await mutex.run(() => numbers.next(partition));
    return await writeTemporary(db, files, this.#eventsFolder, partition, {
      number,
      source,
      order: isLarge ? "asRead" : "byVisitor",
      origin: { import: id },
      signal,
    });
  }

  /** Removes files that were written and not committed. */
  async discard(written: readonly CatalogFile[]): Promise<void> {
    for (const { path } of written) {
      await this.#parts.files.remove(`${this.#eventsFolder}/${path}${TEMPORARY}`);
      await this.#parts.files.remove(`${this.#eventsFolder}/${path}`);
    }
  }

  /**
   * Commits written files: from here on all of their events are there. Which days are free is asked
   * again, for events may have come meanwhile: files of other days are removed. When it rejects,
   * nothing was added.
   */
  async commit(
    id: string,
    written: readonly CatalogFile[],
    { choice, report }: {
      readonly choice: DayChoice;
      /** The report as JSON, given the files that are added. */
      readonly report: (added: readonly CatalogFile[]) => string;
    },
  ): Promise<void> {
    const { store, catalog, parquet, rollups, clock, mutex } = this.#parts;
    const site = written[0]?.site_id ?? "";
    await this.#settle(written);
    const { done } = await mutex.run(async () => {
      const free = await this.freeDays(site, choice);
      const [added, late] = [[], []] as [CatalogFile[], CatalogFile[]];
      for (const file of written) (free.reason(file.date) === null ? added : late).push(file);
      await store.run("commitImport", {
        id,
        files: added,
        late: late.map(({ path }) => path),
        report: report(added),
        atMs: clock.nowMs(),
      });
      if (added.length > 0) {
        catalog.addSite(site);
        catalog.changed(site);
        rollups.noteForeign(added);
      }
      return { done: parquet.publish(added, late) };
    });
    // What is left to do is to remove what nobody reads: it is done again later.
    await done.catch(() => {});
  }

  /**
   * Takes the events of an import out again; resolves with their number. Rejects with `conflict`
   * while the site's history is being rewritten.
   */
  async undo(id: string, site: string): Promise<number> {
    const { store, catalog, parquet, clock, mutex, originals, trash } = this.#parts;
    if (originals.of(site).length > 0) {
      throw new AppError(
        "conflict",
        `Cannot undo the import: first confirm or undo the path rules of ${site}`,
      );
    }
    const { removed, done } = await mutex.run(async () => {
      const paths = new Set(await store.run("listImportedPaths", id));
      const removed = [...catalog.current.files.values()].flat()
        .filter(({ path }) => paths.has(path));
      await trash.drop(paths);
      await store.run("undoImport", { id, atMs: clock.nowMs() });
      for (const changed of new Set(removed.map(({ site_id }) => site_id))) {
        catalog.changed(changed);
      }
      return { removed, done: parquet.publish([], removed) };
    });
    await done;
    return removed.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Gives files their final names, on disk when this resolves. */
  async #settle(written: readonly CatalogFile[]): Promise<void> {
    const { files } = this.#parts;
    const folders = new Set<string>([this.#eventsFolder]);
    for (const file of written) {
      const target = `${this.#eventsFolder}/${file.path}`;
      await files.rename(target + TEMPORARY, target);
      const folder = partitionFolder(file);
      folders.add(`${this.#eventsFolder}/${folder}`);
      folders.add(`${this.#eventsFolder}/${folder.slice(0, folder.indexOf("/"))}`);
    }
    for (const folder of folders) await files.sync(folder);
  }
}
