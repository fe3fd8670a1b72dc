// This program's own exports come back as they were: every value of every event, and the same
// visitors as each other, under other ids.
import assert from "node:assert/strict";
import { ExportFiles } from "../../../src/storage/backup/export_file.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { pageview } from "../../support/events.ts";
import { importFiles, importsOf, running, SITE } from "../../support/storage/imports.ts";
import { type StoredRow, storedRows } from "../../support/storage/data_dir.ts";
import { accept, EVER, openFolder, withFolder } from "../../support/storage/storage.ts";

const EVENTS = [
  pageview({ at: "2024-01-02 10:00:00.000001", pathname: "/a", referrer: null }),
  pageview({ at: "2024-01-02 10:00:00.000001", pathname: '/b,"c"', visitor_id: "f".repeat(64) }),
  pageview({ at: "2024-01-03 23:59:59.999999", event_name: "=cmd()", utm_term: "'=x;+y" }),
  pageview({
    at: "2024-01-04 00:00:00",
    props: JSON.stringify({ mail: "a@example.org", note: "line\nbreak" }),
    revenue_amount: 1999,
    revenue_currency: "EUR",
    utm_source: "",
  }),
  // No event: it is kept, and not counted.
  pageview({ at: "2024-01-04 00:00:09", event_name: "engagement", engaged_ms: 9000 }),
].map((event) => ({ ...event, site_id: "old.example" }));

/** The stored events, each visitor as the place of its first event. */
async function rowsOf(folder: string): Promise<unknown[]> {
  const placeOf = (row: StoredRow) => `${row["timestamp"]} ${row["pathname"]}`;
  const rows = (await storedRows(folder)).sort((a, b) => placeOf(a) < placeOf(b) ? -1 : 1);
  const visitors: string[] = [];
  return rows.map(({ site_id: _, visitor_id, ...row }) => {
    const visitor = String(visitor_id);
    if (!visitors.includes(visitor)) visitors.push(visitor);
    return JSON.stringify(
      { ...row, visitor: visitors.indexOf(visitor) },
      (_, value) => typeof value === "bigint" ? String(value) : value,
    );
  });
}

Deno.test("MALLARD gives back every event of an export as it was", async () => {
  await withFolder(async (source) => {
    const system = fakeSystem();
    const storage = await openFolder(source, system);
    await accept(storage, EVENTS);
    await storage.flusher.flush();
    const expected = await rowsOf(source);
    const exports = await ExportFiles.open(storage.reader, system.files, system.random, {
      folder: `${source}/.exports`,
    });
    for (const format of ["parquet", "csv", "ndjson"] as const) {
      const { signal } = new AbortController();
      const file = await exports.write("old.example", EVER, format, signal, format === "csv");
      const content = new Uint8Array(await new Response(file.content).arrayBuffer());
      await withFolder(async (folder) => {
        const target = await openFolder(folder, system);
        const imports = await importsOf(folder, system, target);
        const { state, report } = await importFiles(running(imports), { [`a.${format}`]: content });
        assert.equal(state, "done", report.error);
        assert.deepEqual(report.totals, { events: 4, pageviews: 3, visitors: 2 });
        assert.deepEqual(await rowsOf(folder), expected, format);
        const sites = new Set((await storedRows(folder)).map(({ site_id }) => site_id));
        assert.deepEqual([...sites], [SITE]);
        await target.close();
      });
    }
    await storage.close();
  });
});
