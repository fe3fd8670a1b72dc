// Looks at backup folders from outside, and makes one as earlier versions did.
import * as duckdb from "@duckdb/node-api";
import { verify } from "../../../src/storage/backup/verify.ts";
import { Db } from "../../../src/storage/duckdb.ts";
import { Sqlite } from "../../../src/storage/state/sqlite.ts";
import { fakeSystem } from "../fake_system.ts";

/** A DuckDB that may read a folder. */
export function openBackupDb(folder: string): Promise<Db> {
  return Db.open(duckdb, fakeSystem().clock, {
    folder,
    spillFolder: `${folder}/.spill`,
    memoryLimit: null,
    threads: 1,
    readers: 1,
  });
}

/** What verify() says of a folder. */
export async function verified(
  folder: string,
): Promise<{ events: number; faults: readonly string[] }> {
  const db = await openBackupDb(folder);
  try {
    const { events, faults } = await verify(fakeSystem().files, db, folder);
    return { events, faults };
  } finally {
    await db.close();
  }
}

/** Folders of the generations, the oldest first. */
export async function generationsIn(target: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(`${target}/generations`));
  return entries.map(({ name }) => `${target}/generations/${name}`).sort();
}

/** Turns the only generation of a folder into a backup as version 0.2.0 made it. */
export async function makeFlat(target: string): Promise<void> {
  const [folder = ""] = await generationsIn(target);
  for await (const { name } of Deno.readDir(folder)) {
    await Deno.rename(`${folder}/${name}`, `${target}/${name}`);
  }
  await Deno.remove(`${target}/generations`, { recursive: true });
  // Its copy of SQLite's file asked for a log.
  Sqlite.open(`${target}/mallard.sqlite`).close();
  const { made_at, journal_rows, files } = JSON.parse(
    await Deno.readTextFile(`${target}/backup.json`),
  );
  await Deno.writeTextFile(
    `${target}/backup.json`,
    JSON.stringify({ made_at, journal_rows, files }, null, 1),
  );
}

/** Changes one bit in the middle of a file. */
export async function flipBit(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await Deno.writeFile(path, bytes);
}
