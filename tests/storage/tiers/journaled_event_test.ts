import assert from "node:assert";
import { DatabaseSync } from "node:sqlite";
import { type Event, EVENT_COLUMN_NAMES, EVENT_COLUMNS } from "../../../src/core/event.ts";
import { journalJson, readJournaledEvent } from "../../../src/storage/tiers/journaled_event.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { accept, numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";

const event = (n: number) => pageview({ at: "2024-01-15 10:00:00", props: JSON.stringify({ n }) });

/** Each makes one row of the journal unusable. */
const EDITS = [
  "event = '{'",
  "event = '7'",
  "event = json_remove(event, '$.timestamp')",
  "event = json_set(event, '$.timestamp', 'x')",
  "event = json_set(event, '$.timestamp', 0.5)",
  "event = json_set(event, '$.visitor_id', null)",
  "event = json_set(event, '$.pathname', 7)",
  "event = json_set(event, '$.revenue_amount', '1')",
  "event = json_set(event, '$.revenue_amount', 10000000000000)",
  "site_id = 'other.example'",
  "date = '2024-01-16'",
];

const VALUES: Readonly<Record<string, (name: string) => unknown>> = {
  VARCHAR: (name) => `,"${name}":null \\ü\ud800`,
  BOOLEAN: () => false,
};

Deno.test("journalJson() keeps every given column, and is read back as the same event", () => {
  const bare = event(1);
  const full: Event = {
    ...bare,
    ...Object.fromEntries(EVENT_COLUMN_NAMES.map((name, index) => [
      name,
      VALUES[EVENT_COLUMNS[name].type]?.(name) ?? index,
    ])),
  };
  for (const one of [{ ...full, timestamp: bare.timestamp }, bare]) {
    const json = journalJson(one);
    assert.ok(!json.includes('":null,'), "what is null is left out");
    const row = { site_id: one.site_id, date: "2024-01-15", event: json };
    const read = readJournaledEvent(row);
    const given = Object.fromEntries(Object.entries(one).filter(([, value]) => value !== null));
    assert.deepStrictEqual({ ...read }, given);
  }
});

Deno.test("readJournaledEvent() refuses rows edited by hand; the others are served", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const last = EDITS.length + 2;
    await accept(storage, Array.from({ length: last }, (_, index) => event(index + 1)));
    await storage.close();
    const db = new DatabaseSync(`${folder}/mallard.sqlite`);
    for (const [index, edit] of EDITS.entries()) {
      db.exec(`update journal set ${edit} where seq = ${index + 2}`);
    }
    db.close();
    const system = fakeSystem();
    const again = await openFolder(folder, system);
    assert.deepStrictEqual(await numbersOf(again), [1, last]);
    const reports = system.lines.filter((line) => line.level === "error");
    assert.deepStrictEqual(
      reports.map(({ message, fields }) => ({ message, fields })),
      EDITS.map((_, index) => ({
        message: "Skipped an unreadable row of the journal",
        fields: { seq: index + 2 },
      })),
    );
    // They stay in the journal, whatever is flushed.
    assert.strictEqual(again.hot.unreadableCount, EDITS.length);
    await again.flusher.flush();
    assert.strictEqual(await again.store.run("journalRows", undefined), EDITS.length);
    await again.close();
  });
});

/** DuckDB reads the first of two names, and refuses half a character in capitals. */
const SPELLINGS = [
  `replace(event, '{"site_id"', '{"site_id":null,"site_id"')`,
  `replace(event, '"pathname":"', '"pathname":"/\\uD83D')`,
  `replace(event, '"timestamp":', '"timestamp":"x","timestamp":')`,
];

Deno.test("readJournaledRow() spells an event as DuckDB reads it", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, SPELLINGS.map((_, index) => event(index)));
    await storage.close();
    const db = new DatabaseSync(`${folder}/mallard.sqlite`);
    for (const [index, edit] of SPELLINGS.entries()) {
      db.exec(`update journal set event = ${edit} where seq = ${index + 1}`);
    }
    db.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(again), [0, 1, 2]);
    await again.close();
  });
});
