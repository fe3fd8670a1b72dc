// GoatCounter's JSON export: each table, counted by the test.
import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { fakeSystem } from "../../../support/fake_system.ts";
import { importFiles, importsOf, running, summed } from "../../../support/storage/imports.ts";
import { openFolder, withFolder } from "../../../support/storage/storage.ts";

const FILES: Readonly<Record<string, readonly object[]>> = {
  "info.json": [{ export_version: 1.0, goatcounter_version: "2.7", created_for: "example.com" }],
  "paths.jsonl": [
    { id: 1, event: false, path: "/", title: "Home" },
    { id: 2, event: false, path: "/api", title: "API" },
    { id: 3, event: true, path: "click-banana", title: "Fruit" },
  ],
  "refs.jsonl": [
    { id: 1, ref: "", ref_scheme: "o" },
    { id: 2, ref: "Google", ref_scheme: "g" },
    { id: 3, ref: "news.ycombinator.com/item", ref_scheme: "h" },
    { id: 4, ref: "spring", ref_scheme: "c" },
  ],
  "browsers.jsonl": [{ id: 1, name: "Chrome", version: "120" }, { id: 2, name: "", version: "" }],
  "systems.jsonl": [{ id: 1, name: "Linux", version: "Ubuntu" }],
  "hit_stats.jsonl": [
    { hour: "2023-12-05T19:00:00Z", path_id: 1, ref_id: 1, count: 4 },
    { hour: "2023-12-05T20:00:00Z", path_id: 1, ref_id: 2, count: 3 },
    { hour: "2023-12-05T20:00:00Z", path_id: 2, ref_id: 3, count: 2 },
    { hour: "2023-12-06T01:00:00Z", path_id: 2, ref_id: 4, count: 5 },
    { hour: "2023-12-06T01:00:00Z", path_id: 3, ref_id: 1, count: 7 },
    { hour: "2023-12-06T01:00:00Z", path_id: 99, ref_id: 1, count: 1000 },
  ],
  "browser_stats.jsonl": [
    { day: "2023-12-05", path_id: 1, browser_id: 1, count: 7 },
    { day: "2023-12-06", path_id: 2, browser_id: 2, count: 5 },
    { day: "2023-12-06", path_id: 3, browser_id: 1, count: 7 },
  ],
  "system_stats.jsonl": [{ day: "2023-12-05", path_id: 1, system_id: 1, count: 7 }],
  "location_stats.jsonl": [
    { day: "2023-12-05", path_id: 1, location: "DE-BW", count: 4 },
    { day: "2023-12-05", path_id: 1, location: "IN", count: 3 },
    { day: "2023-12-06", path_id: 2, location: "", count: 5 },
  ],
  "language_stats.jsonl": [{ day: "2023-12-05", path_id: 1, language: "eng", count: 7 }],
  "size_stats.jsonl": [
    { day: "2023-12-05", path_id: 1, width: 1280, count: 6 },
    { day: "2023-12-05", path_id: 1, width: 400, count: 1 },
    { day: "2023-12-06", path_id: 2, width: 0, count: 5 },
  ],
};

Deno.test("GOATCOUNTER_JSON reads what was counted of each day", async () => {
  const lines = Object.entries(FILES).map(([name, rows]) => [
    `export/${name}`,
    new TextEncoder().encode(rows.map((row) => JSON.stringify(row) + "\n").join("")),
  ]);
  const zip = zipSync(Object.fromEntries(lines)) as Uint8Array<ArrayBuffer>;
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const done = await importFiles(running(imports), { "export.zip": zip });
    assert.equal(done.state, "done", done.report.error);
    assert.equal(done.report.rejected, 1, "the path of one row is listed nowhere");
    assert.equal(done.report.rows, 16);
    assert.deepEqual(
      done.report.days?.map(({ date, events, pageviews }) => [date, events, pageviews]),
      [["2023-12-05", 9, 9], ["2023-12-06", 12, 5]],
    );
    const views = (count: number) => ({ pageviews: count, events: count });
    assert.deepEqual(await summed(storage, "days"), { "": { pageviews: 14, events: 21 } });
    assert.deepEqual(await summed(storage, "pages", [1]), {
      "/": { visitors: 7, ...views(7) },
      "/api": { visitors: 7, ...views(7) },
    });
    assert.deepEqual(await summed(storage, "events", [0]), {
      pageview: views(14),
      "click-banana": { pageviews: 0, events: 7 },
    });
    assert.deepEqual(await summed(storage, "sources", [0, 2, 7]), {
      "- | - | Direct": views(4),
      "Google | - | Organic Search": views(3),
      "Hacker News | - | Organic Social": views(2),
      "spring | spring | Referral": views(5),
    });
    assert.deepEqual(await summed(storage, "browsers", [0, 1]), {
      "Chrome | 120": views(7),
      "- | -": views(5),
    });
    assert.deepEqual(await summed(storage, "systems", [0]), { Linux: views(7) });
    assert.deepEqual(await summed(storage, "locations", [0, 1]), {
      "DE | Baden-Württemberg": views(4),
      "IN | -": views(3),
      "- | -": views(5),
    });
    assert.deepEqual(await summed(storage, "languages", [0]), { en: views(7) });
    assert.deepEqual(await summed(storage, "screens", [0]), {
      laptop: views(6),
      mobile: views(1),
      "-": views(5),
    });
    const part = { "hit_stats.jsonl": JSON.stringify(FILES["hit_stats.jsonl"]?.[0]) };
    const failed = await importFiles(running(imports), part);
    assert.match(String(failed.report.error), /paths.jsonl is missing; take the whole ZIP/);
    await storage.close();
  });
});
