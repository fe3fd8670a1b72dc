// A DuckDB of the test's own, beside the one under test: to make files and to read them.
import { DuckDBInstance } from "@duckdb/node-api";
import { sql } from "../../../src/core/sql.ts";

/** An open DuckDB in memory. */
export interface TestDuckDb {
  run(text: string): Promise<void>;
  rows(text: string): Promise<Record<string, unknown>[]>;
  close(): void;
}

/** Opens one. */
export async function openDuckDb(): Promise<TestDuckDb> {
  const instance = await DuckDBInstance.create(":memory:");
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
