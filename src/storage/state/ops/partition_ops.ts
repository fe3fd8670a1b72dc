// Compares the events folder with the catalog, in the thread of mallard.sqlite so that thousands of
// folders do not block the main thread. It changes neither.
import { TEMPORARY } from "../../parquet/file_name.ts";
import type { CatalogFile } from "../../parquet/partition.ts";
import type { Sqlite } from "../sqlite.ts";
import { entriesOf, modifiedMs } from "../sync_files.ts";

/** The events folder beside the catalog. Paths are relative to the folder, sorted. */
export interface Comparison {
  /** The files in the catalog, as JSON: a text is cheap to send between threads. */
  readonly catalog: string;
  /** In the catalog, but not on disk. */
  readonly missing: readonly string[];
  /** Parquet files that are neither in the catalog nor about to be deleted. */
  readonly unknown: readonly string[];
  /** Files that were being written. */
  readonly temporary: readonly string[];
}

/** Compares the whole events folder with the catalog. */
function compareFiles(db: Sqlite, eventsFolder: string): Comparison {
  const catalog = String(
    db.get(`select json_group_array(json_object(
      'site_id', site_id, 'date', date, 'path', path, 'rows', rows, 'bytes', bytes
    )) as text from files`)?.["text"],
  );
  const missing = new Set((JSON.parse(catalog) as CatalogFile[]).map(({ path }) => path));
  const others = filesBelow(eventsFolder, "").filter((path) => !missing.delete(path)).sort();
  const deleted = new Set(pendingDeletes(db));
  return {
    catalog,
    missing: [...missing],
    unknown: others.filter((path) => path.endsWith(".parquet") && !deleted.has(path)),
    temporary: others.filter((path) => path.endsWith(TEMPORARY)),
  };
}

/** Parquet files of one folder of the events folder that `compareFiles` would call unknown. */
function findUnknown(
  db: Sqlite,
  { eventsFolder, folder }: { readonly eventsFolder: string; readonly folder: string },
): string[] {
  const deleted = new Set(pendingDeletes(db));
  return filesBelow(`${eventsFolder}/${folder}`, `${folder}/`).sort().filter((path) =>
    path.endsWith(".parquet") && !deleted.has(path) &&
    db.get("select 1 from files where path = ?", path) === undefined
  );
}

/** Paths of the Parquet files of some dates, of any site, that were written since a time. */
function recentFiles(
  _db: Sqlite,
  { eventsFolder, dates, sinceMs }: {
    readonly eventsFolder: string;
    readonly dates: readonly string[];
    readonly sinceMs: number;
  },
): string[] {
  return entriesOf(eventsFolder)
    .filter(({ isDirectory }) => isDirectory)
    .flatMap(({ name }) => dates.map((date) => `${name}/date=${date}`))
    .flatMap((folder) => filesBelow(`${eventsFolder}/${folder}`, `${folder}/`))
    .filter((path) => {
      if (!path.endsWith(".parquet")) return false;
      // It may have been removed since.
      const changedMs = modifiedMs(`${eventsFolder}/${path}`);
      return changedMs !== null && changedMs >= sinceMs;
    });
}

function pendingDeletes(db: Sqlite): string[] {
  return db.all("select path from condemned").map((row) => String(row["path"]));
}

/** Paths of all files below a folder, each after a prefix; none when there is no such folder. */
function filesBelow(folder: string, prefix: string): string[] {
  const paths: string[] = [];
  for (const { name, isDirectory } of entriesOf(folder)) {
    const path = prefix + name;
    if (isDirectory) paths.push(...filesBelow(`${folder}/${name}`, `${path}/`));
    else paths.push(path);
  }
  return paths;
}

/** The operations by name. */
export const PARTITION_OPS = { compareFiles, findUnknown, recentFiles } as const;
