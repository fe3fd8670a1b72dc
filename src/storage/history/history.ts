// Puts the events of an import into the Parquet tier and takes them out again: each day is a file
// of the import's own, all of them enter in one transaction, and all of them leave in one. The same
// transactions show and hide the sums of an import, whose rows are written before and swept after.
import { AppError } from "../../core/errors.ts";
import type { EventColumnName } from "../../core/event.ts";
import type { Mutex } from "../../core/mutex.ts";
import type { Sql } from "../../core/sql.ts";
import type { SiteDates } from "./history_ops.ts";
import type { SumRow } from "./sum_kinds.ts";
import type { Clock, Files } from "../../core/types.ts";
import { utcDatesOf } from "../../core/zone.ts";
import type { Db } from "../duckdb.ts";
import { TEMPORARY } from "../parquet/file_name.ts";
import { type CatalogFile, type Partition, partitionFolder } from "../parquet/partition.ts";
import { writeTemporary } from "../parquet/partition_file.ts";
import type { PartitionNumbers } from "../parquet/partition_numbers.ts";
import type { Originals } from "../rewrite/originals.ts";
import type { Rollups } from "../rollups/rollups.ts";
import type { Store } from "../state/store.ts";
import type { Catalog } from "../tiers/catalog.ts";
import type { ParquetTier } from "../tiers/parquet_tier.ts";
import type { Trash } from "../trash.ts";
import type { Sums } from "./sums.ts";
import type { KeptSums } from "./sums_ops.ts";

/** Which days an import fills: those before the site's first own event, those without any, all. */
export const DAY_CHOICES = ["before", "empty", "all"] as const;

/** A choice of days. */
export type DayChoice = (typeof DAY_CHOICES)[number];

/** Which days of a site an import may fill. */
export interface FreeDays {
  /** UTC date of the site's first event that is of no import; null where there is none. */
  readonly ownFrom: string | null;
  /** Why events of a UTC date are not taken; null where they are. */
  reason(date: string): "own" | "imported" | null;
  /** The same of sums of a local date. */
  reasonOfSums(date: string): "own" | "imported" | null;
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
  readonly sums: Sums;
}

/** Which days of a site are free, by what is known of it. */
export function freeDaysOf(
  { own, imported, summed }: SiteDates,
  choice: DayChoice,
  zone: string,
): FreeDays {
  const ownFrom = own[0] ?? null;
  const touched = (date: string) => utcDatesOf(zone, date);
  const [owned, taken] = [new Set(own), new Set([...imported, ...summed.flatMap(touched)])];
  const reason = (date: string) => {
    if (choice === "all") return null;
    if (taken.has(date)) return "imported";
    if (choice === "empty") return owned.has(date) ? "own" : null;
    return ownFrom !== null && date >= ownFrom ? "own" : null;
  };
  const sameDays = new Set(summed);
  const foreign = new Set(imported);
  const reasonOfSums = (date: string) => {
    if (choice === "all") return null;
    // A day of sums beside one is no overlap, though they share a UTC date.
    if (sameDays.has(date) || touched(date).some((one) => foreign.has(one))) return "imported";
    const isOwn = (one: string) =>
      choice === "empty" ? owned.has(one) : ownFrom !== null && one >= ownFrom;
    return touched(date).some(isOwn) ? "own" : null;
  };
  return { ownFrom, reason, reasonOfSums };
}

/** What is committed of an import. */
export interface ImportCommit {
  readonly site: string;
  /** The site's time zone: that of the dates of sums. */
  readonly zone: string;
  readonly choice: DayChoice;
  /** Local dates of sums that were written, and what their rows have. */
  readonly sums: (Pick<KeptSums, "kinds"> & { readonly dates: readonly string[] }) | null;
  /** The report as JSON, given the dates of events and sums that are added. */
  readonly report: (added: ReadonlySet<string>) => string;
  readonly signal: AbortSignal;
}

/** An import and the site of its events. */
export interface Brought {
  readonly id: string;
  readonly site: string;
}

/** The events and sums of imports, wherever events are kept. */
export type ImportHistory =
  & Pick<
    History,
    | "freeDays"
    | "addSums"
    | "discardSums"
    | "sweepSums"
    | "write"
    | "discard"
    | "commit"
    | "undo"
  >
  & {
    /** Throws `unavailable` where nothing can be imported now. */
    requirePossible(): void;
    /** Removes what an import has brought that failed or was cancelled. */
    takeOut(id: string, site: string): Promise<void>;
    /** Imports that have brought something of which the store of imports may not know. */
    brought(): Promise<readonly Brought[]>;
  };

/** Adds and removes the events of imports. */
export class History {
  readonly #parts: HistoryParts;
  readonly #eventsFolder: string;

  /** `mutex` keeps whatever changes files apart. */
  constructor(parts: HistoryParts, { eventsFolder }: { readonly eventsFolder: string }) {
    this.#parts = parts;
    this.#eventsFolder = eventsFolder;
  }

  /** Imports are always possible here. */
  requirePossible(): void {}

  /** Which days the import `id` may fill now; sums are of days in `zone`. */
  async freeDays(site: string, choice: DayChoice, zone: string, _id: string): Promise<FreeDays> {
    return freeDaysOf(await this.#parts.store.run("datesOfSite", site), choice, zone);
  }

  /** Nothing is there before all of it is. */
  takeOut(): Promise<void> {
    return Promise.resolve();
  }

  /** The same. */
  brought(): Promise<readonly Brought[]> {
    return Promise.resolve([]);
  }

  /** Writes rows of sums, which nobody sees before the commit. */
  async addSums(id: string, rows: readonly SumRow[]): Promise<void> {
    await this.#parts.store.run("addSums", { id, rows });
  }

  /** Removes rows of sums that were written and not committed. */
  async discardSums(id: string): Promise<void> {
    await this.#parts.store.run("discardSums", id);
    await this.#parts.sums.sweep();
  }

  /** Deletes rows of sums that nobody sees. */
  async sweepSums(): Promise<void> {
    await this.#parts.sums.sweep();
  }

  /**
   * Writes the events of one day to a temporary name. `source` is a relation of some stored columns
   * that `db` reads. Rejects with the error of DuckDB or of the disk.
   */
  async write(
    db: Db,
    id: string,
    partition: Partition,
    { source, columns, isLarge, signal }: {
      readonly source: Sql;
      /** The columns that it has; the others are NULL. */
      readonly columns: readonly EventColumnName[];
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
      columns,
      order: isLarge ? "asRead" : "byVisitor",
      origin: { import: id },
      signal,
    });
  }

  /** Removes files that were written and not committed, whatever the commit told. */
  async discard(id: string, written: readonly CatalogFile[]): Promise<void> {
    const committed = new Set(await this.#parts.store.run("listImportedPaths", id));
    for (const { path } of written) {
      if (committed.has(path)) continue;
      await this.#parts.files.remove(`${this.#eventsFolder}/${path}${TEMPORARY}`);
      await this.#parts.files.remove(`${this.#eventsFolder}/${path}`);
    }
  }

  /**
   * Commits written files: from here on all of their events are there. Which days are free is asked
   * again, for events may have come meanwhile: files of other days are removed. When it rejects,
   * nothing was added.
   */
  async commit(id: string, written: readonly CatalogFile[], given: ImportCommit): Promise<void> {
    const { store, catalog, parquet, rollups, clock, mutex, sums } = this.#parts;
    const { site } = given;
    await this.#settle(written);
    const { done } = await mutex.run(async () => {
      const free = await this.freeDays(site, given.choice, given.zone, id);
      const [added, late] = [[], []] as [CatalogFile[], CatalogFile[]];
      for (const file of written) (free.reason(file.date) === null ? added : late).push(file);
      const kept = given.sums && keptSums(site, given.sums, free);
      await store.run("commitImport", {
        id,
        files: added,
        late: late.map(({ path }) => path),
        report: given.report(new Set([...added.map(({ date }) => date), ...kept?.dates ?? []])),
        atMs: clock.nowMs(),
        sums: kept,
      });
      if (added.length > 0 || (kept?.dates.length ?? 0) > 0) {
        catalog.addSite(site);
        catalog.changed(site);
        rollups.noteForeign(added);
      }
      sums.changed(site);
      return { done: parquet.publish(added, late) };
    });
    // What is left to do is to remove what nobody reads: it is done again later.
    await done.catch(() => {});
    await sums.sweep().catch(() => {});
  }

  /**
   * Takes the events and sums of an import out again; resolves with the number of events. Rejects
   * with `conflict` while the site's history is being rewritten.
   */
  async undo(id: string, site: string): Promise<number> {
    const { store, catalog, parquet, clock, mutex, originals, trash, sums } = this.#parts;
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
      for (const changed of new Set([site, ...removed.map(({ site_id }) => site_id)])) {
        catalog.changed(changed);
        sums.changed(changed);
      }
      return { removed, done: parquet.publish([], removed) };
    });
    await done;
    await sums.sweep();
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

/** What of the written sums is kept: days that were taken meanwhile are not. */
export function keptSums(
  site_id: string,
  { dates, kinds }: NonNullable<ImportCommit["sums"]>,
  free: FreeDays,
): KeptSums {
  const isFree = (date: string) => free.reasonOfSums(date) === null;
  const late = dates.filter((date) => !isFree(date));
  return { site_id, dates: dates.filter(isFree), late, kinds };
}
