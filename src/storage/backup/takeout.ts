// A takeout: all of a server but its secrets, in a folder that makes the same server elsewhere. It
// is a backup without password, keys and salts, with a list of checksums; one rename completes it.
import { basename, dirname } from "node:path";
import { messageOf } from "../../core/errors.ts";
import type { Clock, Files, Random } from "../../core/types.ts";
import { digestOf } from "../digest.ts";
import { Sqlite } from "../state/sqlite.ts";
import { backup } from "./backup.ts";
import { areNested } from "./folders.ts";
import { newestGeneration } from "./generations.ts";
import {
  DATABASE,
  eventsOf,
  MANIFEST,
  OWNER_FILES,
  OWNER_ONLY,
  readManifest,
  writeManifest,
} from "./manifest.ts";
import { restore, type Restored } from "./restore.ts";
import { packFolder, unpackTar } from "../archive/tar.ts";

/** The list of checksums, as `sha256sum -c` reads it. */
export const CHECKSUMS = "SHA256SUMS";
/** The settings of the server, for its owner: a restore does not set them. */
const SETTINGS = "settings.json";
const PARTIAL = ".partial";
const KEY_BYTES = 32;

type World = {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of each file of events. */
  readonly onFile?: (done: number, total: number) => void;
};

/** What was taken out. */
export interface TakenOut extends Restored {
  readonly warnings: readonly string[];
}

/** Whether a folder is a takeout. Rejects where it is one that was not finished. */
export async function isTakeout(files: Files, folder: string): Promise<boolean> {
  if (folder.endsWith(PARTIAL) && (await files.list(folder)).length > 0) {
    throw new Error(`Cannot import ${folder}: the takeout was not finished; make it again`);
  }
  // Below a plain file there is nothing: the system calls that a fault.
  const has = (name: string) => files.size(`${folder}/${name}`).catch(() => null);
  return await has(CHECKSUMS) !== null && await has(MANIFEST) !== null;
}

/**
 * Writes the takeout of DATA_DIR into `target`, which must not exist, while the server runs or not.
 * Until it is whole the folder is called `target.partial`; a later takeout replaces that.
 */
export async function takeOut(
  world: World,
  dataDir: string,
  target: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<TakenOut> {
  const { files } = world;
  if (areNested(dataDir, target)) {
    throw new Error("one of it and the data folder contains the other");
  }
  await requireFree(files, target);
  const partial = `${target}${PARTIAL}`;
  await files.removeTree(partial);
  const { warnings } = await backup(world, dataDir, partial, world);
  const folder = (await newestGeneration(files, partial))?.folder ?? partial;
  const store = removeSecrets(`${folder}/${DATABASE}`, world.random);
  for (const name of OWNER_FILES) await files.remove(`${folder}/${name}`);
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  await files.write(`${folder}/${SETTINGS}`, new TextEncoder().encode(text), OWNER_ONLY);
  const manifest = await readManifest(files, folder);
  const database = await digestOf(files, `${folder}/${DATABASE}`);
  if (manifest === null || database === null) throw new Error("what was written is gone");
  const others = [{ name: DATABASE, ...database }];
  await writeManifest(files, folder, { ...manifest, store, journal: store, others });
  await writeChecksums(files, folder);
  await files.sync(folder);
  await files.rename(folder, target);
  await files.removeTree(partial);
  return { files: manifest.files.length, events: eventsOf(manifest), warnings };
}

async function requireFree(files: Files, target: string): Promise<void> {
  if (await files.size(target) === null && (await files.list(target)).length === 0) return;
  throw new Error("it exists; remove it, or name another");
}

/**
 * Writes the takeout as one file, a tar archive with the same files. While it is made it needs the
 * room twice; its name appears when it is whole.
 */
export async function takeOutFile(
  world: World,
  dataDir: string,
  target: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<TakenOut> {
  const { files } = world;
  await requireFree(files, target);
  const folder = `${target}.folder`;
  await files.removeTree(folder);
  try {
    const made = await takeOut(world, dataDir, folder, settings);
    await packFolder(files, folder, `${target}${PARTIAL}`, OWNER_ONLY);
    await files.rename(`${target}${PARTIAL}`, target);
    await files.sync(dirname(target));
    return made;
  } finally {
    await files.removeTree(folder);
    await files.remove(`${target}${PARTIAL}`);
  }
}

/** Makes the server of a takeout that is one file. Its files are unpacked beside DATA_DIR first. */
export async function restoreTakeoutFile(
  world: World,
  path: string,
  dataDir: string,
): Promise<Restored> {
  const { files } = world;
  const folder = `${dataDir}.takeout`;
  await files.removeTree(folder);
  try {
    await unpackTar(files, path, folder, OWNER_ONLY);
    return await restoreTakeout(world, folder, dataDir);
  } finally {
    await files.removeTree(folder);
  }
}

/**
 * Makes the server of a takeout in an empty or missing DATA_DIR. Rejects with the name of the first
 * file that is not as it was written.
 */
export async function restoreTakeout(
  world: World,
  folder: string,
  dataDir: string,
): Promise<Restored> {
  const { files } = world;
  const text = await files.readText(`${folder}/${CHECKSUMS}`);
  if (text === null) throw new Error(`there is no ${CHECKSUMS} in it`);
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const [, sha256, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (name === undefined || name.startsWith("/") || name.split("/").includes("..")) {
      throw new Error(`${CHECKSUMS}: its content has changed`);
    }
    const found = await digestOf(files, `${folder}/${name}`);
    if (found === null) throw new Error(`${name}: it is missing`);
    if (found.sha256 !== sha256) throw new Error(`${name}: its content has changed`);
  }
  return await restore(world, folder, dataDir);
}

/**
 * Removes from a copy of SQLite's file what lets in or recognises a visitor. Keys stay as a list:
 * revoked, under a hash that no key has. Returns the new name of the store: it is another server.
 */
function removeSecrets(path: string, random: Random): string {
  const db = Sqlite.openWriter(path);
  const store = random.uuid();
  try {
    db.transaction(() => {
      db.run("delete from owner_password");
      db.run(
        `delete from facts
          where name in ('device_key', 'ended_logins', 'password_source', 'carried_sites',
            'shared_copy', 'shared_copy_digests', 'sums_shared', 'copied_sums')
          or name like 'visitor_salts_%' or name like 'import_salt%'`,
      );
      for (const { key_hash } of db.all("select key_hash from api_keys")) {
        db.run(
          "update api_keys set key_hash = ?, revoked = 1 where key_hash = ?",
          random.bytes(KEY_BYTES).toHex(),
          String(key_hash),
        );
      }
      // The files of an import that is not over are not taken along.
      db.run("update past_imports set state = 'failed' where state in ('waiting', 'running')");
      db.run("update past_imports set salt = ''");
      db.run("delete from past_sums where import_id not in (select import_id from past_sum_days)");
      for (const name of ["store_id", "journal_id"]) {
        db.run("update facts set value = ? where name = ?", store, name);
      }
    });
    db.emptyLog();
  } catch (error) {
    throw new Error(`${DATABASE} cannot be freed of secrets: ${messageOf(error)}`);
  } finally {
    db.close();
  }
  return store;
}

async function writeChecksums(files: Files, folder: string): Promise<void> {
  const lines: string[] = [];
  for (const name of (await files.tree(folder)).sort()) {
    if (basename(name) === CHECKSUMS || name.includes(".backup.lock")) continue;
    lines.push(`${(await digestOf(files, `${folder}/${name}`))?.sha256}  ${name}\n`);
  }
  const text = new TextEncoder().encode(lines.join(""));
  await files.write(`${folder}/${CHECKSUMS}`, text, OWNER_ONLY);
}
