import assert from "node:assert";
import { AppError } from "../../src/core/errors.ts";
import { sql } from "../../src/core/sql.ts";
import { findCorruptFiles } from "../../src/storage/parquet/corruption.ts";
import { pageview } from "../support/events.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { accept, EVER, numbersOf, openFolder, withFolder } from "../support/storage/storage.ts";

const PATH = "site_id=example.com/date=2024-01-15/0001.parquet";
const FILE = { site_id: "example.com", date: "2024-01-15", path: PATH, rows: 1, bytes: 1 };

const isRefusal = (error: unknown) =>
  error instanceof AppError && error.status === 503 && /it is closing/.test(error.message);

Deno.test("Reader quarantines nothing while DuckDB closes", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, [
      pageview({ at: "2024-01-15 10:00:00", props: JSON.stringify({ n: 1 }) }),
    ]);
    await storage.flusher.flush();
    let closed = Promise.resolve();
    await assert.rejects(
      storage.reader.query("example.com", EVER, (events) => {
        closed = storage.db.close();
        return sql`select count(*) from ${events}`;
      }),
      isRefusal,
    );
    await closed;
    const { files } = fakeSystem();
    await assert.rejects(
      findCorruptFiles(storage.db, files, `${folder}/events`, [FILE]),
      isRefusal,
    );
    assert.deepStrictEqual(storage.quarantined(), []);
    await storage.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(again), [1]);
    await again.close();
  });
});
