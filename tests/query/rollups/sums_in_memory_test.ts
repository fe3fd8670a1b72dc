// Sums of closed days that are in memory answer as their files do, and only as long as these are
// the site's.
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { dayOfDate } from "../../../dashboard/grammar/days.js";
import { rangeOfDays } from "../../../src/core/period.ts";
import { ident, sql } from "../../../src/core/sql.ts";
import type { DimensionRef } from "../../../src/query/dimensions.ts";
import { type Query, queryOf } from "../../../src/query/query.ts";
import { SumsInMemory, type SumsLimits } from "../../../src/query/rollups/sums_in_memory.ts";
import type { Asker } from "../../../src/query/run.ts";
import { until } from "../../support/wait.ts";
import { pageview } from "../../support/events.ts";
import {
  FIRST,
  NOW,
  type Open,
  runnerOf,
  SITE,
  statementsOf,
  withSite,
} from "../../support/numbers/rolled_answers.ts";

const UTC = { zone: "UTC", idDays: 1 } as const;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Visitors and pageviews of days of March, by a dimension or as a whole. */
function questionOf(first: number, last: number, ref?: DimensionRef): Query {
  const day = dayOfDate(FIRST) - 1;
  return queryOf({
    site: SITE,
    nowUs: NOW * 1000,
    range: { ...rangeOfDays("UTC", day + first, day + last + 1), dates: null },
    zone: "UTC",
    weekStart: 1,
    gapUs: 1_800_000_000,
    filter: null,
    goals: [],
  }, { metrics: ["visitors", "pageviews"], dimensions: ref ? [ref] : [] });
}

/** Asks with sums in memory; each answer is compared with that of events alone. */
function askerOf(open: Open, limits: SumsLimits = {}) {
  const { system, storage } = open;
  const closed = new SumsInMemory(storage, system.clock, system.log, limits);
  const runner = runnerOf(storage, system, UTC, true, undefined, closed);
  const plain = runnerOf(storage, system, UTC, false);
  /** Whether the answer was read from memory. */
  const isRead = async (query: Query, asker: Asker = {}): Promise<boolean> => {
    let found;
    const texts = await statementsOf(storage, async () => {
      found = await runner.context(SITE, asker).query(query);
    });
    deepEqual(found, await plain.context(SITE).query(query));
    return texts.some((text) => text.includes("total_rows") && text.includes('"day_sums"'));
  };
  const tables = async () =>
    (await storage.db.query(sql`select table_name as name, estimated_size as rows
      from duckdb_tables() where database_name = 'day_sums' order by table_oid`))
      .map(({ name, rows }) => `${name} ${rows}`);
  return { closed, isRead, tables };
}

Deno.test("what is asked for again is read from memory, and a table holds a split", async () => {
  await withSite(UTC, 5, async (open) => {
    const { closed, isRead, tables } = askerOf(open);
    const week = questionOf(4, 10, "page");
    equal(await isRead(week), false);
    await closed.make();
    equal(await isRead(week), false, "once is not again");
    await closed.make();
    equal(await isRead(week), true);
    equal(await isRead(questionOf(4, 10, "source")), false, "another split");
    equal(await isRead(questionOf(1, 19, "page")), true, "the same file");
    equal((await tables()).length, 1);
  });
});

Deno.test("strangers read what the owner has asked for, and have nothing made", async () => {
  await withSite(UTC, 5, async (open) => {
    const { closed, isRead } = askerOf(open, { askedMin: 1 });
    const stranger = { caller: { kind: "stranger", key: "192.0.2.1" } } as const;
    equal(await isRead(questionOf(4, 10, "page"), stranger), false);
    await closed.make();
    equal(await isRead(questionOf(4, 10, "page"), stranger), false);
    await isRead(questionOf(4, 10, "page"));
    await closed.make();
    equal(await isRead(questionOf(4, 10, "page"), stranger), true);
  });
});

Deno.test("it is made at a calm moment, or beside questions that do not end", async () => {
  await withSite(UTC, 5, async (open) => {
    const { isRead, tables } = askerOf(open);
    for (let turn = 0; turn < 2; turn++) {
      equal(await isRead(questionOf(4, 10, "page")), false);
      open.system.clock.advance(100);
    }
    deepEqual(await tables(), []);
    open.system.clock.advance(300);
    await until(() => isRead(questionOf(4, 10, "page")), "pages in memory");
    // The clock stands still: it is asked for until it is there.
    await until(() => isRead(questionOf(4, 10, "country")), "countries in memory");
  });
});

Deno.test("a day that is made again is not answered from the sums before", async () => {
  await withSite(UTC, 5, async (open) => {
    const { closed, isRead, tables } = askerOf(open, { askedMin: 1 });
    const [whole, until8] = [questionOf(1, 19, "page"), questionOf(2, 8, "page")];
    await isRead(whole);
    await closed.make();
    equal(await isRead(whole), true);
    await open.storage.append([
      pageview({ at: "2024-03-09T12:00:00Z", visitor: "late", page: "/late" }),
    ]);
    await open.storage.flusher.flush();
    equal(await isRead(until8), true, "days before are what they were");
    await isRead(whole);
    ok(await open.build() > 0);
    equal(await isRead(until8), false, "all of the month is in another file");
    equal((await tables()).length, 1);
    await closed.sweep();
    deepEqual(await tables(), [], "nothing of the file before stays");
    await closed.make();
    equal(await isRead(whole), true);
    equal(await isRead(until8), true);
  });
});

Deno.test("tables that are gone are made again", async () => {
  await withSite(UTC, 5, async (open) => {
    const { closed, isRead, tables } = askerOf(open, { askedMin: 1 });
    const question = questionOf(1, 19, "country");
    const inMemory = async () => {
      await isRead(question);
      await closed.make();
      equal(await isRead(question), true);
    };
    await inMemory();
    const [name = ""] = await tables();
    const [table = ""] = name.split(" ");
    await open.storage.db.query(sql`drop table day_sums.${ident(table)}`);
    equal(await isRead(question), true, "it was tried, and then read from files");
    equal(await isRead(question), false);
    await inMemory();
  });
});

Deno.test("few rows are kept: those asked for last, of days that fit", async () => {
  await withSite(UTC, 5, async (open) => {
    const { closed, isRead, tables } = askerOf(open, { askedMin: 1, rowsMax: 4_000 });
    const asked = (ref: DimensionRef) => isRead(questionOf(1, 19, ref));
    for (const ref of ["country", "source"] as const) {
      await asked(ref);
      await closed.make();
      equal(await asked(ref), true, ref);
    }
    const first = await tables();
    equal(first.length, 2);
    for (let turn = 0; turn < 3; turn++) {
      open.system.clock.advance(20 * MINUTE_MS);
      for (const ref of ["country", "source", "browser"] as const) await asked(ref);
      await closed.make();
      deepEqual(await tables(), first, "those that are asked for stay");
    }
    open.system.clock.advance(20 * MINUTE_MS);
    equal(await asked("source"), true);
    equal(await asked("browser"), false);
    await closed.make();
    equal(await asked("browser"), true, "nobody has asked for countries lately");
    equal((await tables()).length, 2);
    equal(await asked("source"), true);
    equal(await asked("country"), false);

    const small = askerOf(open, { askedMin: 1, tableRowsMax: 10 });
    await small.isRead(questionOf(1, 19, "page"));
    await small.closed.make();
    equal(await small.isRead(questionOf(1, 19, "page")), false, "too many rows");

    // Countries are due at a calm moment, which comes when nobody wants them any more.
    open.system.clock.advance(HOUR_MS);
    await closed.sweep();
    await closed.make();
    deepEqual(await tables(), [], "nobody has asked for an hour");
  });
});

Deno.test("a table that is being made is not swept away", async () => {
  await withSite(UTC, 5, async (open) => {
    const { db } = open.storage;
    const { closed, isRead, tables } = askerOf(open, { askedMin: 1 });
    await isRead(questionOf(1, 19, "page"));
    const own = db.query;
    let swept = 0;
    db.query = async (statement, limits) => {
      if (statement.text.startsWith("checkpoint") && swept++ === 0) await closed.sweep();
      return await own.call(db, statement, limits);
    };
    await closed.make().finally(() => db.query = own);
    equal(swept, 1);
    equal((await tables()).length, 1);
    equal(await isRead(questionOf(1, 19, "page")), true);
  });
});
