// Lakes of real parts for tests: PostgreSQL and an S3 server of the test file's own, a database and
// a prefix for each lake, and DuckDB from PyPI to read them without this program.
import * as duckdb from "@duckdb/node-api";
import { findPrograms, type Parts, startParts, stopParts } from "../../../scripts/lake/parts.ts";
import { newLake } from "../../../scripts/lake/plain.ts";
import { withFolder } from "../storage/storage.ts";
import type { System } from "../../../src/core/types.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import type { LakeOptions } from "../../../src/storage/lake/connection.ts";
import type { NodeOptions } from "../../../src/storage/lake/node.ts";
import { Lake } from "../../../src/storage/lake/lake.ts";
import { openStorage, type Storage } from "../../../src/storage/open.ts";

const programs = findPrograms();

/** Whether the parts of a lake are missing here; then the tests are skipped. */
export const LACKS_LAKE: boolean = typeof programs === "string";

if (typeof programs === "string") console.log(`Skipping tests of lakes: ${programs}`);

/** PostgreSQL and an S3 server for all tests of a file, which calls this once, outside of them. */
export function partsOfFile(): () => Parts {
  let parts: Parts | null = null;
  Deno.test.beforeAll(async () => {
    if (typeof programs === "string") return;
    parts = await startParts(programs, await Deno.makeTempDir({ prefix: "mallard-lake-" }));
  });
  Deno.test.afterAll(async () => {
    if (parts !== null) await stopParts(parts);
  });
  return () => {
    if (parts === null) throw new Error("Cannot use the parts of a lake outside of a test");
    return parts;
  };
}

/** What a test does with the settings of a lake of its own, and a folder. */
export type LakeWork = (env: Record<string, string>, folder: string) => Promise<void>;

/** A test over a lake of its own; skipped where there are no parts for one. */
export function lakeTest(name: string, parts: () => Parts, work: LakeWork): void {
  Deno.test({
    name,
    ignore: LACKS_LAKE,
    fn: () =>
      withFolder(async (folder) => {
        const database = `n${crypto.randomUUID().replaceAll("-", "")}`;
        await work(await newLake(parts(), database), folder);
      }),
  });
}

/** The settings of a lake as `Lake.open` takes them. */
export function optionsOf(env: Readonly<Record<string, string>>): LakeOptions {
  return {
    catalog: env["MALLARD_LAKE_CATALOG"] ?? "",
    password: env["MALLARD_LAKE_PASSWORD"] ?? null,
    dataPath: env["MALLARD_LAKE_DATA_PATH"] ?? "",
    s3: {
      endpoint: env["MALLARD_S3_ENDPOINT"] ?? null,
      region: null,
      keyId: env["MALLARD_S3_KEY_ID"] ?? null,
      secret: env["MALLARD_S3_SECRET"] ?? null,
      sessionToken: null,
    },
    extensionDir: env["MALLARD_EXTENSION_DIR"] ?? null,
    downloadDir: "/nowhere",
  };
}

/**
 * DuckDB that does not check the signatures of extensions: at each opening of a lake that would
 * take longer than all else, for it is 100 MB of files. Servers in their own process check them.
 */
class Trusting extends duckdb.DuckDBInstance {
  static override create(path?: string, options?: Record<string, string>) {
    const own = { ...options, allow_unsigned_extensions: "true" };
    return duckdb.DuckDBInstance.create(path, own);
  }
}

/** The library for tests that open lakes in their own process. */
export const lakeDuckDb: typeof duckdb = { ...duckdb, DuckDBInstance: Trusting };

/** Opens a lake; it may read and write `folder` beside it. */
export function openLake(
  folder: string,
  options: LakeOptions,
  { mayMake = true, system = realSystem({ format: "text", levelMin: "error" }) }: {
    readonly mayMake?: boolean;
    readonly system?: System;
  } = {},
): Promise<Lake> {
  const host = {
    loadDuckDb: () => Promise.resolve(lakeDuckDb),
    folder,
    spillFolder: `${folder}/.lake-spill`,
    memoryLimit: null,
    threads: 1,
  };
  return Lake.open(system, host, options, { mayMake });
}

/** Opens a folder as DATA_DIR of a server over a lake. */
export function openOverLake(
  folder: string,
  env: Readonly<Record<string, string>>,
  { system = realSystem({ format: "text", levelMin: "error" }), ...own }: {
    readonly system?: System;
  } & Partial<Omit<NodeOptions, keyof LakeOptions>> = {},
): Promise<Storage> {
  return openStorage(system, {
    pid: Deno.pid,
    memoryBytes: null,
    loadDuckDb: () => Promise.resolve(lakeDuckDb),
  }, {
    dataDir: folder,
    memory_limit: null,
    threads: 1,
    lake: { ...optionsOf(env), node: "one", ...own },
  });
}
