// Verification of the newest backup in a folder: every file against its SHA-256, the copy of
// SQLite's file by opening it, and every event of every Parquet file by reading it.
import { messageOf } from "../../core/errors.ts";
import { sql } from "../../core/sql.ts";
import type { Files } from "../../core/types.ts";
import type { Db } from "../duckdb.ts";
import { firstLine } from "../parquet/corruption.ts";
import { literalPath } from "../parquet/schema.ts";
import { digestOf } from "../digest.ts";
import { newestGeneration } from "./generations.ts";
import {
  DATABASE,
  differencesOf,
  eventsOf,
  MANIFEST,
  type Manifest,
  type ManifestFile,
  readCopy,
  readManifest,
} from "./manifest.ts";

/** The result of a verification; no faults means the backup can be restored. */
export interface Verification {
  readonly files: number;
  readonly events: number;
  readonly faults: readonly string[];
}

const FILES_AT_ONCE = 50;

/**
 * Reads the whole newest backup, or the one in `folder` itself, and writes nothing. Rejects when
 * there is none, or as `signal` says.
 */
export async function verify(
  files: Files,
  db: Db,
  folder: string,
  { signal, onFile }: {
    readonly signal?: AbortSignal;
    /** Told how many files of how many were compared. */
    readonly onFile?: (done: number, total: number) => void;
  } = {},
): Promise<Verification> {
  const generation = await newestGeneration(files, folder);
  if (!generation) throw new Error(`Cannot verify ${folder}: there is no ${MANIFEST}`);
  const at = generation.folder;
  let manifest: Manifest | null;
  try {
    manifest = await readManifest(files, at);
  } catch (error) {
    return { files: 0, events: 0, faults: [messageOf(error)] };
  }
  if (!manifest) throw new Error(`Cannot verify ${at}: there is no ${MANIFEST}`);
  const faults = await othersOf(files, at, manifest);
  const sound: ManifestFile[] = [];
  for (const [index, file] of manifest.files.entries()) {
    onFile?.(index, manifest.files.length);
    signal?.throwIfAborted();
    const digest = await digestOf(files, `${at}/events/${file.path}`);
    if (digest === null) faults.push(`${file.path}: missing`);
    else if (digest.sha256 !== file.sha256) faults.push(`${file.path}: its content has changed`);
    else sound.push(file);
  }
  for (let from = 0; from < sound.length; from += FILES_AT_ONCE) {
    signal?.throwIfAborted();
    faults.push(...await compareRows(db, at, sound.slice(from, from + FILES_AT_ONCE)));
  }
  const events = eventsOf({ ...manifest, files: sound });
  return { files: manifest.files.length, events, faults };
}

/** Faults of the files beside the Parquet files. */
async function othersOf(files: Files, folder: string, manifest: Manifest): Promise<string[]> {
  const faults: string[] = [];
  for (const { name, sha256 } of manifest.others) {
    const digest = await digestOf(files, `${folder}/${name}`);
    if (digest === null) faults.push(`${name}: missing`);
    else if (digest.sha256 !== sha256) faults.push(`${name}: its content has changed`);
  }
  if (faults.some((fault) => fault.startsWith(`${DATABASE}:`))) return faults;
  try {
    faults.push(...differencesOf(await readCopy(`${folder}/${DATABASE}`), manifest));
  } catch (error) {
    faults.push(`${DATABASE}: ${messageOf(error)}`);
  }
  return faults;
}

/** Reads every column of every event, and compares how many there are. */
async function compareRows(
  db: Db,
  folder: string,
  files: readonly ManifestFile[],
): Promise<string[]> {
  const paths = files.map((file) => literalPath(`${folder}/events/${file.path}`));
  let rows;
  try {
    // The hash is not used: it makes DuckDB decode what it would otherwise skip.
    rows = await db.query(
      sql`select filename, count(*) as rows, bit_xor(hash(event))::varchar as content
        from read_parquet(${paths}, union_by_name = true, hive_partitioning = false,
          filename = true) as event
        group by filename`,
    );
  } catch (error) {
    const [only] = files;
    if (files.length === 1 && only) return [`${only.path}: ${firstLine(error)}`];
    const faults: string[] = [];
    for (const file of files) faults.push(...await compareRows(db, folder, [file]));
    return faults;
  }
  const counts = new Map(rows.map((row) => [String(row["filename"]), Number(row["rows"])]));
  return files.flatMap(({ path, rows }) => {
    const found = counts.get(`${folder}/events/${path}`) ?? 0;
    return found === rows ? [] : [`${path}: ${found} events, not ${rows}`];
  });
}
