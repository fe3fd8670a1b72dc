import assert from "node:assert/strict";
import * as duckdb from "@duckdb/node-api";
import { join, type Sql, sql } from "../../../../src/core/sql.ts";
import { chooseEngine, extensionOptions } from "../../../../src/query/engine/choose.ts";
import { extensionEngine } from "../../../../src/query/engine/extension/extension.ts";
import { checkCases } from "../../../../src/query/engine/extension/self_check.ts";
import type { BehavioralEngine } from "../../../../src/query/engine/engine.ts";
import { nativeEngine } from "../../../../src/query/engine/native/native.ts";
import { VISIT_GAP_US } from "../../../../src/query/sql/visits.ts";
import { compileSteps } from "../../../../src/query/steps.ts";
import { Db, type Row } from "../../../../src/storage/duckdb.ts";
import { createHotTable, insertHotEvents, jsonOf } from "../../../../src/storage/parquet/schema.ts";
import { randomEvents } from "../../../support/numbers/behavioral_brute.ts";
import { EVENTS, TEST_SEEDS, withEvents } from "../../../support/numbers/behavioral_db.ts";
import { fakeSystem } from "../../../support/fake_system.ts";
import { valueOf } from "../../../support/parsed.ts";

/** A file of the extension, built for this DuckDB; without one its tests are skipped. */
const FILE = Deno.env.get("MALLARD_TEST_EXTENSION") ?? null;
const HOUR = 3_600_000_000;
const FROM = Date.UTC(2024, 2, 4) * 1000;

Deno.test("checkCases() tell something in every case", async () => {
  await withEvents([], async (ask) => {
    for (const { name, statement } of checkCases()) {
      assert.ok((await ask(statement(nativeEngine))).length >= 3, name);
    }
  });
});

/** Engines that are wrong in one thing each. */
const WRONG: Record<string, Partial<BehavioralEngine>> = {
  "shorter gap": {
    visits: (events, gapUs, columns) => nativeEngine.visits(events, gapUs - 1, columns),
  },
  "longer gap": {
    visitEvents: (events, gapUs, columns) => nativeEngine.visitEvents(events, gapUs + 1, columns),
  },
  "shorter window": {
    funnel: (events, spec) => nativeEngine.funnel(events, { ...spec, windowUs: spec.windowUs - 1 }),
  },
  "longer window": {
    funnel: (events, spec) => nativeEngine.funnel(events, { ...spec, windowUs: spec.windowUs + 1 }),
  },
  "steps in any order": {
    funnel: (events, spec) => nativeEngine.funnel(events, { ...spec, order: "any_order" }),
  },
  "nothing between": {
    funnel: (events, spec) => nativeEngine.funnel(events, { ...spec, order: "consecutive" }),
  },
  "sequence in any order": {
    sequence: (events, steps) => {
      const met = steps.map((step) => sql`bool_or(${step})`);
      return sql`(select visitor_id, ${join(met, " and ")} as converted from ${events}
        group by visitor_id)`;
    },
  },
  "sequence backwards": {
    sequence: (events, steps) => nativeEngine.sequence(events, steps.toReversed(), false),
  },
  "earlier events counted": {
    retention: (events, spec) =>
      nativeEngine.retention(events, { ...spec, fromUs: spec.fromUs - 1000 * HOUR }),
  },
  "weeks from Sunday": {
    retention: (events, spec) => nativeEngine.retention(events, { ...spec, weekStart: 7 }),
  },
  "another page": {
    next: (events, _page, limit, offset) => nativeEngine.next(events, "/b", limit, offset),
  },
};

Deno.test("checkCases() find engines that are wrong in one thing", async () => {
  await withEvents([], async (ask) => {
    for (const [name, wrong] of Object.entries(WRONG)) {
      const engine = { ...nativeEngine, ...wrong };
      const found = [];
      for (const { name, statement } of checkCases()) {
        const [own, other] = [await ask(statement(nativeEngine)), await ask(statement(engine))];
        if (JSON.stringify(own) !== JSON.stringify(other)) found.push(name);
      }
      assert.equal(found.length, 1, `${name}: ${found}`);
    }
  });
});

/** Statements on whose rows both engines must agree, over events without ties. */
function conformance(engine: BehavioralEngine): Record<string, Sql> {
  const conditions = (text: string) =>
    valueOf(compileSteps(text, () => undefined)).map((step) => step.condition);
  const steps = conditions("page:/a,page:/b,event:signup");
  const funnel = (steps: readonly Sql[], windowUs: number) =>
    engine.funnel(EVENTS, {
      steps,
      windowUs,
      order: "in_order",
      overlap: false,
      considered: sql`true`,
    });
  const five = conditions("page:/,page:/c,event:purchase,page:/b,event:click");
  const weekly = {
    interval: "week",
    weekStart: 1,
    transitions: [{ fromUs: FROM, offsetUs: 0 }],
    fromUs: FROM + 10 * HOUR,
    count: 8,
    first: null,
    again: null,
  } as const;
  return {
    visits: sql`select * from ${
      engine.visits(EVENTS, VISIT_GAP_US, { pages: true, first: ["country_code"] })
    }`,
    events: sql`select * from ${engine.visitEvents(EVENTS, VISIT_GAP_US, ["pathname"])}`,
    funnel: sql`select * from ${funnel(steps, HOUR)}`,
    "funnel of 2": sql`select * from ${funnel(steps.slice(0, 2), 1)}`,
    "funnel of 5": sql`select * from ${funnel(five, 400 * HOUR)}`,
    sequence: sql`select * from ${engine.sequence(EVENTS, steps, false)}`,
    "sequence of 5": sql`select * from ${engine.sequence(EVENTS, five, false)}`,
    retention: sql`select cohort, size, after, visitors from ${engine.retention(EVENTS, weekly)}`,
    "31 intervals": sql`select cohort, size, after, visitors from ${
      engine.retention(EVENTS, { ...weekly, interval: "day", count: 31 })
    }`,
    next: sql`select * from ${engine.next(EVENTS, "/a", 10, 0)}`,
  };
}

const lines = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).sort();

for (const seed of TEST_SEEDS) {
  Deno.test({
    name: `extensionEngine answers as nativeEngine, seed ${seed}`,
    ignore: FILE === null,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      const db = await Db.open(duckdb, fakeSystem().clock, {
        folder,
        spillFolder: `${folder}/spill`,
        memoryLimit: null,
        threads: null,
        readers: 1,
        extension: extensionOptions(FILE),
      });
      try {
        const ask = (query: Sql) => db.query(query);
        const { engine, verdict } = await chooseEngine(
          "extension",
          db.extensionFault,
          ask,
          () => {},
        );
        assert.equal(engine.name, "extension", verdict);
        await db.execute(createHotTable("events"));
        await db.executeEach(insertHotEvents("events"), [
          jsonOf(randomEvents({
            seed: seed + 900,
            visitors: 5000,
            eventsMax: 16,
            fromUs: FROM,
            spanUs: 24 * HOUR,
            gapsUs: [1, VISIT_GAP_US, VISIT_GAP_US + 1, HOUR, HOUR + 1, 30 * HOUR, 170 * HOUR],
            ties: 0,
          })),
        ]);
        const wanted = conformance(nativeEngine);
        for (const [name, spec] of Object.entries(conformance(extensionEngine))) {
          const expected = await ask(wanted[name] ?? sql`select 1`);
          assert.ok(expected.length > 5, name);
          assert.deepEqual(lines(await ask(spec)), lines(expected), name);
        }
      } finally {
        await db.close();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
