// Compares the files on disk with the catalog. At start it completes unfinished steps: a flushed
// file whose commit is missing enters the catalog while its rows leave the journal; the result of
// an unfinished compaction is removed. Files from elsewhere (the original program, a restored
// backup) are adopted.
import { faultOfSiteId } from "../../core/site_id.ts";
import { sql } from "../../core/sql.ts";
import type { Files, Log } from "../../core/types.ts";
import { AppError, messageOf } from "../../core/errors.ts";
import { firstLine, isReason, isWhollyReadable, reasonPathOf } from "../parquet/corruption.ts";
import { type Db, isOutOfMemory } from "../duckdb.ts";
import type { Comparison } from "../state/ops/partition_ops.ts";
import { ForeignFiles } from "../adoption/foreign_files.ts";
import { type FileOrigin } from "../parquet/partition_file.ts";
import {
  type CatalogFile,
  folderOf,
  isOfSite,
  type Partition,
  partitionOfPath,
} from "../parquet/partition.ts";
import { literalPath } from "../parquet/schema.ts";
import { MissingFiles } from "../missing_files.ts";
import type { Store } from "../state/store.ts";

/** Paths, and which journal is ours. */
export interface RecoveryOptions {
  readonly eventsFolder: string;
  readonly quarantineFolder: string;
  readonly journalId: string;
  /** The last journal row that the files can hold: later ones came since the program started. */
  readonly journalSeqTo: number;
  /** Whether the journal was salvaged from a damaged file and may be older than the files. */
  readonly isSalvaged: boolean;
  /** Told how many of the files that are not in the catalog were read. */
  readonly onFile?: ((done: number, total: number) => void) | undefined;
}

/** A file not in the catalog, as its own footer describes it. */
interface Found extends Partition {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly origin: FileOrigin;
}

const INSPECT_FILES = 200;
const REASON_MODE = 0o640;
/** The quarantine folder as seen from the events folder. */
const QUARANTINE = "../quarantine";

/** Compares the events folder with the catalog. */
export class Recovery {
  /** Files of the catalog that are not on disk. */
  readonly missing: MissingFiles;
  readonly #db: Db;
  readonly #store: Store;
  readonly #files: Files;
  readonly #log: Log;
  readonly #options: RecoveryOptions;
  readonly #foreign: ForeignFiles;
  #refused = new Map<string, string>();
  #quarantined: string[] = [];

  constructor(db: Db, store: Store, files: Files, log: Log, options: RecoveryOptions) {
    this.#db = db;
    this.#store = store;
    this.#files = files;
    this.#log = log;
    this.#options = options;
    this.missing = new MissingFiles(files, log, options);
    this.#foreign = new ForeignFiles(db, files, options.eventsFolder);
  }

  /** Files that were not adopted, with the reason of each: they are not counted. */
  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }

  /** Paths of the files in quarantine. */
  get quarantined(): readonly string[] {
    return this.#quarantined;
  }

  /**
   * At start, before anything is written, from a comparison made since the folder was locked:
   * returns the files of the Parquet tier.
   */
  async start({ catalog, missing, unknown, temporary }: Comparison): Promise<CatalogFile[]> {
    await this.lookAgain();
    await this.removePendingDeletes();
    for (const path of temporary) await this.#files.remove(this.#absolute(path));
    let known = JSON.parse(catalog) as CatalogFile[];
    if (missing.length > 0) {
      const gone = new Set(missing);
      for (const file of known) if (gone.has(file.path)) this.missing.add(file);
      known = known.filter(({ path }) => !gone.has(path));
    }
    if (unknown.length === 0) return known;
    return [...known, ...await this.#adopt(unknown, new Set(known.map(({ path }) => path)), true)];
  }

  /**
   * Paths of files that were copied in while running, without those that were refused before. Call
   * it apart from flushes.
   */
  async findNew(): Promise<string[]> {
    const { eventsFolder } = this.#options;
    const unknown: string[] = [];
    // Folder by folder, so that new events do not wait for the whole search.
    for (const { name, isDirectory } of await this.#files.list(eventsFolder)) {
      if (!isDirectory) {
        if (name.endsWith(".parquet")) unknown.push(name);
        continue;
      }
      unknown.push(...await this.#store.run("findUnknown", { eventsFolder, folder: name }));
    }
    const present = new Set(unknown);
    for (const path of this.#refused.keys()) {
      if (!present.has(path)) this.#refused.delete(path);
    }
    return unknown.filter((path) => !this.#refused.has(path));
  }

  /** Adopts what `findNew` found; `known` are the files that are not new. */
  async adoptNew(paths: readonly string[], known: ReadonlySet<string>): Promise<CatalogFile[]> {
    return await this.#adopt(paths, known, false);
  }

  /** Deletes files that were replaced, expired or erased, and their pending deletes. */
  async removePendingDeletes(): Promise<void> {
    const paths = await this.#store.run("listPendingDeletes", undefined);
    if (paths.length === 0) return;
    for (const path of paths) await this.#files.remove(this.#absolute(path));
    await this.#store.run("forgetPendingDeletes", paths);
  }

  /** Looks at the quarantine folder again: the command line restores and drops files. */
  async lookAgain(): Promise<void> {
    const found = await this.#files.tree(this.#options.quarantineFolder);
    this.#quarantined = found.filter((path) => !isReason(path));
  }

  /** The quarantined files of some UTC dates of a site, by paths relative to the events folder. */
  quarantinedOf(
    site: string,
    firstDate: string,
    lastDate: string,
  ): { readonly path: string; readonly date: string }[] {
    return this.#quarantined.flatMap((path) => {
      const date = partitionOfPath(path)?.date ?? "";
      const isWanted = date >= firstDate && date <= lastDate && isOfSite(path, site);
      return isWanted ? [{ path: `${QUARANTINE}/${path}`, date }] : [];
    });
  }

  /** Removes erased files of the quarantine, which are pending deletes, from disk. */
  async removeQuarantined(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await this.#files.remove(reasonPathOf(this.#absolute(path)));
      await this.#files.remove(this.#absolute(path));
    }
    await this.#store.run("forgetPendingDeletes", paths);
    const gone = new Set(paths);
    this.#quarantined = this.#quarantined.filter((path) => !gone.has(`${QUARANTINE}/${path}`));
  }

  /** Forgets those of the paths that are missing: another file holds their events, or none may. */
  async forgetMissing(paths: readonly string[]): Promise<void> {
    const missing = new Set(this.missing.paths);
    const forgotten = paths.filter((path) => missing.has(path));
    if (forgotten.length === 0) return;
    await this.#store.run("forgetFiles", forgotten);
    this.missing.drop(forgotten);
  }

  /** Moves a corrupt file into the quarantine folder. */
  async quarantine(path: string, reason: string): Promise<void> {
    const place = await this.#placeFor(path);
    const target = `${this.#options.quarantineFolder}/${place}`;
    await this.#files.makeDir(folderOf(target));
    await this.#files.rename(this.#absolute(path), target);
    this.#quarantined.push(place);
    this.#log("error", "Quarantined corrupt file", { path: place, reason });
    try {
      const text = new TextEncoder().encode(`${reason}\n`);
      await this.#files.write(reasonPathOf(target), text, REASON_MODE);
    } catch (error) {
      this.#log("warn", "Cannot keep the reason of a quarantine", {
        path: place,
        reason: messageOf(error),
      });
    }
  }

  /** A path in quarantine that no earlier file has: `0001.parquet`, then `0001-2.parquet`. */
  async #placeFor(path: string): Promise<string> {
    for (let count = 1;; count++) {
      const place = count === 1 ? path : path.replace(/(\.parquet)?$/, `-${count}$1`);
      const target = `${this.#options.quarantineFolder}/${place}`;
      if (await this.#files.size(target) === null) return place;
    }
  }

  /** Files in quarantine that an erasure does not reach: they hold events of many sites. */
  get unerasable(): readonly string[] {
    return this.#quarantined.filter((path) => /^mallard-.*\.sqlite/.test(path));
  }

  async #adopt(
    paths: readonly string[],
    known: ReadonlySet<string>,
    atStart: boolean,
  ): Promise<CatalogFile[]> {
    const found: Found[] = [];
    for (let from = 0; from < paths.length; from += INSPECT_FILES) {
      found.push(...await this.#inspect(paths.slice(from, from + INSPECT_FILES), atStart));
      this.#options.onFile?.(Math.min(from + INSPECT_FILES, paths.length), paths.length);
    }
    const replaced = new Set(found.flatMap((file) => file.origin.replaces ?? []));
    const adopted: CatalogFile[] = [];
    const foreign: CatalogFile[] = [];
    for (const { origin, ...file } of found) {
      if (replaced.has(file.path) || origin.replaces?.some((path) => known.has(path))) {
        await this.#files.remove(this.#absolute(file.path));
        this.#log("info", "Removed the result of an unfinished compaction", { path: file.path });
        continue;
      }
      if (origin.import !== undefined && await this.#isUnfinished(origin.import)) {
        // While running, the import is about to commit it.
        if (atStart) await this.#files.remove(this.#absolute(file.path));
        continue;
      }
      const { seqFrom = 1 } = origin;
      // Events are accepted while files are adopted: a journal older than the files, from a backup,
      // gives them numbers that a file may claim.
      const seqTo = Math.min(origin.seqTo ?? 0, atStart ? this.#options.journalSeqTo : Infinity);
      // A file of ours whose rows have left the journal came back, or is a copy.
      const isUncommitted = this.#isOurs(origin) &&
        await this.#store.run("holdsJournal", { ...file, seqFrom, seqTo });
      if (isUncommitted) {
        // While running, those rows are hot, too: the next start decides.
        if (!atStart) continue;
        await this.#store.run("addFlushed", { file, seqFrom, seqTo });
        adopted.push(file);
      } else {
        foreign.push(file);
      }
    }
    if (foreign.length > 0) adopted.push(...await this.#addForeign(foreign, known, adopted));
    const entered = new Set(adopted.map(({ path }) => path));
    await this.forgetMissing(
      found.flatMap(({ path, origin }) => entered.has(path) ? origin.replaces ?? [] : []),
    );
    if (adopted.length > 0) {
      const rows = adopted.reduce((sum, file) => sum + file.rows, 0);
      this.#log("info", "Adopted Parquet files", { files: adopted.length, events: rows });
    }
    return adopted;
  }

  /** Adds what may be counted to the catalog, and names the rest. */
  async #addForeign(
    files: readonly CatalogFile[],
    known: Iterable<string>,
    ours: readonly CatalogFile[],
  ): Promise<readonly CatalogFile[]> {
    const there = [...known, ...ours.map(({ path }) => path)];
    const { fit, refused, notes } = await this.#foreign.judge(files, there);
    for (const [path, reason] of refused) {
      this.#refuse(path, reason);
    }
    for (const [path, reason] of notes) {
      this.#log("warn", "A Parquet file repeats events of others", { path, reason });
    }
    if (fit.length > 0) await this.#store.run("addFiles", fit);
    return fit;
  }

  #refuse(path: string, reason: string): void {
    this.#refused.set(path, reason);
    this.#log("error", "A Parquet file is not counted", { path, reason });
  }

  /** Whether an import of this store has not committed its files, or was undone. */
  async #isUnfinished(id: string): Promise<boolean> {
    const found = await this.#store.run("findPastImport", id);
    return found !== null && found.state !== "done";
  }

  #isOurs({ journal }: FileOrigin): boolean {
    const { journalId, isSalvaged } = this.#options;
    return journal !== undefined && (journal === journalId || isSalvaged);
  }

  /** Reads the footers of some files; what cannot be read is quarantined (at start) or left. */
  async #inspect(paths: readonly string[], atStart: boolean): Promise<Found[]> {
    const candidates = paths.filter((path) => {
      if (partitionOfPath(path)) return true;
      this.#refuse(path, "it lies in no folder site_id=…/date=…");
      return false;
    });
    if (candidates.length === 0) return [];
    try {
      return await this.#footers(candidates);
    } catch (error) {
      // A shortage proves nothing. At start nothing can be decided then: the journal may hold the
      // same events.
      if (error instanceof AppError || isOutOfMemory(error)) {
        if (atStart) throw error;
        return [];
      }
      const only = candidates[0];
      if (candidates.length > 1 || only === undefined) {
        const half = Math.ceil(candidates.length / 2);
        return [
          ...await this.#inspect(candidates.slice(0, half), atStart),
          ...await this.#inspect(candidates.slice(half), atStart),
        ];
      }
      // While running, the file may be half copied: the next start decides.
      if (!atStart) return [];
      if (await isWhollyReadable(this.#files, this.#absolute(only))) {
        await this.quarantine(only, firstLine(error));
      }
      return [];
    }
  }

  async #footers(paths: readonly string[]): Promise<Found[]> {
    const list = paths.map((path) => literalPath(this.#absolute(path)));
    const rows = await this.#db.query(sql`
      with columns as (
        select file_name, count(*) filter (where name in ('timestamp', 'visitor_id')) as needed
        from parquet_schema(${list})
        group by file_name
      ), origins as (
        select file_name, any_value(decode(value)) filter (where decode(key) = 'mallard') as origin
        from parquet_kv_metadata(${list})
        group by file_name
      )
      select file.file_name, file.num_rows, file.file_size_bytes, columns.needed, origins.origin
      from parquet_file_metadata(${list}) as file
      join columns using (file_name)
      left join origins using (file_name)`);
    const byPath = new Map(rows.map((row) => [String(row["file_name"]), row]));
    const found: Found[] = [];
    for (const path of paths) {
      const row = byPath.get(this.#absolute(path));
      const partition = partitionOfPath(path);
      if (!row || !partition || Number(row["needed"]) < 2) {
        throw new Error(`Cannot read ${path}: it holds no events`);
      }
      const origin = parseOrigin(row["origin"]);
      const site_id = origin.site ?? partition.site_id;
      const fault = faultOfSiteId(site_id);
      if (fault !== null) throw new Error(`Cannot read ${path}: its site is not allowed: ${fault}`);
      found.push({
        site_id,
        date: partition.date,
        path,
        rows: Number(row["num_rows"]),
        bytes: Number(row["file_size_bytes"]),
        origin,
      });
    }
    return found;
  }

  #absolute(path: string): string {
    return `${this.#options.eventsFolder}/${path}`;
  }
}

function parseOrigin(text: unknown): FileOrigin {
  if (typeof text !== "string") return {};
  try {
    return JSON.parse(text) as FileOrigin;
  } catch {
    return {};
  }
}
