// Rollups: what closed days add up to, in files that can be deleted at any time. Here is which days
// have theirs, in memory and in mallard.sqlite; what the sums mean is not known here.
import { createHash } from "node:crypto";
import { messageOf } from "../../core/errors.ts";
import { LruCache } from "../../core/lru_cache.ts";
import type { Files, Log } from "../../core/types.ts";
import type { CatalogFile } from "../parquet/partition.ts";
import { TEMPORARY } from "../parquet/file_name.ts";
import {
  type ChangedDate,
  type RollupDay,
  type SiteRollups,
  spanOfFile,
} from "../state/ops/rollup_ops.ts";
import type { Store } from "../state/store.ts";

/** Sites whose days are in memory. */
const SITES_IN_MEMORY = 500;
/** Names end so, and not in `.parquet`, though the files are of that format. */
const SUFFIX = ".rollup";
const VISITS_SUFFIX = ".visits";

const FOLDER_MODE = 0o750;

/** A change of the set of files of events, or of what a lake has of some dates. */
export interface FileChange {
  readonly added: readonly ChangedDate[];
  readonly removed: readonly ChangedDate[];
}

/** The two files that a build makes, below the folder: the sums of days, and their visits. */
export type RollupFiles = Pick<RollupDay, "path" | "visitsPath">;

/** A span of a site's events that somebody reads; `isStale` is set when they change. */
export interface Watch {
  readonly site: string;
  readonly fromUs: number;
  readonly toUs: number;
  isStale: boolean;
}

/** The days of every site that have rollups. */
export class Rollups {
  readonly #store: Store;
  readonly #files: Files;
  readonly #log: Log;
  readonly #folder: string;
  readonly #sites = new LruCache<string, SiteRollups>(SITES_IN_MEMORY);
  /** How often the rollups of a site were taken out; only of those that ever were. */
  readonly #epochs = new Map<string, number>();
  readonly #watches = new Set<Watch>();
  #number = 0;
  #hasGarbage = true;

  constructor(store: Store, files: Files, log: Log, options: { readonly folder: string }) {
    this.#store = store;
    this.#files = files;
    this.#log = log;
    this.#folder = options.folder;
  }

  /** At start: removes files that no day names, and days whose file is gone. */
  async start(): Promise<void> {
    await this.#makeFolder();
    const used = await this.#store.run("listRollups", undefined);
    const present = new Set(await this.#files.tree(this.#folder));
    const named = new Set(used);
    const lost = used.filter((path) => !present.has(path));
    if (lost.length > 0) await this.#store.run("forgetRollups", lost);
    for (const path of present) {
      this.#number = Math.max(this.#number, numberOf(path));
      if (!named.has(path)) await this.#files.remove(this.absolute(path));
    }
    await this.sweep();
  }

  /** Brings what is known of a site into memory; `view` needs it. */
  async load(site: string): Promise<void> {
    while (this.#sites.get(site) === undefined) {
      const epoch = this.epochOf(site);
      const found = await this.#store.run("siteRollups", site);
      if (epoch === this.epochOf(site)) this.#sites.set(site, found);
    }
  }

  /** What is known of a site, of this moment; undefined where it was not loaded. */
  view(site: string): SiteRollups | undefined {
    return this.#sites.get(site);
  }

  /** Tells whether a site's events of a span have changed, until `unwatch`. */
  watch(site: string, fromUs: number, toUs: number): Watch {
    const watch = { site, fromUs, toUs, isStale: false };
    this.#watches.add(watch);
    return watch;
  }

  /** Ends a watch. */
  unwatch(watch: Watch): void {
    this.#watches.delete(watch);
  }

  /** A number that rises whenever rollups of a site are taken out. */
  epochOf(site: string): number {
    return this.#epochs.get(site) ?? 0;
  }

  /**
   * Takes out, in memory, the days that read what has changed. mallard.sqlite does the same in the
   * transaction of the change. Call it in the same step in which the change becomes visible.
   */
  changed({ added, removed }: FileChange): void {
    for (const file of [...added, ...removed]) {
      for (const watch of this.#watches) {
        if (watch.site === file.site_id && reads(watch, file)) watch.isStale = true;
      }
    }
    for (const file of added) {
      this.#stale(file.site_id, (days) => days.filter((day) => !reads(spanReadBy(day), file)));
    }
    for (const file of removed) {
      const { fromUs, toUs } = spanOfFile(file);
      this.#stale(
        file.site_id,
        (days) => days.filter((day) => day.holdsFromUs >= toUs || day.holdsToUs <= fromUs),
      );
    }
  }

  #stale(site: string, kept: (days: readonly RollupDay[]) => readonly RollupDay[]): void {
    this.#epochs.set(site, this.epochOf(site) + 1);
    this.#hasGarbage = true;
    const known = this.#sites.get(site);
    if (known) this.#sites.set(site, { ...known, days: kept(known.days) });
  }

  /** Notes that these files came from elsewhere, as mallard.sqlite does when they are added. */
  noteForeign(files: readonly CatalogFile[]): void {
    for (const file of files) {
      const known = this.#sites.get(file.site_id);
      const foreignToUs = Math.max(known?.foreignToUs ?? 0, spanOfFile(file).toUs);
      if (known) this.#sites.set(file.site_id, { ...known, foreignToUs });
    }
  }

  /** Names for new files of a site; `first` and `last` are the days of the visits. */
  nextFiles(site: string, first: number, last: number): RollupFiles {
    const folder = createHash("sha256").update(site).digest("hex").slice(0, 32);
    const start = `${folder}/${String(++this.#number).padStart(6, "0")}`;
    return {
      path: start + SUFFIX,
      visitsPath: `${start}-${first}-${last}${VISITS_SUFFIX}`,
    };
  }

  /** The path of a file on disk. */
  absolute(path: string): string {
    return `${this.#folder}/${path}`;
  }

  /** DuckDB makes files that every user could read: the mode of their folder protects them. */
  async #makeFolder(): Promise<void> {
    await this.#files.makeDir(this.#folder);
    await this.#files.protect(this.#folder, FOLDER_MODE).catch(() => {});
  }

  /** Makes the folder of a file that is about to be written as `path` + TEMPORARY. */
  async prepare(path: string): Promise<string> {
    await this.#makeFolder();
    const absolute = this.absolute(path);
    await this.#files.makeDir(absolute.slice(0, absolute.lastIndexOf("/")));
    return absolute + TEMPORARY;
  }

  /** Gives written files their names, then makes their days known; others of these are replaced. */
  async keep(site: string, files: RollupFiles, days: readonly RollupDay[]): Promise<void> {
    for (const path of [files.path, files.visitsPath]) {
      const absolute = this.absolute(path);
      await this.#files.sync(absolute + TEMPORARY);
      await this.#files.rename(absolute + TEMPORARY, absolute);
      await this.#files.sync(absolute.slice(0, absolute.lastIndexOf("/")));
    }
    await this.#store.run("keepRollups", { site_id: site, days });
    this.#hasGarbage = true;
    const known = this.#sites.get(site);
    if (!known) return;
    const replaced = new Set(days.map(({ day }) => day));
    const others = known.days.filter(({ day }) => !replaced.has(day));
    const all = [...others, ...days].sort((a, b) => a.day - b.day);
    this.#sites.set(site, { ...known, days: all });
  }

  /** Removes files unless they are kept. */
  async discard(site: string, { path, visitsPath }: RollupFiles): Promise<void> {
    if (this.view(site)?.days.some((day) => day.path === path)) return;
    for (const absolute of [path, visitsPath].map((one) => this.absolute(one))) {
      await this.#files.remove(absolute + TEMPORARY);
      await this.#files.remove(absolute);
    }
  }

  /** Takes every day of some files out: they could not be read, or are computed otherwise now. */
  async forget(site: string, paths: readonly string[]): Promise<void> {
    await this.#store.run("forgetRollups", paths);
    const gone = new Set(paths);
    this.#stale(
      site,
      (days) => days.filter((day) => !gone.has(day.path) && !gone.has(day.visitsPath)),
    );
  }

  /** Takes every day of a site out, and remembers how far apart one visitor was seen. */
  async setReach(site: string, days: number): Promise<void> {
    await this.#store.run("setReach", { site_id: site, days });
    this.#stale(site, () => []);
    const known = this.#sites.get(site);
    if (known) this.#sites.set(site, { ...known, reachDays: days });
  }

  /** Removes files that no day names any more. What cannot be removed yet is tried again. */
  async sweep(): Promise<void> {
    if (!this.#hasGarbage) return;
    this.#hasGarbage = false;
    const garbage = await this.#store.run("listGarbage", undefined);
    if (garbage.length === 0) return;
    const gone: string[] = [];
    for (const path of garbage) {
      try {
        await this.#files.remove(this.absolute(path));
        gone.push(path);
      } catch (error) {
        this.#hasGarbage = true;
        this.#log("warn", "Cannot remove a file yet", { path, reason: messageOf(error) });
      }
    }
    await this.#store.run("forgetGarbage", gone);
  }
}

/** Whether a span holds a time at which a file may have events. */
function reads(span: { readonly fromUs: number; readonly toUs: number }, file: ChangedDate) {
  const { fromUs, toUs } = spanOfFile(file);
  return span.fromUs < toUs && span.toUs > fromUs;
}

function spanReadBy({ readsFromUs, readsToUs }: RollupDay) {
  return { fromUs: readsFromUs, toUs: readsToUs };
}

function numberOf(path: string): number {
  return Number(/\/(\d+)[-.][^/]*$/.exec(path)?.[1] ?? 0);
}

/** The first and the last day that a file of visits was made for. */
export function daysOfVisits(path: string): { readonly first: number; readonly last: number } {
  const [, first, last] = /-(-?\d+)-(-?\d+)\.visits$/.exec(path) ?? [];
  return { first: Number(first), last: Number(last) };
}

/** Whether an error of DuckDB is about a file of rollups. */
export function isOfRollups(error: unknown): boolean {
  const message = messageOf(error);
  return message.includes(SUFFIX) || message.includes(VISITS_SUFFIX);
}
