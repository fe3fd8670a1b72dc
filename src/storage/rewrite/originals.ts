// The originals of rewritten files, kept until their owner confirms the rewriting: outside the
// events folder, under names that no tool reading `*.parquet` finds. Each has a row in
// mallard.sqlite; a file without a row is nobody's and is removed.
import { messageOf } from "../../core/errors.ts";
import type { Files, Log } from "../../core/types.ts";
import { type CatalogFile, folderOf } from "../parquet/partition.ts";
import type { KeptOriginal } from "../state/ops/rewrite_ops.ts";
import type { Store } from "../state/store.ts";

const SUFFIX = ".original";
const MODE = 0o750;

/** The kept originals of a DATA_DIR. */
export class Originals {
  readonly #store: Store;
  readonly #files: Files;
  readonly #log: Log;
  readonly #eventsFolder: string;
  readonly #folder: string;
  readonly #kept = new Map<string, KeptOriginal>();
  readonly #results = new Set<string>();

  private constructor(store: Store, files: Files, log: Log, dataDir: string) {
    this.#store = store;
    this.#files = files;
    this.#log = log;
    this.#eventsFolder = `${dataDir}/events`;
    this.#folder = `${dataDir}/originals`;
  }

  /**
   * Reads what is kept. What a crash left is removed; an original that is gone, as in a restored
   * backup, is forgotten: what was made of it stays.
   */
  static async open(
    store: Store,
    files: Files,
    log: Log,
    dataDir: string,
  ): Promise<Originals> {
    const originals = new Originals(store, files, log, dataDir);
    const kept = await store.run("listOriginals", undefined);
    const there = new Set(await files.tree(originals.#folder));
    const gone = kept.filter(({ path }) => !there.has(path + SUFFIX));
    if (gone.length > 0) {
      await store.run("forgetOriginals", gone.map(({ path }) => path));
      log("warn", "Originals of rewritten files are missing: those stay rewritten", {
        files: gone.length,
      });
    }
    const missing = new Set(gone.map(({ path }) => path));
    for (const original of kept) if (!missing.has(original.path)) originals.note(original);
    await originals.removeStrays();
    return originals;
  }

  /** Whether a file stands in the place of a kept original: it may not be merged or rewritten. */
  isResult(path: string): boolean {
    return this.#results.has(path);
  }

  /** The originals of one site, of some UTC dates, both included. */
  of(site: string, firstDate = "", lastDate = "~"): KeptOriginal[] {
    return [...this.#kept.values()].filter((original) =>
      original.site_id === site && original.date >= firstDate && original.date <= lastDate
    );
  }

  /** Links a file into the folder of originals; on disk when this resolves. */
  async link({ path }: CatalogFile): Promise<void> {
    const target = this.#placeOf(path);
    await this.#files.makeDir(folderOf(target));
    await this.#files.protect(this.#folder, MODE).catch(() => {});
    await this.#files.remove(target);
    await linkOrCopy(this.#files, `${this.#eventsFolder}/${path}`, target);
    for (let up = folderOf(target); up.length >= this.#folder.length; up = folderOf(up)) {
      await this.#files.sync(up);
    }
    await this.#files.sync(folderOf(this.#folder));
  }

  /** Removes the link of a file that was not replaced after all. */
  async unlink({ path }: CatalogFile): Promise<void> {
    if (!this.#kept.has(path)) await this.#remove(path);
  }

  /** Notes an original whose row was just written. */
  note(original: KeptOriginal): void {
    this.#kept.set(original.path, original);
    this.#results.add(original.replaced_by);
  }

  /** Puts an original back where it was, without a row in the catalog yet. */
  async putBack({ path }: KeptOriginal): Promise<void> {
    const target = `${this.#eventsFolder}/${path}`;
    await this.#files.makeDir(folderOf(target));
    await this.#files.remove(target);
    await linkOrCopy(this.#files, this.#placeOf(path), target);
    await this.#files.sync(folderOf(target));
  }

  /** Removes originals whose rows are gone; what cannot be removed is tried again later. */
  async drop(dropped: readonly KeptOriginal[]): Promise<void> {
    for (const { path, replaced_by } of dropped) {
      this.#kept.delete(path);
      this.#results.delete(replaced_by);
      try {
        await this.#remove(path);
      } catch (error) {
        this.#log("warn", "Cannot remove a file yet", { path, reason: messageOf(error) });
      }
    }
  }

  /** Erases the originals of one site, of some UTC dates, both included; returns them. */
  async erase(site: string, firstDate: string, lastDate: string): Promise<KeptOriginal[]> {
    const erased = this.of(site, firstDate, lastDate);
    if (erased.length === 0) return [];
    // The rows last: what fails here is found again by whoever tries it again.
    for (const { path } of erased) await this.#remove(path);
    await this.#store.run("forgetOriginals", erased.map(({ path }) => path));
    for (const { path, replaced_by } of erased) {
      this.#kept.delete(path);
      this.#results.delete(replaced_by);
    }
    return erased;
  }

  /** Erases every original: what was made of them can no longer be undone. */
  async eraseAll(): Promise<void> {
    await this.#files.removeTree(this.#folder);
    await this.#store.run("forgetOriginals", [...this.#kept.keys()]);
    this.#kept.clear();
    this.#results.clear();
  }

  /** Removes the files that have no row; what cannot be removed is tried again later. */
  async removeStrays(): Promise<void> {
    try {
      for (const place of await this.#files.tree(this.#folder)) {
        const path = place.endsWith(SUFFIX) ? place.slice(0, -SUFFIX.length) : place;
        if (!this.#kept.has(path)) await this.#remove(path, place);
      }
    } catch (error) {
      this.#log("warn", "Cannot remove originals yet", { reason: messageOf(error) });
    }
  }

  #placeOf(path: string): string {
    return `${this.#folder}/${path}${SUFFIX}`;
  }

  async #remove(path: string, place = path + SUFFIX): Promise<void> {
    await this.#files.remove(`${this.#folder}/${place}`);
    // The names of the folders name the site; those in use stay.
    for (let up = folderOf(path); up !== ""; up = folderOf(up)) {
      try {
        await this.#files.remove(`${this.#folder}/${up}`);
      } catch {
        return;
      }
    }
  }
}

/** On a file system without links it is copied, under a name of its own until it is whole. */
async function linkOrCopy(files: Files, from: string, to: string): Promise<void> {
  try {
    await files.link(from, to);
  } catch {
    await files.copy(from, `${to}.tmp`);
    await files.rename(`${to}.tmp`, to);
  }
}
