import assert from "node:assert";
import { sql } from "../../../src/core/sql.ts";
import { pageview } from "../../support/events.ts";
import { accept, EVER, numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { Store } from "../../../src/storage/state/store.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";

const event = (n: number, at = "2024-01-15 10:00:00") =>
  pageview({ at, props: JSON.stringify({ n }) });

const DAY = "events/site_id=example.com/date=2024-01-15";

Deno.test("Recovery takes up a file that was written but not committed, once", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, [event(1), event(2), event(3, "2024-01-16 00:00:00")]);
    await storage.flusher.flush();
    await storage.close();
    // The state in which a crash between the file's name and the commit leaves things.
    const store = await Store.open(`${folder}/mallard.sqlite`);
    await store.run("forgetFiles", ["site_id=example.com/date=2024-01-15/0001.parquet"]);
    await store.close();
    await restoreJournal(folder, [[1, "2024-01-15", event(1)], [2, "2024-01-15", event(2)]]);
    for (let start = 0; start < 2; start++) {
      const again = await openFolder(folder);
      assert.deepStrictEqual(await numbersOf(again), [1, 2, 3]);
      await again.close();
    }
  });
});

async function restoreJournal(folder: string, rows: [number, string, unknown][]): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(`${folder}/mallard.sqlite`);
  for (const [seq, date, event] of rows) {
    db.prepare("insert into journal (seq, site_id, date, event) values (?, ?, ?, ?)")
      .run(seq, "example.com", date, JSON.stringify(event));
  }
  db.close();
}

Deno.test("Recovery removes half-written files and finishes pending deletes", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await storage.close();
    await Deno.writeTextFile(`${folder}/${DAY}/0002.parquet.tmp`, "half");
    const store = await Store.open(`${folder}/mallard.sqlite`);
    await store.run("replaceFiles", {
      added: [],
      removed: ["site_id=example.com/date=2024-01-15/0001.parquet"],
    });
    await store.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(again), []);
    assert.deepStrictEqual([...Deno.readDirSync(`${folder}/${DAY}`)], []);
    await accept(again, [event(2)]);
    await again.flusher.flush();
    assert.deepStrictEqual([...Deno.readDirSync(`${folder}/${DAY}`)].map((e) => e.name), [
      "0002.parquet",
    ]);
    await again.close();
  });
});

Deno.test("Recovery opens a folder of the original program in place", async () => {
  await withFolder(async (folder) => {
    const duck = await openDuckDb();
    await Deno.mkdir(`${folder}/${DAY}`, { recursive: true });
    await Deno.mkdir(`${folder}/events/site_id=localhost%3A3000/date=2024-01-16`, {
      recursive: true,
    });
    // Columns of the original program, without later ones.
    await duck.run(`copy (
      select 'example.com' as site_id, 'v' || (i % 10) as visitor_id,
        timestamp '2024-01-15 00:00:00' + interval (i) minute as timestamp,
        'pageview' as event_name, '/p' as pathname, '{"n":' || i || '}' as props,
        1.5::decimal(12,2) as revenue_amount
      from range(100) t(i)) to '${folder}/${DAY}/0001.parquet' (format parquet)`);
    await duck.run(`copy (
      select 'localhost:3000' as site_id, 'v' as visitor_id,
        timestamp '2024-01-16 12:00:00' as timestamp, 'pageview' as event_name, '/' as pathname)
      to '${folder}/events/site_id=localhost%3A3000/date=2024-01-16/data_0.parquet'
      (format parquet)`);
    duck.close();
    const storage = await openFolder(folder);
    assert.deepStrictEqual(storage.reader.sites(), ["example.com", "localhost:3000"]);
    assert.strictEqual((await numbersOf(storage)).length, 100);
    const rows = await storage.reader.query(
      "localhost:3000",
      EVER,
      (events) => sql`select count(*) as n, count(city) as cities from ${events}`,
    );
    assert.deepStrictEqual(rows, [{ n: 1, cities: 0 }]);
    await accept(storage, [event(100)]);
    await storage.flusher.flush();
    assert.strictEqual((await numbersOf(storage)).length, 101);
    await storage.close();
  });
});

Deno.test("Recovery adopts files that are copied in while the server runs", async () => {
  await withFolder(async (folder) => {
    const elsewhere = `${folder}/elsewhere`;
    await Deno.mkdir(elsewhere);
    const other = await openFolder(elsewhere);
    await accept(other, [pageview({ at: "2024-02-01", site_id: "other.org" })]);
    await other.flusher.flush();
    await other.close();
    const storage = await openFolder(folder);
    const day = "events/site_id=other.org/date=2024-02-01";
    await Deno.mkdir(`${folder}/${day}`, { recursive: true });
    await Deno.copyFile(`${elsewhere}/${day}/0001.parquet`, `${folder}/${day}/0001.parquet`);
    await Deno.writeTextFile(`${folder}/${day}/0002.parquet`, "still being copied");
    assert.strictEqual(await storage.parquet.adopt(), 1);
    assert.strictEqual(await storage.parquet.adopt(), 0);
    assert.deepStrictEqual(storage.reader.sites(), ["other.org"]);
    assert.deepStrictEqual(storage.quarantined(), []);
    await storage.close();
  });
});

Deno.test("Recovery quarantines a corrupt file and serves the others", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await accept(storage, [event(2)]);
    await storage.flusher.flush();
    await storage.close();
    await Deno.mkdir(`${folder}/events/site_id=example.com/date=2024-01-17`);
    const corrupt = "site_id=example.com/date=2024-01-17/0001.parquet";
    await Deno.writeTextFile(`${folder}/events/${corrupt}`, "PAR1 no more");
    const system = fakeSystem();
    const again = await openFolder(folder, system);
    assert.deepStrictEqual(await numbersOf(again), [1, 2]);
    assert.deepStrictEqual(again.quarantined(), [corrupt]);
    assert.ok(
      system.lines.some(({ level, message, fields }) =>
        level === "error" && message === "Quarantined corrupt file" && fields["path"] === corrupt
      ),
    );
    await again.close();
  });
});

Deno.test("Recovery knows a site again whose id is too long for a folder's name", async () => {
  await withFolder(async (folder) => {
    const sites = ["x".repeat(256), "x".repeat(255) + "y"];
    let storage = await openFolder(folder);
    await accept(
      storage,
      sites.map((site_id, n) =>
        pageview({
          at: "2024-01-15",
          site_id,
          props: JSON.stringify({ n }),
        })
      ),
    );
    await storage.flusher.flush();
    assert.strictEqual(storage.hot.rows, 0);
    await storage.close();
    // Known by the catalog, and by the files alone.
    for (const lost of [false, true]) {
      if (lost) await Deno.remove(`${folder}/mallard.sqlite`);
      storage = await openFolder(folder);
      for (const [n, site] of sites.entries()) {
        assert.deepStrictEqual(await numbersOf(storage, site), [n], `lost: ${lost}`);
      }
      await storage.close();
    }
  });
});
