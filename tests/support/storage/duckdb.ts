// A DuckDB of the test's own, beside the one under test: to make files and to read them.
import { DuckDBInstance } from "@duckdb/node-api";

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
