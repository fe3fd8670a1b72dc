// A real DATA_DIR that can be opened, closed and opened again; and files that fail on purpose.
import * as duckdb from "@duckdb/node-api";
import type { Event } from "../../../src/core/event.ts";
import { sql } from "../../../src/core/sql.ts";
import type { Files, System } from "../../../src/core/types.ts";
import { openStorage, type Storage } from "../../../src/storage/open.ts";
import { type FakeSystem, fakeSystem } from "../fake_system.ts";

/** All of time, in microseconds. */
export const EVER = { fromUs: 0, toUs: Date.UTC(2100, 0, 1) * 1000 };

/** A folder for one test; removed at the end. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "mallard-test-" });
  try {
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Copies a folder with all that is in it; who may read what stays the same. */
export async function copyTree(from: string, to: string): Promise<void> {
  const { mode } = await Deno.stat(from);
  await Deno.mkdir(to, { recursive: true, mode: (mode ?? 0) & 0o777 || 0o777 });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyTree(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Opens a folder as DATA_DIR. For a few events a second thread only costs. */
export function openFolder(
  folder: string,
  system: System = fakeSystem(),
  limits: { readonly memory_limit?: string; readonly threads?: number } = {},
): Promise<Storage> {
  return openStorage(system, {
    pid: Deno.pid,
    memoryBytes: null,
    loadDuckDb: () => Promise.resolve(duckdb),
  }, { dataDir: folder, memory_limit: null, threads: 1, ...limits });
}

/** The `n` property of every event of a site, sorted: which events are there, and how often. */
export async function numbersOf(storage: Storage, site = "example.com"): Promise<number[]> {
  const rows = await storage.reader.query(
    site,
    EVER,
    (events) => sql`select (props ->> 'n')::bigint as n from ${events} order by n`,
  );
  return rows.map((row) => Number(row["n"]));
}

/** Adds events without waiting for queries or flushes. */
export async function accept(storage: Storage, events: readonly Event[]): Promise<void> {
  await storage.append(events);
}

/** Kinds of failing file operations. */
export type Fault = "EIO" | "ENOSPC" | "EACCES";

/**
 * Files whose `nth` operation that changes or syncs something fails (counted from 1; 0 = none).
 * `count` tells how many there were.
 */
export function faultyFiles(files: Files, fault: Fault): Files & { nth: number; count: number } {
  const state = { nth: 0, count: 0 };
  const failing = <A extends unknown[], R>(work: (...args: A) => Promise<R>) => {
    return (...args: A): Promise<R> => {
      state.count++;
      if (state.count === state.nth) {
        return Promise.reject(new Error(`${fault}: injected into operation ${state.count}`));
      }
      return work(...args);
    };
  };
  return {
    ...files,
    write: failing(files.write),
    writeStream: failing(files.writeStream),
    rename: failing(files.rename),
    link: failing(files.link),
    copy: failing(files.copy),
    remove: failing(files.remove),
    removeTree: failing(files.removeTree),
    makeDir: failing(files.makeDir),
    sync: failing(files.sync),
    list: failing(files.list),
    size: failing(files.size),
    get nth() {
      return state.nth;
    },
    set nth(value) {
      state.nth = value;
    },
    get count() {
      return state.count;
    },
    set count(value) {
      state.count = value;
    },
  };
}

/** The world of a test whose files can be made to fail. */
export function faultySystem(fault: Fault): { system: FakeSystem; faulty: Faulty } {
  const faulty = faultyFiles(fakeSystem().files, fault);
  return { system: fakeSystem({ files: faulty }), faulty };
}

/** Files that can be made to fail. */
export type Faulty = ReturnType<typeof faultyFiles>;
