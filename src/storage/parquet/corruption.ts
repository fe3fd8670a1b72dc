// Finds the corrupt files behind a failed statement by reading each of them whole.
import { messageOf } from "../../core/errors.ts";
import { sql } from "../../core/sql.ts";
import type { Db } from "../duckdb.ts";
import { literalPath } from "./schema.ts";
import type { CatalogFile } from "./partition.ts";

/** A file that cannot be read, and DuckDB's message. */
export interface CorruptFile {
  readonly file: CatalogFile;
  readonly reason: string;
}

/** Faults of the statement or the machine, not of a file. */
const NOT_OF_A_FILE = /^(Binder|Parser|Catalog|Out of Memory|INTERRUPT|Permission|Constraint)/i;

/** Whether an error may come from a corrupt or missing file. */
export function mayBeCorruption(error: unknown): boolean {
  return error instanceof Error && error.name === "Error" && !NOT_OF_A_FILE.test(error.message);
}

/** The files that cannot be read from first byte to last. */
export async function findCorruptFiles(
  db: Db,
  eventsFolder: string,
  files: readonly CatalogFile[],
): Promise<CorruptFile[]> {
  const corrupt: CorruptFile[] = [];
  for (const file of files) {
    const paths = [literalPath(`${eventsFolder}/${file.path}`)];
    try {
      await db.query(sql`
        select max(hash(event))::varchar as hash
        from read_parquet(${paths}, hive_partitioning = false) as event`);
    } catch (error) {
      if (!mayBeCorruption(error)) throw error;
      corrupt.push({ file, reason: firstLine(error) });
    }
  }
  return corrupt;
}

/** What DuckDB found, without its advice and without the statement. */
export function firstLine(error: unknown): string {
  return messageOf(error).split("\n")[0] ?? "";
}
