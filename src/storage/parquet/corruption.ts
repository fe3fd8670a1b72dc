// Finds the corrupt files behind a failed statement. A file counts as corrupt on proof alone: the
// system reads all of its bytes, and DuckDB fails on it both before and after that.
import { messageOf } from "../../core/errors.ts";
import { sql } from "../../core/sql.ts";
import type { Files } from "../../core/types.ts";
import type { Db } from "../duckdb.ts";
import { shortageError, unreadableError } from "../shortage.ts";
import { literalPath } from "./schema.ts";
import type { CatalogFile } from "./partition.ts";

/** A file that cannot be read, and DuckDB's message. */
export interface CorruptFile {
  readonly file: CatalogFile;
  readonly reason: string;
  readonly isMissing: boolean;
}

const REASON = ".reason.txt";
const MISSING = "the file is missing";

/** Faults of the statement, the machine or DuckDB itself, not of a file. */
const NOT_OF_A_FILE = new RegExp(
  "^(Binder|Parser|Catalog|Out of Memory|INTERRUPT|Permission|Constraint" +
    "|Transaction|FATAL|INTERNAL)",
  "i",
);

/** Whether an error may come from a corrupt or missing file; a shortage is no plain error. */
export function mayBeCorruption(error: unknown): boolean {
  return error instanceof Error && error.name === "Error" && !NOT_OF_A_FILE.test(error.message);
}

/**
 * The files that are missing or proven corrupt. Rejects with `unavailable` where the system or
 * DuckDB lacks something, for then nothing is proven.
 */
export async function findCorruptFiles(
  db: Db,
  files: Files,
  eventsFolder: string,
  suspects: readonly CatalogFile[],
): Promise<CorruptFile[]> {
  const corrupt: CorruptFile[] = [];
  for (const file of suspects) {
    const reason = await faultOfFile(db, files, eventsFolder, file.path);
    if (reason !== null) corrupt.push({ file, reason, isMissing: reason === MISSING });
  }
  return corrupt;
}

/** What is proven to be wrong with a file, or null. Rejects as `findCorruptFiles` does. */
async function faultOfFile(
  db: Db,
  files: Files,
  eventsFolder: string,
  path: string,
): Promise<string | null> {
  const absolute = `${eventsFolder}/${path}`;
  if (await faultOfReading(db, absolute) === null) return null;
  if (await isWhollyReadable(files, absolute)) return await faultOfReading(db, absolute);
  if (await isThere(files, eventsFolder)) return MISSING;
  throw shortageError("Cannot read the events now", "the folder of events is gone");
}

/**
 * Whether the system reads a file from first byte to last; false when there is none. Rejects with
 * `unavailable` where it refuses.
 */
export async function isWhollyReadable(files: Files, path: string): Promise<boolean> {
  if (!await isThere(files, path)) return false;
  try {
    for await (const _ of await files.stream(path));
    return true;
  } catch (error) {
    throw unreadableError(error);
  }
}

async function isThere(files: Files, path: string): Promise<boolean> {
  try {
    return await files.size(path) !== null;
  } catch (error) {
    throw unreadableError(error);
  }
}

/** What DuckDB says when it reads every value of a file, or null. Rejects with a shortage. */
export async function faultOfReading(
  db: Pick<Db, "query">,
  path: string,
): Promise<string | null> {
  try {
    await db.query(sql`
      select max(hash(event))::varchar as hash
      from read_parquet(${[literalPath(path)]}, hive_partitioning = false) as event`);
    return null;
  } catch (error) {
    if (!mayBeCorruption(error)) throw error;
    return firstLine(error);
  }
}

/** The file beside a quarantined one that keeps why it was set aside. */
export function reasonPathOf(path: string): string {
  return `${path.replace(/\.parquet$/, "")}${REASON}`;
}

/** Whether a path in quarantine is that of a reason. */
export function isReason(path: string): boolean {
  return path.endsWith(REASON);
}

/** What DuckDB found, without its advice and without the statement. */
export function firstLine(error: unknown): string {
  return messageOf(error).split("\n")[0] ?? "";
}
