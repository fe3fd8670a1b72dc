// Which Parquet files hold engagements: questions about sites that have none must not pay for them.
import { sql } from "../../core/sql.ts";
import type { Db } from "../duckdb.ts";
import { literalPath } from "./schema.ts";

/** More files than this are looked at anew. */
const KNOWN_MAX = 200_000;

/** What is known of files, by their paths: the events of a path never become others. */
export class EngagedFiles {
  readonly #db: Db;
  readonly #known = new Map<string, boolean>();

  constructor(db: Db) {
    this.#db = db;
  }

  /** Whether any of these files, by their paths on disk, holds an engagement. */
  async anyOf(paths: readonly string[]): Promise<boolean> {
    if (paths.some((path) => this.#known.get(path))) return true;
    const unknown = paths.filter((path) => !this.#known.has(path));
    if (unknown.length === 0) return false;
    // Without statistics of a column nobody knows.
    const rows = await this.#db.query(sql`
      select distinct file_name from parquet_metadata(${unknown.map(literalPath)})
      where path_in_schema = 'engaged_ms'
        and (stats_null_count is null or stats_null_count < num_values)`);
    if (this.#known.size + unknown.length > KNOWN_MAX) this.#known.clear();
    for (const path of unknown) this.#known.set(path, false);
    for (const { file_name } of rows) this.#known.set(String(file_name), true);
    return rows.length > 0;
  }
}
