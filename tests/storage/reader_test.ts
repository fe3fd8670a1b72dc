import assert from "node:assert";
import { sql } from "../../src/core/sql.ts";
import { openTestReader, pageview, timeUs } from "../support/events.ts";

const DAY = { fromUs: timeUs("2024-01-15"), toUs: timeUs("2024-01-16") };

Deno.test("Reader reads hot and cold events of one site and span as one relation", async () => {
  const events = [
    pageview({ at: "2024-01-14 23:59:59.999999", page: "/before" }),
    pageview({ at: "2024-01-15 00:00:00", page: "/first", revenue_amount: 1234 }),
    pageview({ at: "2024-01-15 12:00:00", page: "/other-site", site_id: "other.org" }),
    pageview({ at: "2024-01-15 23:59:59.999999", page: "/last" }),
    pageview({ at: "2024-01-16 00:00:00", page: "/after" }),
  ];
  for (const coldShare of [0, 0.5, 1]) {
    const { reader, close } = await openTestReader(events, { coldShare });
    const rows = await reader.query("example.com", DAY, (events) =>
      sql`
      select pathname, epoch_us(timestamp) as at, revenue_amount::double as amount
      from ${events} order by timestamp`);
    assert.deepStrictEqual(rows, [
      { pathname: "/first", at: timeUs("2024-01-15"), amount: 12.34 },
      { pathname: "/last", at: timeUs("2024-01-16") - 1, amount: null },
    ]);
    await close();
  }
});

Deno.test("Reader sees all that was accepted before, and the version tells", async () => {
  const { reader, journal, flusher, close } = await openTestReader([]);
  const count = async () => {
    const rows = await reader.query("example.com", DAY, (e) => sql`select count(*) as n from ${e}`);
    return rows[0]?.["n"];
  };
  assert.strictEqual(await count(), 0);
  const versions = new Set([reader.version("example.com")]);
  for (let number = 1; number <= 5; number++) {
    await journal.append([pageview({ at: `2024-01-15 10:00:0${number}` })]);
    assert.strictEqual(await count(), number);
    versions.add(reader.version("example.com"));
    await flusher.flush();
    assert.strictEqual(await count(), number);
  }
  assert.strictEqual(versions.size, 6);
  assert.deepStrictEqual(reader.sites(), ["example.com"]);
  await close();
});

Deno.test("Reader answers exact totals while flushes run", async () => {
  const { reader, journal, flusher, close } = await openTestReader([]);
  let accepted = 0;
  const write = async () => {
    for (let number = 0; number < 40; number++) {
      const batch = Array.from({ length: 25 }, (_, index) =>
        pageview({
          at: DAY.fromUs + (number * 25 + index) * 1000,
          site_id: index % 5 ? "example.com" : "b",
        }));
      await journal.append(batch);
      accepted += 20;
      if (number % 2) flusher.flush();
    }
  };
  const read = async () => {
    for (let number = 0; number < 60; number++) {
      const before = accepted;
      const rows = await reader.query(
        "example.com",
        DAY,
        (e) => sql`select count(*) as n from ${e}`,
      );
      const n = Number(rows[0]?.["n"]);
      assert.ok(n >= before && n <= accepted + 20, `${before} ≤ ${n} ≤ ${accepted}`);
    }
  };
  await Promise.all([write(), read(), read()]);
  await flusher.flush();
  const rows = await reader.query("example.com", DAY, (e) => sql`select count(*) as n from ${e}`);
  assert.strictEqual(rows[0]?.["n"], 800);
  await close();
});

Deno.test("Reader counts the events of each site, those of files and those of none", async () => {
  const ids = ["a.example", "b.example", "c.example", "none.example"];
  const events = Array.from({ length: 90 }, (_, number) =>
    pageview({
      at: DAY.fromUs + number * 600_000_000,
      site_id: ids[number % 7 === 0 ? 0 : number % 3 === 0 ? 1 : 2] ?? "",
    }));
  const countsOf = (all: typeof events) =>
    ids.map((id) => all.filter(({ site_id }) => site_id === id).length);
  for (const coldShare of [0, 0.4, 1]) {
    const { reader, flusher, storage, close } = await openTestReader(events, { coldShare });
    const stored = () => ids.map((id) => reader.storedEvents(id));
    const counted = () => {
      const waiting = reader.waitingEvents();
      return stored().map((rows, at) => rows + (waiting.get(ids[at] ?? "") ?? 0));
    };
    assert.deepStrictEqual(counted(), countsOf(events));
    await storage.hot.sync();
    assert.deepStrictEqual(counted(), countsOf(events));
    await flusher.flush();
    assert.deepStrictEqual(stored(), countsOf(events));
    assert.deepStrictEqual(counted(), countsOf(events));
    const late = pageview({ at: "2024-01-15 23:00:00", site_id: "none.example" });
    await storage.append([late]);
    assert.deepStrictEqual(counted(), countsOf([...events, late]));
    await storage.eraser.erase("none.example", "2024-01-15", "2024-01-15");
    assert.deepStrictEqual(counted(), countsOf(events));
    await close();
  }
});
