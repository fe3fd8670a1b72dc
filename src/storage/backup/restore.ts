// Restores a backup into an empty DATA_DIR. All is copied and compared in `.restoring` inside it,
// and moved to its place at the end: while that folder exists, no server starts on DATA_DIR.
import { messageOf } from "../../core/errors.ts";
import type { Files, Random } from "../../core/types.ts";
import { folderOf } from "../parquet/partition.ts";
import { Store } from "../state/store.ts";
import { digestOf } from "../digest.ts";
import { whileLocked } from "./folders.ts";
import { newestGeneration } from "./generations.ts";
import {
  DATABASE,
  differencesOf,
  eventsOf,
  MANIFEST,
  type Manifest,
  OWNER_FILES,
  OWNER_ONLY,
  readCopy,
  readManifest,
} from "./manifest.ts";

/** What was restored. */
export interface Restored {
  readonly files: number;
  readonly events: number;
}

interface World {
  readonly files: Files;
  readonly random: Random;
  /** Told how many files of how many are restored. */
  readonly onFile?: (done: number, total: number) => void;
}

/** Inside DATA_DIR, so that it is on the same disk even if DATA_DIR is a mount point. */
const RESTORING = ".restoring";
/** What it is renamed to once everything is in its place. */
const RESTORED = ".restored";
/** Its presence means that everything was copied and is being moved. */
const COMPLETE = "complete";
/** In this order: the events are never served without their password. */
const PARTS = [DATABASE, ...OWNER_FILES, "events"] as const;
/** What an empty file system may contain. */
const IGNORED: ReadonlySet<string> = new Set(["lost+found"]);

/** Rejects when a restore into this DATA_DIR is unfinished. */
export async function requireRestored(files: Files, dataDir: string): Promise<void> {
  if (await files.size(`${dataDir}/${RESTORING}`) === null) return;
  throw new Error(
    `Cannot use ${dataDir}: a restore into it was not finished; run it again, or empty the folder`,
  );
}

/**
 * Restores the newest backup in `folder`, or the one in `folder` itself, into an empty or missing
 * DATA_DIR. Rejects when that holds anything but an unfinished restore, and when the backup is not
 * as it was written. The journal gets a new name, because its numbers will be used again.
 */
export async function restore(world: World, folder: string, dataDir: string): Promise<Restored> {
  const { files } = world;
  const generation = await newestGeneration(files, folder);
  const from = generation?.folder ?? folder;
  const manifest = await readManifest(files, from);
  if (!manifest) throw new Error(`Cannot restore ${folder}: there is no ${MANIFEST}`);
  const restored = { files: manifest.files.length, events: eventsOf(manifest) };
  const work = `${dataDir}/${RESTORING}`;
  await requireEmpty(files, dataDir);
  await files.makeDir(work);
  await whileLocked(work, `Cannot restore into ${dataDir}`, async () => {
    if (!await isComplete(files, work, manifest)) {
      await requireNothingElse(files, dataDir);
      await copyAll(world, from, work, manifest);
    }
    await moveAll(files, work, dataDir);
  });
  await files.rename(work, `${dataDir}/${RESTORED}`);
  await files.sync(dataDir);
  await files.removeTree(`${dataDir}/${RESTORED}`);
  return restored;
}

async function requireEmpty(files: Files, dataDir: string): Promise<void> {
  const names = (await files.list(dataDir)).map(({ name }) => name);
  if (names.includes(RESTORING) || names.every((name) => IGNORED.has(name))) return;
  throw new Error(`Cannot restore into ${dataDir}: it is not empty`);
}

/** An unfinished restore that has moved nothing yet is alone in its folder. */
async function requireNothingElse(files: Files, dataDir: string): Promise<void> {
  const names = (await files.list(dataDir)).map(({ name }) => name);
  if (names.every((name) => name === RESTORING || IGNORED.has(name))) return;
  throw new Error(`Cannot restore into ${dataDir}: it is not empty`);
}

/** Whether the same backup has been copied whole. Rejects when it was another one. */
async function isComplete(files: Files, work: string, manifest: Manifest): Promise<boolean> {
  const text = await files.readText(`${work}/${COMPLETE}`);
  if (text === null) return false;
  if (text === nameOf(manifest)) return true;
  throw new Error(
    `Cannot restore into ${work}: another backup, made at ${text}, is being restored there; ` +
      "restore that one, or empty the folder",
  );
}

async function copyAll(
  { files, random, onFile }: World,
  from: string,
  work: string,
  manifest: Manifest,
): Promise<void> {
  for (const { name } of await files.list(work)) {
    if (!name.startsWith(".backup.lock")) await files.removeTree(`${work}/${name}`);
  }
  const folders = new Set<string>();
  for (const [index, { path, sha256 }] of manifest.files.entries()) {
    onFile?.(index, manifest.files.length);
    const to = `${work}/events/${path}`;
    folders.add(folderOf(to));
    await files.makeDir(folderOf(to));
    await copySound(files, `${from}/events/${path}`, to, sha256);
  }
  const digests = new Map(manifest.others.map(({ name, sha256 }) => [name, sha256]));
  for (const name of [DATABASE, ...OWNER_FILES]) {
    const sha256 = digests.get(name) ?? null;
    const isThere = await files.size(`${from}/${name}`) !== null;
    if (!isThere && sha256 === null && name !== DATABASE) continue;
    await files.write(`${work}/${name}`, new Uint8Array(), OWNER_ONLY);
    await copySound(files, `${from}/${name}`, `${work}/${name}`, sha256);
    await files.protect(`${work}/${name}`);
  }
  await adaptDatabase(`${work}/${DATABASE}`, manifest, random);
  for (const folder of folders) await files.sync(folder);
  await files.sync(work);
  const name = new TextEncoder().encode(nameOf(manifest));
  await files.write(`${work}/${COMPLETE}`, name, OWNER_ONLY);
  await files.sync(work);
}

/** Copies a file and compares the copy; null compares nothing, for an earlier version's backup. */
async function copySound(
  files: Files,
  from: string,
  to: string,
  sha256: string | null,
): Promise<void> {
  if (await files.size(from) === null) throw new Error(`Cannot restore ${from}: it is missing`);
  await files.copy(from, to);
  if (sha256 === null || (await digestOf(files, to))?.sha256 === sha256) return;
  throw new Error(`Cannot restore ${from}: its content has changed`);
}

/** Compares the copy with the manifest and names its journal. Its schema stays as it is. */
async function adaptDatabase(path: string, manifest: Manifest, random: Random): Promise<void> {
  try {
    const copy = await readCopy(path);
    const [fault] = differencesOf(copy, manifest);
    if (fault !== undefined) throw new Error(fault);
    const store = await Store.open(path, "writer");
    try {
      const storeId = copy.store ?? random.uuid();
      await store.run("setMeta", { name: "store_id", value: storeId });
      await store.run("setMeta", { name: "journal_id", value: random.uuid() });
    } finally {
      await store.close();
    }
  } catch (error) {
    throw new Error(`Cannot restore ${DATABASE}: ${messageOf(error)}`);
  }
}

/** Moves what has not been moved yet. */
async function moveAll(files: Files, work: string, dataDir: string): Promise<void> {
  for (const name of PARTS) {
    if (await files.size(`${work}/${name}`) === null) continue;
    await files.rename(`${work}/${name}`, `${dataDir}/${name}`);
  }
  await files.sync(dataDir);
}

function nameOf({ made_at, generation }: Manifest): string {
  return generation === null ? made_at : `${made_at} (${generation})`;
}
