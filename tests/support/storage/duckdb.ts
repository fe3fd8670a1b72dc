// A DuckDB of the test's own, beside the one under test: to make files and to read them.
import * as duckdb from "@duckdb/node-api";
import { sql } from "../../../src/core/sql.ts";

/** An open DuckDB in memory. */
export interface TestDuckDb {
  run(text: string): Promise<void>;
  rows(text: string): Promise<Record<string, unknown>[]>;
  close(): void;
}

/** Opens one. */
export async function openDuckDb(): Promise<TestDuckDb> {
  const instance = await duckdb.DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  return {
    async run(text) {
      await connection.run(text);
    },
    async rows(text) {
      return (await connection.runAndReadAll(text)).getRowObjectsJS();
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/**
 * Ends a DuckDB as its own faults do: an INTERNAL error while it runs, after which it refuses
 * everything. More memory is asked for than addresses exist, of a function that has no limit.
 */
export const FATAL = sql`
  select reservoir_quantile(x::hugeint, 0.5, 2147483647) from range(100000) t(x) group by x`;

/** The library, and what ends the DuckDB that was opened last with it. */
export function fragileDuckDb(): { library: typeof duckdb; fail(): Promise<void> } {
  let last: duckdb.DuckDBInstance | undefined;
  class Instance extends duckdb.DuckDBInstance {
    static override async create(path?: string, options?: Record<string, string>) {
      return last = await duckdb.DuckDBInstance.create(path, options);
    }
  }
  return {
    library: { ...duckdb, DuckDBInstance: Instance },
    async fail() {
      const connection = await last?.connect();
      await connection?.run(FATAL.text).catch(() => {});
      connection?.closeSync();
    },
  };
}
