// Lakes of real parts for tests: PostgreSQL and an S3 server of the test file's own, a database and
// a prefix for each lake, and DuckDB from PyPI to read them without this program.
import * as duckdb from "@duckdb/node-api";
import {
  findPrograms,
  type Parts,
  python,
  sqlOf,
  startParts,
  stopParts,
} from "../../../scripts/lake/parts.ts";
import type { System } from "../../../src/core/types.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import type { LakeOptions } from "../../../src/storage/lake/connection.ts";
import { Lake } from "../../../src/storage/lake/lake.ts";

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

/** The settings of a new lake: a database of its own, a prefix of its own. */
export async function newLake(parts: Parts, name: string): Promise<Record<string, string>> {
  await sqlOf(parts, `create database ${name}`);
  return {
    ...parts.env,
    MALLARD_LAKE_CATALOG: `postgresql://lake@127.0.0.1:${parts.postgresPort}/${name}`,
    MALLARD_LAKE_DATA_PATH: `s3://mallard/${name}/`,
  };
}

/** The same settings as `Lake.open` takes them. */
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
    loadDuckDb: () => Promise.resolve(duckdb),
    folder,
    spillFolder: `${folder}/.lake-spill`,
    memoryLimit: null,
    threads: null,
  };
  return Lake.open(system, host, options, { mayMake });
}

/** DuckDB of PyPI over a lake, as somebody would use it who does not have this program. */
const READ = `
import duckdb, json, os, sys
e = os.environ
quote = lambda text: "'" + text.replace("'", "''") + "'"
c = duckdb.connect()
c.execute("set enable_progress_bar = false")
for name in ["httpfs", "postgres_scanner", "ducklake"]:
    folder = f"{e['MALLARD_EXTENSION_DIR']}/duckdb_extension_{name}/extensions"
    file = f"{folder}/v{duckdb.__version__}/{name}.duckdb_extension"
    c.execute(f"load {quote(file)}")
host, database = e["MALLARD_LAKE_CATALOG"].split("@")[1].split("/")
address, port = host.split(":")
c.execute(f"create secret (type postgres, host {quote(address)}, port {port}, user 'lake',"
    f" database {quote(database)}, password {quote(e['MALLARD_LAKE_PASSWORD'])})")
c.execute(f"create secret (type s3, key_id 'key', secret 'secret', url_style 'path', use_ssl false,"
    f" endpoint {quote(e['MALLARD_S3_ENDPOINT'].split('//')[1])})")
c.execute("attach 'ducklake:postgres:' as lake (read_only)")
rows = c.execute(sys.argv[1]).fetchall()
print(json.dumps(rows, default=str))
`;

/** Rows of a query over a lake, by plain DuckDB; the lake is attached as `lake`. */
export async function plainRows(
  parts: Parts,
  env: Readonly<Record<string, string>>,
  query: string,
): Promise<unknown[][]> {
  return JSON.parse(await python(parts, READ, [query], env));
}
