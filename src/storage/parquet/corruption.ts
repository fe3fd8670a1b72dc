// Which files of a failed statement are to blame: each is read whole, by itself.
import { messageOf } from "../../core/errors.ts";
import { sql } from "../../core/sql.ts";
import type { Db } from "../duckdb.ts";
import { literalPath } from "./schema.ts";
import type { CatalogFile } from "../tiers/catalog_file.ts";

/** A file that cannot be read, and what DuckDB says of it. */
export interface Damaged {
  readonly file: CatalogFile;
  readonly reason: string;
}

/** Faults of the statement or the machine, whatever the files hold. */
const NOT_OF_A_FILE = /^(Binder|Parser|Catalog|Out of Memory|INTERRUPT|Permission|Constraint)/i;

/** Whether an error may come from a damaged or missing file. */
export function mayBeDamage(error: unknown): boolean {
  return error instanceof Error && error.name === "Error" && !NOT_OF_A_FILE.test(error.message);
}

/** The files that cannot be read from first byte to last. */
export async function findDamaged(
  db: Db,
  eventsFolder: string,
  files: readonly CatalogFile[],
): Promise<Damaged[]> {
  const damaged: Damaged[] = [];
  for (const file of files) {
    const paths = [literalPath(`${eventsFolder}/${file.path}`)];
    try {
      await db.query(sql`
        select max(hash(event))::varchar as hash
        from read_parquet(${paths}, hive_partitioning = false) as event`);
    } catch (error) {
      if (!mayBeDamage(error)) throw error;
      damaged.push({ file, reason: firstLine(error) });
    }
  }
  return damaged;
}

/** What DuckDB found, without its advice and without the statement. */
export function firstLine(error: unknown): string {
  return messageOf(error).split("\n")[0] ?? "";
}
