// The Parquet files of the catalog that are not on disk. They stay in the catalog: answers say of
// which dates they are missing, and a file that comes back whole is read again.
import type { Files, Log } from "../core/types.ts";
import type { CatalogFile } from "./parquet/partition.ts";

/** Files looked for in one check, so that no check takes long. */
const CHECKED_MAX = 500;

/** Known files that are missing. */
export class MissingFiles {
  readonly #files: Files;
  readonly #log: Log;
  readonly #eventsFolder: string;
  readonly #missing = new Map<string, CatalogFile>();
  #isFolderGone = false;
  #checked = 0;

  constructor(files: Files, log: Log, options: { readonly eventsFolder: string }) {
    this.#files = files;
    this.#log = log;
    this.#eventsFolder = options.eventsFolder;
  }

  /** Their paths, relative to the events folder. */
  get paths(): readonly string[] {
    return [...this.#missing.keys()];
  }

  /** Whether the last check did not find the events folder at all. */
  get isFolderGone(): boolean {
    return this.#isFolderGone;
  }

  /** Notes a file that is not on disk. */
  add(file: CatalogFile): void {
    this.#missing.set(file.path, file);
    this.#log("error", "A Parquet file of the catalog is missing on disk", { path: file.path });
  }

  /** Those of some UTC dates of a site. */
  of(site: string, firstDate: string, lastDate: string): CatalogFile[] {
    return [...this.#missing.values()].filter(({ site_id, date }) =>
      site_id === site && date >= firstDate && date <= lastDate
    );
  }

  /** Misses files no more: they came back, or they are in the catalog no more. */
  drop(paths: readonly string[]): void {
    for (const path of paths) this.#missing.delete(path);
  }

  /** The files that are back with the size they had: a copy that is under way is shorter. */
  async returned(): Promise<CatalogFile[]> {
    const back: CatalogFile[] = [];
    for (const file of this.#missing.values()) {
      if (await this.#size(file) === file.bytes) back.push(file);
    }
    return back;
  }

  /** Looks for the next of the files that are read; resolves with those that are gone. */
  async findGone(read: readonly CatalogFile[]): Promise<CatalogFile[]> {
    this.#isFolderGone = await this.#files.size(this.#eventsFolder) === null;
    // An unmounted disk: reports are refused until it is back.
    if (this.#isFolderGone) return [];
    if (this.#checked >= read.length) this.#checked = 0;
    const next = read.slice(this.#checked, this.#checked + CHECKED_MAX);
    this.#checked += next.length;
    const gone: CatalogFile[] = [];
    for (const file of next) if (await this.#size(file) === null) gone.push(file);
    return gone;
  }

  #size({ path }: CatalogFile): Promise<number | null> {
    return this.#files.size(`${this.#eventsFolder}/${path}`);
  }
}
