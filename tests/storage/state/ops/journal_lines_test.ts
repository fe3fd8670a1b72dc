import assert from "node:assert";
import { raw, sql } from "../../../../src/core/sql.ts";
import { createHotTable, insertJournalLines } from "../../../../src/storage/parquet/schema.ts";
import { pageview } from "../../../support/events.ts";
import { accept, openFolder, withFolder } from "../../../support/storage/storage.ts";

Deno.test("writeJournalLines() writes what DuckDB inserts, for the owner alone", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const { store, db } = storage;
    const texts = ["plain", 'quotes " and \\', "line\nbreak", "ü 🦆"];
    const events = texts.map((text) =>
      pageview({ at: "2024-01-15 10:00:00", props: JSON.stringify({ text }), utm_term: text })
    );
    await accept(storage, events);
    const path = `${folder}/lines/[1]*.ndjson`;
    const after = { path, after: 1, rows: 10_000 };
    assert.strictEqual(await store.run("writeJournalLines", { ...after, least: 4 }), null);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    const found = await store.run("writeJournalLines", { ...after, least: 3 });
    assert.deepStrictEqual(found, { path, rows: 3, seqTo: 4 });
    const { mode } = await Deno.stat(path);
    assert.strictEqual((mode ?? 0) & 0o777, 0o600);
    await db.execute(createHotTable("lines"));
    const literal = path.replace(/[*[]/g, "[$&]");
    await db.executeEach(insertJournalLines("lines"), [literal], 3);
    const rows = await db.query(sql`select props, utm_term, hostname from ${raw("lines")}`);
    assert.deepStrictEqual(
      rows.map(({ utm_term }) => utm_term),
      texts.slice(1),
    );
    assert.deepStrictEqual(rows.map(({ props }) => props), events.slice(1).map((e) => e.props));
    await assert.rejects(
      db.executeEach(insertJournalLines("lines"), [literal], 4),
      /Cannot insert 4 rows: 3 are right/,
    );
    await storage.close();
  });
});
