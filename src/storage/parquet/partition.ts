// A partition is the folder of one site and UTC date. This file knows the names: of folders, of the
// Parquet files in them, and what the catalog keeps of each file.
import { createHash } from "node:crypto";

/** A (site, UTC date) folder. */
export interface Partition {
  readonly site_id: string;
  readonly date: string;
}

/**
 * A Parquet file of the partition (site, date). `path` is relative to the events folder; `bytes`
 * is its size, `rows` its events.
 */
export interface CatalogFile {
  readonly site_id: string;
  readonly date: string;
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Time of its first event (µs), where the writer knows; not kept in the catalog. */
  readonly firstUs?: number;
}

/** Longest name of a folder, in bytes, on the file systems in use. */
const FOLDER_BYTES_MAX = 255;
const KEPT_CHARS = 200;

/**
 * Folder of a partition, relative to the events folder. A site id too long for a folder's name is
 * cut, and told apart by its hash; the files themselves say whose they are.
 */
export function partitionFolder({ site_id, date }: Partition): string {
  const folder = `site_id=${site_id}`;
  if (folder.length <= FOLDER_BYTES_MAX) return `${folder}/date=${date}`;
  const hash = createHash("sha256").update(site_id).digest("hex").slice(0, 16);
  return `site_id=${site_id.slice(0, KEPT_CHARS)}~${hash}/date=${date}`;
}

/**
 * The partition a path below the events folder belongs to, or null when it is none. Folder names
 * may be percent-encoded, as DuckDB's own partitioned writes are.
 */
export function partitionOfPath(path: string): Partition | null {
  const match = /^site_id=([^/]+)\/date=(\d{4}-\d{2}-\d{2})\/[^/]+$/.exec(path);
  if (!match?.[1] || !match[2] || Number.isNaN(Date.parse(match[2]))) return null;
  try {
    return { site_id: decodeURIComponent(match[1]), date: match[2] };
  } catch {
    return null;
  }
}

/** The site that a folder of the events folder says it is of; null where it says none. */
export function siteOfFolder(name: string): string | null {
  return partitionOfPath(`${name}/date=2000-01-01/_`)?.site_id ?? null;
}

/** Whether a path below a folder of partitions is of a site, its folder's name cut or not. */
export function isOfSite(path: string, site: string): boolean {
  const found = partitionOfPath(path);
  if (found === null) return false;
  return found.site_id === site ||
    path.startsWith(`${partitionFolder({ site_id: site, date: found.date })}/`);
}

/** The folder of a path, empty for a bare name. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
