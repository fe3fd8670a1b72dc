// Merges two ids of one site, which differ in case alone: older programs took them for two sites.
// Run by the command line, on the owner's word, while no server runs. After a crash it can be
// repeated: what was merged is no longer there under the old id.
import { messageOf } from "../../core/errors.ts";
import type { System } from "../../core/types.ts";
import { openStorage, type Storage, type StorageHost, type StorageOptions } from "../open.ts";
import { writeMerged } from "../parquet/merge.ts";
import { type CatalogFile, isOfSite } from "../parquet/partition.ts";
import { settle } from "../parquet/partition_file.ts";
import { PartitionNumbers } from "../parquet/partition_numbers.ts";
import { foreignColumns } from "../parquet/schema.ts";
import type { MergedSite } from "../state/ops/merge_ops.ts";
import { ALL_DATES } from "../tiers/erase.ts";
import { Trash } from "../trash.ts";

/** What a merge did. */
export interface Merged {
  /** Events of files that were rewritten. */
  readonly events: number;
  /** Why partitions could not be rewritten; they stay as they were. */
  readonly faults: readonly string[];
  /** Files that keep the old id: in quarantine, in the trash, or missing. */
  readonly left: readonly string[];
}

/**
 * Gives everything of one id to the other. Rejects where DATA_DIR cannot be opened, or nothing is
 * kept under the old id.
 */
export async function mergeSite(
  system: System,
  host: StorageHost,
  options: StorageOptions,
  merged: MergedSite,
): Promise<Merged> {
  // Opened twice: the first completes what a crash left, before journal rows get new numbers.
  const recovered = await openStorage(system, host, options);
  try {
    if (!await recovered.store.run("isKept", merged.from)) {
      throw new Error(`Cannot merge ${merged.from}: there is nothing of it`);
    }
    const jobs = await recovered.store.run("listPathJobs", undefined);
    const busy = jobs.find(({ site_id }) => site_id === merged.from || site_id === merged.into);
    if (busy) {
      throw new Error(
        `Cannot merge ${merged.from}: first confirm or undo the path rules of ${busy.site_id}`,
      );
    }
    await recovered.store.run("mergeSite", merged);
  } finally {
    await recovered.close();
  }
  const storage = await openStorage(system, host, options);
  try {
    const { events, faults } = await moveFiles(storage, system, options, merged);
    await storage.store.run("mergeSite", merged);
    await storage.store.run("emptyLog", undefined);
    return { events, faults, left: await leftOf(storage, system, options, merged.from) };
  } finally {
    await storage.close();
  }
}

async function moveFiles(
  storage: Storage,
  system: System,
  options: StorageOptions,
  merged: MergedSite,
): Promise<Pick<Merged, "events" | "faults">> {
  const gone = new Set(storage.missing().paths);
  const files = (await storage.store.run("listFiles", undefined))
    .filter(({ site_id, path }) => site_id === merged.from && !gone.has(path));
  const faults: string[] = [];
  let events = 0;
  // A file of an import stays apart, so that the import can be undone.
  const imported = new Set(await storage.store.run("listImportedPaths", null));
  const groups = Map.groupBy(
    files,
    ({ date, path }) => imported.has(path) ? path : date,
  );
  for (const sources of groups.values()) {
    const date = sources[0]?.date ?? "";
    try {
      events += await moveDay(storage, system, options, sources, { site_id: merged.into, date });
    } catch (error) {
      faults.push(`Cannot merge ${merged.from} of ${date}: ${messageOf(error)}`);
    }
  }
  return { events, faults };
}

/** Rewrites the files of one day as one of the other id; resolves with its events. */
async function moveDay(
  { db, store, parquet }: Storage,
  { files }: System,
  { dataDir }: StorageOptions,
  sources: readonly CatalogFile[],
  into: { readonly site_id: string; readonly date: string },
): Promise<number> {
  const eventsFolder = `${dataDir}/events`;
  const foreign = await foreignColumns(db, sources.map(({ path }) => `${eventsFolder}/${path}`));
  if (foreign.length > 0) {
    throw new Error(`it has columns of another program: ${foreign.join(", ")}`);
  }
  const numbers = new PartitionNumbers(store, files, { eventsFolder });
  const made: string[] = [];
  try {
    const number = await numbers.next(into);
    const { signal } = new AbortController();
    const file = await writeMerged(db, files, eventsFolder, sources, {
      number,
      made,
      signal,
      into,
    });
    const expected = sources.reduce((sum, source) => sum + source.rows, 0);
    if (file.rows !== expected) {
      throw new Error(`${expected} events went in, ${file.rows} came out`);
    }
    await settle(files, eventsFolder, file);
    await replace(store, files, eventsFolder, file, sources);
    await parquet.publish([file], sources);
    return file.rows;
  } finally {
    for (const path of made) await files.remove(path).catch(() => {});
  }
}

/** From here on the events are those of the other id; before, those of the first. */
async function replace(
  store: Storage["store"],
  files: System["files"],
  eventsFolder: string,
  file: CatalogFile,
  sources: readonly CatalogFile[],
): Promise<void> {
  try {
    const removed = sources.map(({ path }) => path);
    await store.run("replaceFiles", { added: [file], removed });
  } catch (error) {
    await files.remove(`${eventsFolder}/${file.path}`);
    throw error;
  }
}

async function leftOf(
  storage: Storage,
  { files }: System,
  { dataDir }: StorageOptions,
  from: string,
): Promise<string[]> {
  const trashed = await new Trash(files, dataDir).of(from, ...ALL_DATES);
  const unreadable = [...storage.quarantined(), ...storage.missing().paths];
  return [...unreadable.filter((path) => isOfSite(path, from)), ...trashed.map(({ path }) => path)];
}
