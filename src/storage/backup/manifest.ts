// backup.json: which files a backup has, with size and SHA-256 of each and of itself. Backups of
// earlier versions, whose manifest lists Parquet files only, are read, too.
import { messageOf } from "../../core/errors.ts";
import type { Files } from "../../core/types.ts";
import { type CatalogFile, partitionOfPath } from "../parquet/partition.ts";
import { Store } from "../state/store.ts";
import { digestOfBytes } from "../digest.ts";

/** Name of the manifest in its folder. */
export const MANIFEST = "backup.json";
/** Name of the copy of SQLite's file, in a backup and in DATA_DIR. */
export const DATABASE = "mallard.sqlite";
/** Files of the owner in DATA_DIR that a backup has, too, where they exist. */
export const OWNER_FILES = [".secret", "api_keys.json"] as const;
/** Permission bits of everything but Parquet files. */
export const OWNER_ONLY = 0o600;

/** One Parquet file of a backup. */
export interface ManifestFile extends CatalogFile {
  readonly sha256: string;
}

/** One file beside the Parquet files. */
export interface OtherFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The contents of a manifest; the first four are null or empty in one of an earlier version. */
export interface Manifest {
  readonly generation: number | null;
  /** The store that was copied, which a restored one keeps. */
  readonly store: string | null;
  /** Its journal: numbers of files and rows mean nothing in another. */
  readonly journal: string | null;
  readonly others: readonly OtherFile[];
  readonly made_at: string;
  readonly journal_rows: number;
  readonly files: readonly ManifestFile[];
  /** Files of the catalog that were missing on disk, if any. */
  readonly missing?: readonly string[];
}

/** What a copy of SQLite's file says. */
export interface CopyFacts {
  readonly catalog: readonly CatalogFile[];
  readonly journalRows: number;
  readonly store: string | null;
  readonly journal: string | null;
}

/** The manifest in a folder, or null. Rejects when it is damaged. */
export async function readManifest(files: Files, folder: string): Promise<Manifest | null> {
  const text = await files.readText(`${folder}/${MANIFEST}`);
  if (text === null) return null;
  try {
    const { sha256, ...content } = JSON.parse(text) ?? {};
    const isEarlier = sha256 === undefined && (content.generation ?? null) === null;
    if (!isEarlier && sha256 !== await digestOfContent(content)) {
      throw new Error("its content has changed");
    }
    const manifest = { generation: null, store: null, journal: null, others: [], ...content };
    requireNames(manifest);
    return manifest;
  } catch (error) {
    throw new Error(`Cannot read ${folder}/${MANIFEST}: ${messageOf(error)}`);
  }
}

/** Writes the manifest of a folder, with the digest of its content as its last field. */
export async function writeManifest(
  files: Files,
  folder: string,
  manifest: Manifest,
): Promise<void> {
  const sha256 = await digestOfContent(manifest);
  const text = `${JSON.stringify({ ...manifest, sha256 }, null, 1)}\n`;
  await files.write(`${folder}/${MANIFEST}`, new TextEncoder().encode(text), OWNER_ONLY);
}

/** Events in a backup. */
export function eventsOf({ files, journal_rows }: Manifest): number {
  return files.reduce((sum, file) => sum + file.rows, journal_rows);
}

/** Reads a copy in any folder that no process writes. Rejects when it is damaged. */
export async function readCopy(path: string): Promise<CopyFacts> {
  const store = await Store.open(path, "immutable");
  try {
    const journal = await store.run("getMeta", "journal_id");
    return {
      catalog: await store.run("listFiles", undefined),
      journalRows: await store.run("journalRows", undefined),
      store: await store.run("getMeta", "store_id") ?? journal,
      journal,
    };
  } finally {
    await store.close();
  }
}

/** How a copy of SQLite's file differs from its manifest. */
export function differencesOf(copy: CopyFacts, manifest: Manifest): string[] {
  const faults: string[] = [];
  const listed = new Map(manifest.files.map((file) => [file.path, file]));
  for (const { path, rows } of copy.catalog) {
    const file = listed.get(path);
    if (!file && manifest.missing?.includes(path)) continue;
    if (!file) faults.push(`${path}: not in the backup`);
    else if (file.rows !== rows) faults.push(`${path}: ${rows} events in the catalog`);
  }
  if (copy.journalRows !== manifest.journal_rows) {
    faults.push(`${DATABASE}: ${copy.journalRows} journal rows, not ${manifest.journal_rows}`);
  }
  return faults;
}

/** Throws where a manifest names what no backup has: a restore would write it anywhere. */
function requireNames({ generation, files, others }: Manifest): void {
  if (!Array.isArray(files)) throw new Error("it lists no files");
  for (const { path } of files) {
    if (partitionOfPath(path) === null) {
      throw new Error(`it lists ${path}, which is no partition's`);
    }
  }
  const names: readonly string[] = [DATABASE, ...OWNER_FILES];
  for (const { name } of others) {
    if (!names.includes(name)) throw new Error(`it lists ${name}, which no backup has`);
  }
  // Without its SHA-256 nothing would compare the file of settings and unflushed events.
  if (generation !== null && !others.some(({ name }) => name === DATABASE)) {
    throw new Error(`it does not list ${DATABASE}`);
  }
}

async function digestOfContent(content: unknown): Promise<string> {
  return await digestOfBytes(new TextEncoder().encode(JSON.stringify(content)));
}
