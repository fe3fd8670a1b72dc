// Imports from beginning to end, over real files, DuckDB and SQLite: what is taken and left, twice
// the same files, undoing, bad rows, and failures at every file operation.
import assert from "node:assert/strict";
import { forEachFaultInFolder } from "../support/storage/faults.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { pageview } from "../support/events.ts";
import {
  countsOf,
  gzipped,
  importFiles,
  importsOf,
  running,
  SITE,
  tally,
} from "../support/storage/imports.ts";
import { accept, openFolder, withFolder } from "../support/storage/storage.ts";
import { storedRows } from "../support/storage/data_dir.ts";

const HEADER = "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme," +
  "Screen size,Location,FirstVisit,Date";

/** A row of GoatCounter's export. */
function row(path: string, session: string, date: string, bot = "0", event = "false"): string {
  return `${path},"A ""title"", quoted",${event},,Firefox 120.0,Windows 10,${session},${bot},` +
    `https://news.ycombinator.com/item,h,"1920,1080,1",US-TX,1,${date}`;
}

const ROWS = [
  row("/", "a", "2024-01-10T10:00:00Z"),
  row("/x?utm_source=mail", "a", "2024-01-10T10:00:00Z"),
  row("/", "b", "2024-01-11T23:59:59+02:00"),
  row("/robot", "c", "2024-01-11T10:00:00Z", "3"),
  row("clicked", "b", "2024-01-12T00:00:01Z", "0", "true"),
  row("/late", "b", "2024-01-13T00:00:00Z"),
];
const CSV = [HEADER, ...ROWS].join("\r\n") + "\r\n";

Deno.test("Imports fills days before the site's own, once, and takes them out again", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    await accept(storage, [pageview({ at: "2024-01-13 09:00:00", site_id: SITE })]);
    await storage.flusher.flush();
    const before = await storedRows(folder);
    const imports = await importsOf(folder, system, storage);
    const files = { "export.csv.gz": await gzipped(CSV) };

    const preview = await importFiles(running(imports), files, { dry_run: true });
    assert.equal(preview.state, "previewed");
    assert.deepEqual(preview.report.totals, { events: 4, pageviews: 3, visitors: 2 });
    assert.equal(preview.report.own_from, "2024-01-13");
    assert.deepEqual(preview.report.apart, { robot: 1 });
    assert.deepEqual(
      preview.report.days?.map(({ date, events, left_out }) => [date, events, left_out]),
      [
        ["2024-01-10", 2, null],
        ["2024-01-11", 1, null],
        ["2024-01-12", 1, null],
        ["2024-01-13", 1, "own"],
      ],
    );
    assert.deepEqual(await storedRows(folder), before);

    const done = await importFiles(running(imports), files);
    assert.equal(done.state, "done");
    assert.deepEqual(done.report.totals, preview.report.totals);
    assert.deepEqual(await countsOf(storage, "pathname"), tally(["/", "/x", "/", "/", "/"]));
    assert.deepEqual(
      await countsOf(storage, "event_name"),
      tally(["pageview", "pageview", "pageview", "pageview", "clicked"]),
    );
    const stored = (await storedRows(folder)).filter(({ browser }) => browser === "Firefox");
    assert.equal(new Set(stored.map(({ visitor_id }) => visitor_id)).size, 2);
    assert.ok(stored.every(({ visitor_id }) => /^[0-9a-f]{64}$/.test(String(visitor_id))));
    const [first, second] = stored;
    assert.equal(first?.["pathname"], "/", "events of one second keep the order of their lines");
    assert.equal(first?.["title"], 'A "title", quoted');
    assert.equal(second?.["utm_source"], "mail");
    assert.equal(second?.["referrer_source"], "Hacker News");
    assert.deepEqual([second?.["country_code"], second?.["region"]], ["US", "US-TX"]);
    assert.equal(second?.["device_type"], "desktop");

    // The same files again, and another export that overlaps.
    const again = await importFiles(running(imports), files);
    assert.equal(again.id, done.id);
    const more = CSV + row("/new", "z", "2024-01-09T00:00:00Z") + "\n";
    const wider = await importFiles(running(imports), { "more.csv": more });
    assert.equal(wider.state, "done", wider.report.error);
    assert.deepEqual(wider.report.totals, { events: 1, pageviews: 1, visitors: 1 });
    assert.equal((await storedRows(folder)).length, 6);

    // Neither merges nor a restart hide what is an import's.
    await storage.compactor.run(new AbortController().signal);
    await storage.close();
    const reopened = await openFolder(folder, system);
    const then = await importsOf(folder, system, reopened);
    await then.end(wider.id);
    assert.equal((await then.end(done.id)).state, "undone");
    await reopened.parquet.sweep();
    assert.deepEqual(await storedRows(folder), before);
    assert.deepEqual([...Deno.readDirSync(`${folder}/imports`)], []);
    const renewed = await importFiles(running(then), files);
    assert.notEqual(renewed.id, done.id);
    assert.equal((await storedRows(folder)).length, 5);
    await reopened.close();
  });
});

Deno.test("Imports rejects bad rows by line, and stops at many before adding any", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const good = Array.from({ length: 50 }, (_, n) => row(`/${n}`, "a", "2024-01-10T10:00:00Z"));
    const bad = [
      row("/", "a", "0000-01-01T00:00:00Z"),
      row("/", "a", "9999-01-01T00:00:00Z"),
      row("/", "a", "yesterday"),
      row("", "a", "2024-01-10T10:00:00Z"),
      `/${",".repeat(30)}`,
    ];
    const csv = ["\ufeff" + HEADER, ...good.slice(0, 2), ...bad, ...good.slice(2)].join("\n");
    const shown = await importFiles(running(imports), { "a.csv": csv });
    assert.equal(shown.state, "done", shown.report.error);
    assert.equal(shown.report.totals?.events, 50);
    assert.equal(shown.report.rejected, 5);
    assert.deepEqual(shown.report.rejects?.map(({ line }) => line), [4, 5, 6, 7, 8]);
    assert.match(String(await imports.list.rejects(shown.id)), /^line,reason\n4,its time/);

    const much = [HEADER, ...Array.from({ length: 200 }, () => row("/", "a", "never"))].join("\n");
    const failed = await importFiles(running(imports), { "b.csv": much });
    assert.equal(failed.state, "failed");
    assert.match(
      String(failed.report.error),
      /200 of 200 rows cannot be read, the first in line 2/,
    );

    const wrong: [string, string, RegExp][] = [
      ["pages.csv", "name,visitors,pageviews\n/,3,4\n", /dashboard export of Plausible/],
      ["x.html", "<!doctype html>", /web page/],
      ["a.csv", "", /it is empty/],
      ["3.csv", HEADER.replace("2Path", "3Path") + "\n", /version 3/],
      ["notes.txt", "hello\n", /its first line is "hello"/],
    ];
    for (const [name, text, message] of wrong) {
      const { state, report } = await importFiles(running(imports), { [name]: text });
      assert.equal(state, "failed");
      assert.match(String(report.error), message);
    }
    // Windows' encodings, semicolons, and an archive whose names are paths.
    const latin = Uint8Array.from(
      [...`${HEADER}\n${row("/caf\u00e9", "a", "2024-01-09T10:00:00Z")}\n`],
      (char) => char.charCodeAt(0),
    );
    assert.equal((await importFiles(running(imports), { "l.csv": latin })).state, "done");
    assert.equal((await countsOf(storage, "pathname"))["/caf\u00e9"], 1);
    await storage.close();
  });
});

Deno.test("Imports adds all or nothing at every failure of the disk, and goes on", async () => {
  const csv = [HEADER, ...ROWS.slice(0, 3)].join("\n");
  // Each kind of operation comes several times: every ninth finds most.
  const nthOf = (step: number) => step * 9 - 5;
  await forEachFaultInFolder(async ({ folder, system, failing }) => {
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const states: string[] = [];
    await failing(async () => {
      const shown = await importFiles(running(imports), { "a.csv": csv }).catch(() => null);
      states.push(shown?.state ?? "failed");
    });
    const visible = Object.values(await countsOf(storage, "browser"))[0] ?? 0;
    assert.ok(visible === 0 || visible === 3, `${visible} of 3 events are there`);
    await storage.close();

    const reopened = await openFolder(folder, fakeSystem());
    const found = Object.values(await countsOf(reopened, "browser"))[0] ?? 0;
    assert.equal(found, states.includes("done") ? 3 : 0);
    assert.deepEqual([...reopened.refused()], []);
    const then = await importsOf(folder, fakeSystem(), reopened);
    const done = await importFiles(running(then), { "a.csv": csv });
    assert.equal(done.state, "done");
    assert.deepEqual(await countsOf(reopened, "browser"), { Firefox: 3 });
    assert.equal((await storedRows(folder)).length, 3);
    await then.end(done.id);
    await reopened.close();
  }, nthOf);
});
