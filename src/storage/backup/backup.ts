// Backup, verification and restore of DATA_DIR. A backup is consistent though the server runs: the
// SQLite file is copied as of one instant, and the Parquet files it names never change.
import { messageOf } from "../../core/errors.ts";
import { sql } from "../../core/sql.ts";
import type { Clock, Files, Random } from "../../core/types.ts";
import type { Db } from "../duckdb.ts";
import { literalPath } from "../parquet/schema.ts";
import { Store } from "../state/store.ts";
import type { CatalogFile } from "../parquet/partition.ts";

/** One file of a backup. */
interface ManifestFile extends CatalogFile {
  readonly sha256: string;
}

/** The contents of `backup.json`. */
export interface Manifest {
  readonly made_at: string;
  readonly journal_rows: number;
  readonly files: readonly ManifestFile[];
}

/** The result of a backup. `copied` counts the files that were not there before. */
export interface BackupResult {
  readonly files: number;
  readonly copied: number;
  readonly events: number;
}

/** The result of a verification; no faults means the backup can be restored. */
export interface Verification {
  readonly files: number;
  readonly events: number;
  readonly faults: readonly string[];
}

/** The backup in a folder, summed up from its manifest. */
export interface BackupFacts {
  readonly madeAt: string;
  readonly files: number;
  readonly events: number;
  readonly bytes: number;
}

const ATTEMPTS_MAX = 20;
/** Lies in every DATA_DIR that a server has opened, and in no backup. */
const LOCK = ".lock";
const SECRET = ".secret";
const MANIFEST = "backup.json";
const DATABASE = "mallard.sqlite";
const OWNER_ONLY = 0o600;
const ROWS_AT_ONCE = 200;

type World = { readonly files: Files; readonly clock: Clock };

/**
 * Copies DATA_DIR into `target`, which may hold an earlier backup: then only what is new is
 * copied, or with `full` all of it. Rejects with a sentence, or as `signal` says; an earlier backup
 * in `target` stays usable until the new one is complete.
 */
export async function backup(
  { files, clock }: World,
  dataDir: string,
  target: string,
  { signal, full = false }: { readonly signal?: AbortSignal; readonly full?: boolean } = {},
): Promise<BackupResult> {
  if (await files.size(`${dataDir}/${DATABASE}`) === null) {
    throw new Error(`Cannot back up ${dataDir}: there is no ${DATABASE}`);
  }
  if (await files.size(`${target}/${LOCK}`) !== null) {
    throw new Error(`Cannot back up into ${target}: it is the data folder of a server`);
  }
  await files.makeDir(target);
  const earlier = full ? null : await readManifest(files, target);
  const known = new Map(earlier?.files.map((file) => [file.path, file]));
  const store = await Store.open(`${dataDir}/${DATABASE}`);
  try {
    for (let attempt = 1;; attempt++) {
      const temporary = `${target}/${DATABASE}.tmp`;
      for (const suffix of ["", "-wal", "-shm"]) await files.remove(temporary + suffix);
      await files.write(temporary, new Uint8Array(), OWNER_ONLY);
      await store.run("copyInto", temporary);
      const { catalog, journalRows } = await readCopy(temporary);
      const copied = await copyFiles(files, dataDir, target, catalog, known, signal);
      // A file that is gone was merged or erased meanwhile: the next copy no longer names it.
      if (copied === null && attempt < ATTEMPTS_MAX) continue;
      if (copied === null) {
        throw new Error("Cannot back up: files are replaced faster than they are copied");
      }
      const manifest = {
        made_at: new Date(clock.nowMs()).toISOString(),
        journal_rows: journalRows,
        files: copied.files,
      };
      await settleBackup(files, dataDir, target, manifest);
      const events = catalog.reduce((sum, file) => sum + file.rows, journalRows);
      return { files: catalog.length, copied: copied.count, events };
    }
  } finally {
    await store.close();
  }
}

/** The backup in a folder, or null where there is none. Rejects when it cannot be read. */
export async function readBackup(files: Files, folder: string): Promise<BackupFacts | null> {
  const manifest = await readManifest(files, folder);
  if (!manifest) return null;
  const database = await files.size(`${folder}/${DATABASE}`) ?? 0;
  return {
    madeAt: manifest.made_at,
    files: manifest.files.length,
    events: manifest.files.reduce((sum, file) => sum + file.rows, manifest.journal_rows),
    bytes: manifest.files.reduce((sum, file) => sum + file.bytes, database),
  };
}

/**
 * Opens a backup and compares every file with what was written. Rejects when there is none, or as
 * `signal` says.
 */
export async function verify(
  files: Files,
  db: Db,
  folder: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Verification> {
  const manifest = await readManifest(files, folder);
  if (!manifest) throw new Error(`Cannot verify ${folder}: there is no ${MANIFEST}`);
  const faults: string[] = [];
  try {
    const { catalog, journalRows } = await readCopy(`${folder}/${DATABASE}`);
    const listed = new Set(manifest.files.map((file) => file.path));
    for (const { path } of catalog) {
      if (!listed.has(path)) faults.push(`${path}: not in the backup`);
    }
    if (journalRows !== manifest.journal_rows) {
      faults.push(`${DATABASE}: ${journalRows} journal rows, not ${manifest.journal_rows}`);
    }
  } catch (error) {
    faults.push(`${DATABASE}: ${messageOf(error)}`);
  }
  const sound: ManifestFile[] = [];
  for (const file of manifest.files) {
    signal?.throwIfAborted();
    const bytes = await files.readBytes(`${folder}/events/${file.path}`);
    if (bytes === null) faults.push(`${file.path}: missing`);
    else if (await sha256(bytes) !== file.sha256) {
      faults.push(`${file.path}: its content has changed`);
    } else sound.push(file);
  }
  faults.push(...await compareRows(db, folder, sound));
  const events = sound.reduce((sum, file) => sum + file.rows, manifest.journal_rows);
  return { files: manifest.files.length, events, faults };
}

/**
 * Copies a backup into an empty or missing DATA_DIR. Rejects when the folder holds anything. The
 * journal gets a new name, for its numbers will be given out again.
 */
export async function restore(
  { files, random }: { readonly files: Files; readonly random: Random },
  folder: string,
  dataDir: string,
): Promise<BackupResult> {
  const manifest = await readManifest(files, folder);
  if (!manifest) throw new Error(`Cannot restore ${folder}: there is no ${MANIFEST}`);
  if ((await files.list(dataDir)).length > 0) {
    throw new Error(`Cannot restore into ${dataDir}: it is not empty`);
  }
  await files.makeDir(dataDir);
  for (const { path } of manifest.files) {
    await files.makeDir(folderOf(`${dataDir}/events/${path}`));
    await files.copy(`${folder}/events/${path}`, `${dataDir}/events/${path}`);
  }
  const secret = await files.readBytes(`${folder}/${SECRET}`);
  if (secret) await files.write(`${dataDir}/${SECRET}`, secret, OWNER_ONLY);
  const database = await files.readBytes(`${folder}/${DATABASE}`);
  if (!database) throw new Error(`Cannot restore ${folder}: there is no ${DATABASE}`);
  await files.write(`${dataDir}/${DATABASE}`, database, OWNER_ONLY);
  const store = await Store.open(`${dataDir}/${DATABASE}`);
  await store.run("setMeta", { name: "journal_id", value: random.uuid() });
  await store.close();
  const events = manifest.files.reduce((sum, file) => sum + file.rows, manifest.journal_rows);
  return { files: manifest.files.length, copied: manifest.files.length, events };
}

async function readManifest(files: Files, folder: string): Promise<Manifest | null> {
  const text = await files.readText(`${folder}/${MANIFEST}`);
  if (text === null) return null;
  try {
    return JSON.parse(text) as Manifest;
  } catch (error) {
    throw new Error(`Cannot read ${folder}/${MANIFEST}: ${messageOf(error)}`);
  }
}

async function readCopy(
  path: string,
): Promise<{ catalog: CatalogFile[]; journalRows: number }> {
  const store = await Store.open(path);
  try {
    return {
      catalog: await store.run("listFiles", undefined),
      journalRows: await store.run("journalRows", undefined),
    };
  } finally {
    await store.close();
  }
}

/** Links or copies what `target` lacks; null when a file is gone from DATA_DIR. */
async function copyFiles(
  files: Files,
  dataDir: string,
  target: string,
  catalog: readonly CatalogFile[],
  known: Map<string, ManifestFile>,
  signal?: AbortSignal,
): Promise<{ files: ManifestFile[]; count: number } | null> {
  const listed: ManifestFile[] = [];
  let count = 0;
  for (const file of catalog) {
    signal?.throwIfAborted();
    const to = `${target}/events/${file.path}`;
    let entry = known.get(file.path);
    if (!entry || entry.bytes !== file.bytes || await files.size(to) !== file.bytes) {
      if (!await copyFile(files, `${dataDir}/events/${file.path}`, to)) return null;
      const bytes = await files.readBytes(to);
      if (bytes === null) return null;
      entry = { ...file, sha256: await sha256(bytes) };
      known.set(file.path, entry);
      count++;
    }
    listed.push(entry);
  }
  return { files: listed, count };
}

/** A hard link to a file, or a copy on another file system; false when the file is gone. */
async function copyFile(files: Files, from: string, to: string): Promise<boolean> {
  if (await files.size(from) === null) return false;
  await files.makeDir(folderOf(to));
  await files.remove(to);
  try {
    await files.link(from, to);
  } catch {
    try {
      await files.copy(from, to);
    } catch (error) {
      if (await files.size(from) === null) return false;
      throw error;
    }
  }
  return true;
}

/** Replaces the old backup by the new one, all of whose files are there already. */
async function settleBackup(
  files: Files,
  dataDir: string,
  target: string,
  manifest: Manifest,
): Promise<void> {
  const secret = await files.readBytes(`${dataDir}/${SECRET}`);
  if (secret) await files.write(`${target}/${SECRET}`, secret, OWNER_ONLY);
  const text = new TextEncoder().encode(JSON.stringify(manifest, null, 1));
  await files.write(`${target}/${MANIFEST}.tmp`, text, OWNER_ONLY);
  await files.sync(`${target}/${DATABASE}.tmp`);
  await files.rename(`${target}/${DATABASE}.tmp`, `${target}/${DATABASE}`);
  await files.rename(`${target}/${MANIFEST}.tmp`, `${target}/${MANIFEST}`);
  await files.sync(target);
  const wanted = new Set(manifest.files.map((file) => file.path));
  for (const path of await files.tree(`${target}/events`)) {
    if (!wanted.has(path)) await files.remove(`${target}/events/${path}`);
  }
}

async function compareRows(
  db: Db,
  folder: string,
  files: readonly ManifestFile[],
): Promise<string[]> {
  const faults: string[] = [];
  for (let from = 0; from < files.length; from += ROWS_AT_ONCE) {
    const part = files.slice(from, from + ROWS_AT_ONCE);
    const paths = part.map((file) => literalPath(`${folder}/events/${file.path}`));
    const rows = await db.query(
      sql`select file_name, num_rows from parquet_file_metadata(${paths})`,
    );
    const counts = new Map(rows.map((row) => [String(row["file_name"]), Number(row["num_rows"])]));
    for (const { path, rows } of part) {
      const found = counts.get(`${folder}/events/${path}`);
      if (found !== rows) faults.push(`${path}: ${found} events, not ${rows}`);
    }
  }
  return faults;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Computed in another thread: a server that backs up goes on answering. */
async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
