// Counts of dropped requests over a SQLite file of the test's own.
import { DROP_OPS, DROP_SCHEMA, type DropStore } from "../../../src/storage/state/ops/drop_ops.ts";
import { Sqlite } from "../../../src/storage/state/sqlite.ts";

/** The operations of dropped requests in this thread. `broken` makes them reject. */
export async function openDropStore(): Promise<DropStore & { broken: boolean; close(): void }> {
  const folder = await Deno.makeTempDir({ prefix: "mallard-test-" });
  const db = Sqlite.open(`${folder}/drops.sqlite`);
  db.exec(DROP_SCHEMA);
  const store = {
    broken: false,
    // deno-lint-ignore require-await -- rejects where the operation throws
    run: async (op: keyof typeof DROP_OPS, args: unknown) => {
      if (store.broken) throw new Error("disk full");
      return (DROP_OPS[op] as (db: Sqlite, args: unknown) => never)(db, args);
    },
    close: () => {
      db.close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
  return store as DropStore & typeof store;
}
