// A lake for each data directory of the contract's tests, where `MALLARD_TEST_LAKE` is set: on the
// servers that `deno task lake:up` has started. It must not import anything of src.
import { LAKE_FOLDER } from "../../../scripts/lake/folder.ts";
import { findPrograms, knownParts, type Parts } from "../../../scripts/lake/parts.ts";
import { newLake, plainRows } from "../../../scripts/lake/plain.ts";

/** Whether the contract's tests run over lakes. */
export const IS_OVER_LAKE: boolean = Deno.env.has("MALLARD_TEST_LAKE");

/** What is done with a directory before a server over its lake starts. */
export interface Before {
  /** Starts a server without a lake, which adopts the files, and ends it. */
  adopt(): Promise<unknown>;
  /** Runs a command of the program until it ends. */
  run(
    env: Readonly<Record<string, string>>,
    args: readonly string[],
  ): Promise<{ readonly code: number; readonly stderr: string }>;
}

/** Settings of lakes, by data directory: a server that is started again has the same. */
const lakes = new Map<string, Readonly<Record<string, string>>>();

/**
 * Settings of a server over the lake of a data directory. The Parquet files of the directory are
 * brought into the lake first, and are moved away.
 */
export async function lakeOf(
  dataDir: string,
  { adopt, run }: Before,
): Promise<Readonly<Record<string, string>>> {
  const env = lakes.get(dataDir) ?? await makeLake(dataDir);
  if (await hasFiles(`${dataDir}/events`)) {
    await adopt();
    const { code, stderr } = await run(env, ["lake", "import"]);
    if (code !== 0) throw new Error(`Cannot bring the files into a lake: ${stderr}`);
    await Deno.rename(`${dataDir}/events`, `${dataDir}/events-${crypto.randomUUID()}`);
  }
  return { ...env, MALLARD_STORAGE: "lake", MALLARD_LAKE_FLUSH_INTERVAL: "5" };
}

/** Rows of the lake of a data directory as texts, oldest first; null where it has none. */
export async function storedInLake(
  dataDir: string,
  columns: readonly string[],
): Promise<Record<string, string | null>[] | null> {
  const env = lakes.get(dataDir);
  if (env === undefined) return null;
  const texts = columns.map((column) => `${column}::varchar`).join(", ");
  const rows = await plainRows(
    parts(),
    env,
    `select ${texts} from lake.events order by timestamp, event_name, pathname`,
  ) as (string | null)[][];
  return rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null])));
}

async function makeLake(dataDir: string): Promise<Readonly<Record<string, string>>> {
  const env = await newLake(parts(), `c${crypto.randomUUID().replaceAll("-", "")}`);
  lakes.set(dataDir, env);
  return env;
}

function parts(): Parts {
  const programs = findPrograms();
  const known = typeof programs === "string" ? null : knownParts(programs, LAKE_FOLDER);
  if (known === null) throw new Error("Cannot use a lake: run deno task lake:up first");
  return known;
}

async function hasFiles(folder: string): Promise<boolean> {
  try {
    for await (const { name } of Deno.readDir(folder)) if (/^site_id=/.test(name)) return true;
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
