import assert from "node:assert";
import { sql } from "../../../src/core/sql.ts";
import type { Event } from "../../../src/core/event.ts";
import { createHotTable, insertHotEvents, jsonOf } from "../../../src/storage/parquet/schema.ts";
import { pageview } from "../../support/events.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";
import { accept, openFolder, withFolder } from "../../support/storage/storage.ts";

const AT = "2024-01-15 10:00:00";

/** Texts that some way of bringing them in might change. */
const TEXTS = [
  "",
  "null",
  "true",
  "12.50",
  ' {"a":1} ',
  '"quoted"\\',
  "\\ud800 is no character",
  "nothing\u0000after\u0000",
  "\u0001\u001f\u007f\u2028\uffff",
  "\u{1f986} Ente übers Meer",
  "x".repeat(70_000),
];

async function stored(events: readonly Event[]): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, events);
    rows.push(
      ...await storage.reader.query(
        "example.com",
        { fromUs: 0, toUs: 8_000_000_000_000_000 },
        (all) =>
          sql`select epoch_us(timestamp) as us, pathname, props, referrer,
            revenue_amount::varchar as money
          from ${all} order by timestamp`,
      ),
    );
    await storage.close();
  });
  return rows;
}

Deno.test("insertHotEvents() brings every text, time and amount in as it is", async () => {
  const first = pageview({ at: AT }).timestamp;
  const events = TEXTS.map((text, index) => ({
    ...pageview({ at: AT, page: text }),
    timestamp: first + index,
    props: text,
    referrer: index % 2 === 0 ? null : text,
    revenue_amount: [null, 0, 1, -5, 1999, 999_999_999_999][index % 6] ?? null,
  }));
  const money = (cents: number | null) => cents === null ? null : (cents / 100).toFixed(2);
  assert.deepStrictEqual(
    await stored(events),
    events.map((event) => ({
      us: event.timestamp,
      pathname: event.pathname,
      props: event.props,
      referrer: event.referrer,
      money: money(event.revenue_amount),
    })),
  );
});

Deno.test("insertHotEvents() takes more events than it reads at once, none twice", async () => {
  const first = pageview({ at: AT }).timestamp;
  const events = Array.from({ length: 5000 }, (_, index) => ({
    ...pageview({ at: AT, page: `/${index}` }),
    timestamp: first + index,
  }));
  const rows = await stored(events);
  assert.deepStrictEqual(rows.map((row) => row["pathname"]), events.map((one) => one.pathname));
});

Deno.test("insertHotEvents() reads the bound text as a row, not as a constant", async () => {
  const text = jsonOf([pageview({ at: AT })]);
  const db = await openDuckDb();
  try {
    await db.run(createHotTable("hot_1").text);
    // As DuckDB plans it again with the value that is bound.
    const insert = insertHotEvents("hot_1").text.replace("$1", `'${text}'`);
    const plan = JSON.stringify(await db.rows(`explain (format json) ${insert}`));
    assert.match(plan, /UNNEST.*PROJECTION.*UNNEST.*Projections\W+text\b/);
  } finally {
    db.close();
  }
});

Deno.test("jsonOf() replaces half characters, and nothing else", () => {
  const whole = pageview({ at: AT, page: "/\u{1f986}" });
  assert.deepStrictEqual(JSON.parse(jsonOf([whole])), [whole]);
  const half = { ...whole, pathname: "/\ud83e", props: "\\ud83e stays" };
  assert.deepStrictEqual(JSON.parse(jsonOf([half])), [
    { ...half, pathname: "/\ufffd" },
  ]);
});
