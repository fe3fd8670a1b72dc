import assert from "node:assert/strict";
import { plainRows } from "../../../../scripts/lake/plain.ts";
import { raw, sql } from "../../../../src/core/sql.ts";
import { realSystem } from "../../../../src/runtime/system.ts";
import { type MaskedInLake, maskInLake } from "../../../../src/storage/lake/files/masking.ts";
import type { Lake } from "../../../../src/storage/lake/lake.ts";
import { Duty } from "../../../../src/storage/lake/nodes/duty.ts";
import { Turns } from "../../../../src/storage/lake/nodes/turns.ts";
import { IMPORTS, MEASURES } from "../../../../src/storage/lake/tables.ts";
import { verifyEvents } from "../../../../src/storage/lake/verifying.ts";
import { Postgres } from "../../../../src/storage/shared/postgres.ts";
import { runCommand } from "../../../support/command.ts";
import { pageview } from "../../../support/events.ts";
import { fill } from "../../../support/lake/data.ts";
import {
  lakeDuckDb,
  lakeTest,
  openLake,
  optionsOf,
  partsOfFile,
} from "../../../support/lake/lake.ts";

const partsNow = partsOfFile();
const system = realSystem({ format: "text", levelMin: "error" });
const SITE = "example.com";
const AT = Date.UTC(2024, 0, 15, 12) * 1000;
const DAY_US = 86_400_000_000;
const ALL = { flushes: 1, isAllFlushed: true };
const loadDuckDb = () => Promise.resolve(lakeDuckDb);

const page = (at: number, path: string) => pageview({ at, site_id: SITE, page: path });

/** Masks e-mail addresses of all sites. */
async function mask(env: Readonly<Record<string, string>>, lake: Lake): Promise<MaskedInLake> {
  const postgres = new Postgres(optionsOf(env), "mallard test", system.clock);
  try {
    const masks = { masksOf: () => ({ emails: true, tokens: false }), onSite: () => {} };
    const duties = { duty: new Duty(postgres), turns: new Turns(postgres), clock: system.clock };
    return await maskInLake(lake, duties, masks);
  } finally {
    postgres.close();
  }
}

lakeTest(
  "lake import brings nothing of a masked day twice, and no text back; masked here, it brings it",
  partsNow,
  async (env, folder) => {
    const data = `${folder}/data`;
    const lake = async (action: string) => {
      const options = { json: true };
      const { text, ok } = await runCommand(data, "lake", [action], {
        env,
        system,
        options,
        loadDuckDb,
      });
      const { events, partitionsThere, gone, faults } = JSON.parse(text);
      return { ok, events, partitionsThere, gone, faults };
    };
    const paths = async () =>
      (await plainRows(
        partsNow(),
        env,
        "select pathname from lake.events order by timestamp, pathname",
      )).flat();
    await fill(data, [
      page(AT, "/u/jo@example.org"),
      page(AT + 1, "/plain"),
      page(AT + DAY_US, "/other"),
    ], ALL);
    assert.equal((await lake("import")).events, 3);

    const opened = await openLake(folder, optionsOf(env), { mayMake: false });
    try {
      assert.deepEqual(await mask(env, opened), { texts: 1, days: 1 });
    } finally {
      await opened.close();
    }
    const masked = ["/u/(mail)", "/plain", "/other"];
    assert.deepEqual(await paths(), masked);
    const verified = await lake("verify");
    assert.deepEqual([verified.ok, verified.faults], [true, []], "as it was imported and masked");

    const same = { ok: true, events: 0, partitionsThere: 2, gone: 0, faults: [] };
    assert.deepEqual(await lake("import"), same, "nothing is new");

    await fill(data, [page(AT + 2, "/late/jo@example.org"), page(AT + DAY_US + 1, "/new")], ALL);
    const refused = await lake("import");
    assert.deepEqual([refused.ok, refused.events, refused.gone], [false, 1, 0]);
    assert.match(
      String(refused.faults),
      /^example\.com 2024-01-15: its events were masked in the lake .* privacy-audit mask /,
    );
    assert.deepEqual(await paths(), [...masked, "/new"]);

    await runCommand(data, "privacy-audit", ["mask"], { system, loadDuckDb });
    assert.deepEqual(await lake("import"), { ...same, events: 1, partitionsThere: 1 });
    assert.deepEqual(await paths(), ["/u/(mail)", "/plain", "/late/(mail)", "/other", "/new"]);
    assert.deepEqual(await lake("import"), same);
    assert.equal((await lake("verify")).ok, true);
  },
);

lakeTest(
  "a masked day is as its imports have brought it, also when one of them is undone",
  partsNow,
  async (env, folder) => {
    const data = `${folder}/data`;
    await fill(data, [page(AT, "/u/jo@example.org"), page(AT + 1, "/plain")], ALL);
    await runCommand(data, "lake", ["import"], { env, system, loadDuckDb });
    const lake = await openLake(folder, optionsOf(env));
    try {
      // As an import of another program's data: the same events, and the note of them.
      const { db } = lake;
      await db.execute(
        raw("insert into lake.events by name select * replace ('x' as import_id) from lake.events"),
      );
      await db.execute(
        sql`insert into ${IMPORTS} select 'import:x', site_id, date, ${MEASURES}, now()::timestamp
          from lake.events where import_id = 'x' group by site_id, date`,
      );
      const faults = async () => (await verifyEvents(lake)).faults;
      assert.deepEqual(await faults(), []);
      assert.deepEqual(await mask(env, lake), { texts: 1, days: 1 });
      assert.deepEqual(await faults(), []);
      await db.execute(raw("delete from lake.events where import_id = 'x'"));
      await db.execute(raw("delete from lake.imports where source = 'import:x'"));
      assert.deepEqual(await faults(), []);
    } finally {
      await lake.close();
    }
  },
);
