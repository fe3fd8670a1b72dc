// The known Parquet files and hot tables as immutable snapshots. A query leases one snapshot and
// reads exactly what it names; what a later snapshot no longer names is deleted only when no
// lease can still need it.
import { SiteSpellings } from "../../core/site_id.ts";
import type { CatalogFile } from "../parquet/partition.ts";
import type { FileChange } from "../rollups/rollups.ts";
import { groupBySite, type Snapshot } from "./snapshot.ts";

/** A snapshot in use. `release` must be called once. */
export interface Lease {
  readonly snapshot: Snapshot;
  release(): void;
}

/** What was known of a site's events up to a time, and what has come since. */
export interface Seal {
  readonly site: string;
  /** Microseconds since 1970 UTC. */
  readonly toUs: number;
  /** Whether events up to that time have come, gone or changed. */
  isBroken: boolean;
  /** Events that came with a later time. */
  later: number;
}

interface Held {
  readonly snapshot: Snapshot;
  leases: number;
  /** Removes what the next snapshot no longer names. */
  dispose: (() => void) | undefined;
}

/** The current snapshot and those still leased; the known sites and how often each changed. */
export class Catalog {
  readonly #held: Held[];
  readonly #sites: Set<string>;
  readonly #spellings: SiteSpellings;
  readonly #changes = new Map<string, number>();
  readonly #seals = new Map<string, Set<Seal>>();
  readonly #onChange: (change: FileChange) => void;
  /** Sites of folders whose files are not in the catalog yet. */
  readonly #expected = new Set<string>();
  #sorted: readonly string[] | undefined;

  /** `onChange` hears of files whose events enter or leave, when that becomes visible. */
  constructor(
    files: readonly CatalogFile[],
    sites: readonly string[],
    onChange: (change: FileChange) => void = () => {},
  ) {
    this.#onChange = onChange;
    const bySite = groupBySite(files);
    this.#held = [{ snapshot: { files: bySite, hotTables: [] }, leases: 0, dispose: undefined }];
    this.#sites = new Set([...sites, ...bySite.keys()]);
    this.#spellings = new SiteSpellings(this.#sites);
  }

  /** At start: takes sites for known whose files are still to be adopted. */
  expect(sites: Iterable<string>): void {
    for (const site of sites) {
      if (this.#sites.has(site)) continue;
      this.addSite(site);
      this.#expected.add(site);
    }
  }

  /** At start: publishes the files that were found, and forgets expected sites without any. */
  found(files: readonly CatalogFile[]): void {
    const bySite = groupBySite(files);
    for (const site of bySite.keys()) this.addSite(site);
    for (const site of this.#expected) this.removeSite(site);
    this.#expected.clear();
    this.publish({ ...this.current, files: bySite });
  }

  /** Whether the site has ever been seen. */
  hasSite(site: string): boolean {
    return this.#sites.has(site);
  }

  /** Whether the site is expected only: its first event is that of a new one. */
  isExpected(site: string): boolean {
    return this.#expected.has(site);
  }

  /** Remembers a site. */
  addSite(site: string): void {
    this.#sites.add(site);
    this.#expected.delete(site);
    this.#spellings.add(site);
    this.#sorted = undefined;
  }

  /** Removes a site that has no events any more. */
  removeSite(site: string): void {
    this.#sites.delete(site);
    this.#spellings.delete(site);
    this.#sorted = undefined;
  }

  /** The known site ids that differ in case alone. */
  get spellings(): Pick<SiteSpellings, "of" | "several"> {
    return this.#spellings;
  }

  /** Known site ids, sorted. */
  sites(): readonly string[] {
    this.#sorted ??= [...this.#sites].sort();
    return this.#sorted;
  }

  /** Notes that the events of a site have changed. */
  changed(site: string): void {
    this.#changes.set(site, (this.#changes.get(site) ?? 0) + 1);
    for (const seal of this.#seals.get(site) ?? []) seal.isBroken = true;
  }

  /** Notes that a site has more events, the earliest of this time in microseconds, and no less. */
  appended(site: string, count: number, earliestUs: number): void {
    this.#changes.set(site, (this.#changes.get(site) ?? 0) + 1);
    for (const seal of this.#seals.get(site) ?? []) {
      if (earliestUs <= seal.toUs) seal.isBroken = true;
      seal.later += count;
    }
  }

  /** Watches whether a site's events up to a time stay what they are, until `unseal`. */
  seal(site: string, toUs: number): Seal {
    const seal = { site, toUs, isBroken: false, later: 0 };
    const seals = this.#seals.get(site) ?? new Set();
    this.#seals.set(site, seals.add(seal));
    return seal;
  }

  /** Ends a watch. */
  unseal(seal: Seal): void {
    const seals = this.#seals.get(seal.site);
    seals?.delete(seal);
    if (seals?.size === 0) this.#seals.delete(seal.site);
  }

  /** A text that differs whenever the events of the site differ, within this process. */
  version(site: string): string {
    return String(this.#changes.get(site) ?? 0);
  }

  /** The newest snapshot, without a lease. */
  get current(): Snapshot {
    return this.#newest().snapshot;
  }

  /** The newest snapshot, kept readable until released. */
  lease(): Lease {
    const held = this.#newest();
    held.leases++;
    let released = false;
    return {
      snapshot: held.snapshot,
      release: () => {
        if (released) return;
        released = true;
        held.leases--;
        this.#disposeUnused();
      },
    };
  }

  /**
   * Makes `next` the newest snapshot; `dispose` runs when nobody can read an older one. `change`
   * names the files whose events entered or left; none where events only moved.
   */
  publish(next: Snapshot, dispose?: () => void, change?: FileChange): void {
    if (change) this.#onChange(change);
    this.#newest().dispose = dispose;
    this.#held.push({ snapshot: next, leases: 0, dispose: undefined });
    this.#disposeUnused();
  }

  /** Number of files in the newest snapshot. */
  fileCount(): number {
    let count = 0;
    for (const files of this.current.files.values()) count += files.length;
    return count;
  }

  /** Paths of every file that a query may still read. */
  readable(): Set<string> {
    const paths = new Set<string>();
    for (const { snapshot } of this.#held) {
      for (const files of snapshot.files.values()) for (const file of files) paths.add(file.path);
    }
    return paths;
  }

  #newest(): Held {
    const held = this.#held.at(-1);
    if (!held) throw new Error("Cannot read the catalog: it holds no snapshot");
    return held;
  }

  #disposeUnused(): void {
    while (this.#held.length > 1 && this.#held[0]?.leases === 0) {
      this.#held.shift()?.dispose?.();
    }
  }
}
