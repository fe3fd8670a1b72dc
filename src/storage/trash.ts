// The trash: Parquet files that expired, kept for three days outside the events folder, under names
// that no tool reading `*.parquet` finds.
import { messageOf } from "../core/errors.ts";
import { DAY_MS } from "../core/durations.ts";
import type { Files, Log } from "../core/types.ts";
import { CLOCK_FAR_MS } from "./clock_guard.ts";
import { type CatalogFile, folderOf, isOfSite, partitionOfPath } from "./parquet/partition.ts";

/** Time that expired events stay in the trash. */
export const TRASH_MS = 3 * DAY_MS;
const SUFFIX = ".expired";

/** A file in the trash: `path` is where it was below the events folder. */
export interface TrashedFile {
  readonly path: string;
  readonly date: string;
  readonly atMs: number;
  /** Its path below the trash folder. */
  readonly place: string;
}

/** What an undo did with the files of the trash. */
export interface Undone {
  readonly restored: number;
  /** Files that a running query still reads at their old place. */
  readonly busy: number;
}

/** The expired files of a DATA_DIR. */
export class Trash {
  readonly #files: Files;
  readonly #eventsFolder: string;
  readonly #folder: string;

  constructor(files: Files, dataDir: string) {
    this.#files = files;
    this.#eventsFolder = `${dataDir}/events`;
    this.#folder = `${dataDir}/trash`;
  }

  /** Every file in the trash. */
  async list(): Promise<TrashedFile[]> {
    const found: TrashedFile[] = [];
    for (const place of await this.#files.tree(this.#folder)) {
      const match = /^(\d+)\/(.+)\.expired$/.exec(place);
      const path = match?.[2] ?? "";
      const partition = partitionOfPath(path);
      if (partition) found.push({ path, date: partition.date, atMs: Number(match?.[1]), place });
    }
    return found;
  }

  /**
   * Links files into the trash; they also stay where they were. On disk when this
   * resolves. On a file system without links they are copied.
   */
  async keep(files: readonly CatalogFile[], atMs: number): Promise<void> {
    const folders = new Set<string>();
    for (const { path } of files) {
      const target = `${this.#folder}/${Math.floor(atMs)}/${path}${SUFFIX}`;
      await this.#files.makeDir(folderOf(target));
      await this.#files.remove(target);
      const source = `${this.#eventsFolder}/${path}`;
      try {
        await this.#files.link(source, target);
      } catch {
        await this.#files.copy(source, target);
      }
      for (let up = folderOf(target); up.length >= this.#folder.length; up = folderOf(up)) {
        folders.add(up);
      }
    }
    for (const folder of folders) await this.#files.sync(folder);
    await this.#files.sync(folderOf(this.#folder));
  }

  /** Removes one site's files of some dates, both included; returns them. */
  async erase(site: string, firstDate: string, lastDate: string): Promise<TrashedFile[]> {
    const erased = await this.of(site, firstDate, lastDate);
    for (const file of erased) await this.#remove(file);
    return erased;
  }

  /** Removes files by the paths that they had below the events folder. */
  async drop(paths: ReadonlySet<string>): Promise<void> {
    for (const file of await this.list()) if (paths.has(file.path)) await this.#remove(file);
  }

  /** One site's files of some dates, both included. */
  async of(site: string, firstDate: string, lastDate: string): Promise<TrashedFile[]> {
    return (await this.list()).filter(({ path, date }) =>
      date >= firstDate && date <= lastDate && isOfSite(path, site)
    );
  }

  /**
   * Removes what has been there for `keepMs`; returns the number of files. Files with a time far
   * ahead were put there by a clock that was wrong: their time begins now.
   */
  async empty(nowMs: number, keepMs: number, log: Log): Promise<number> {
    let removed = 0;
    for (const file of await this.list()) {
      try {
        if (file.atMs <= nowMs - keepMs) {
          await this.#remove(file);
          removed++;
        } else if (file.atMs > nowMs + CLOCK_FAR_MS) {
          const target = `${this.#folder}/${Math.floor(nowMs)}/${file.path}${SUFFIX}`;
          await this.#files.makeDir(folderOf(target));
          await this.#files.rename(`${this.#folder}/${file.place}`, target);
        }
      } catch (error) {
        log("warn", "Cannot empty the trash yet", { path: file.place, reason: messageOf(error) });
      }
    }
    return removed;
  }

  /**
   * Moves every file back to where it was, to be adopted. `deleting` are the files whose removal
   * from there is not finished.
   */
  async undo(deleting: ReadonlySet<string>): Promise<Undone> {
    let restored = 0;
    let busy = 0;
    for (const file of await this.list()) {
      const target = `${this.#eventsFolder}/${file.path}`;
      if (deleting.has(file.path)) {
        busy++;
      } else if (await this.#files.size(target) !== null) {
        // An expiry was interrupted: the file is still in its place.
        await this.#remove(file);
      } else {
        await this.#files.makeDir(folderOf(target));
        await this.#files.rename(`${this.#folder}/${file.place}`, target);
        await this.#files.sync(folderOf(target));
        restored++;
      }
    }
    return { restored, busy };
  }

  async #remove({ place }: TrashedFile): Promise<void> {
    await this.#files.remove(`${this.#folder}/${place}`);
    // The names of the folders name the site; those in use stay.
    for (let up = folderOf(place); up !== ""; up = folderOf(up)) {
      try {
        await this.#files.remove(`${this.#folder}/${up}`);
      } catch {
        return;
      }
    }
  }
}
