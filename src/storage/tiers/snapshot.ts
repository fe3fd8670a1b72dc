// An immutable view of where every event is: the Parquet files by site and the hot tables.
import type { CatalogFile } from "../parquet/partition.ts";

/** A table of what another server has not brought into the lake yet. */
export interface PeerRows {
  readonly table: string;
  /** Rows up to this number are in the lake. */
  readonly afterSeq: number;
}

/** One immutable view of where every event is. */
export interface Snapshot {
  /** Files by site, each list in order of date and name. */
  readonly files: ReadonlyMap<string, readonly CatalogFile[]>;
  /** Hot tables; together they hold every event that is in no file, and not in the lake. */
  readonly hotTables: readonly string[];
  /** The number of the lake's snapshot, where the other events are in a lake. */
  readonly lake?: number;
  /** What other servers have not brought into it. */
  readonly peers?: readonly PeerRows[];
  /** Events that other servers took from this time (ms) on may be missing; null for none. */
  readonly behindSinceMs?: number | null;
}

/** The files of a snapshot with some added and some taken away; untouched sites are shared. */
export function withFiles(
  files: Snapshot["files"],
  added: readonly CatalogFile[],
  removed: readonly CatalogFile[] = [],
): Snapshot["files"] {
  const next = new Map(files);
  const gone = new Set(removed.map((file) => file.path));
  const touched = new Set([...added, ...removed].map((file) => file.site_id));
  for (const site of touched) {
    const kept = (files.get(site) ?? []).filter((file) => !gone.has(file.path));
    const all = [...kept, ...added.filter((file) => file.site_id === site)].sort(byDateAndPath);
    if (all.length > 0) next.set(site, all);
    else next.delete(site);
  }
  return next;
}

/** Files by site, each list in order of date and name. */
export function groupBySite(files: readonly CatalogFile[]): Map<string, CatalogFile[]> {
  const groups = new Map<string, CatalogFile[]>();
  for (const file of files) {
    const group = groups.get(file.site_id);
    if (group) group.push(file);
    else groups.set(file.site_id, [file]);
  }
  for (const group of groups.values()) group.sort(byDateAndPath);
  return groups;
}

function byDateAndPath(a: CatalogFile, b: CatalogFile): number {
  return compare(a.date, b.date) || a.path.length - b.path.length || compare(a.path, b.path);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
