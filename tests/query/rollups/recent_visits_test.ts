// Visits of the running day answer as events do, whatever happens to them.
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { dayOfDate } from "../../../dashboard/grammar/days.js";
import { sql } from "../../../src/core/sql.ts";
import { periodOf } from "../../../src/sites/id_period.ts";
import { localDate } from "../../../src/core/zone.ts";
import { RecentVisits } from "../../../src/query/rollups/recent_visits.ts";
import { Runner } from "../../../src/query/run.ts";
import { Draw } from "../../support/numbers/random_questions.ts";
import {
  compareRecent,
  countsOf,
  engagementOf,
  eventOf,
  HOUR,
  MINUTE,
  NEVER,
  NOW,
  runnerOf,
  SITE,
  type Site,
  statementsOf,
  withSite,
} from "../../support/numbers/rolled_answers.ts";
import { until } from "../../support/wait.ts";

/** Of one month, so that rollups are made in one go, where they are not what is tried. */
const RECENT = { from: "2024-03-08" };

async function todayFollows(seed: number, isEngaged: boolean): Promise<void> {
  await withSite({ zone: "Europe/Berlin", idDays: 1 }, seed, async (open) => {
    const { system } = open;
    const draw = new Draw(12);
    const make = () => new RecentVisits(open.storage, system.clock, system.log);
    let recent = make();
    let seed = 600;
    const same = async () => {
      const used = await compareRecent(open, recent, ++seed, 1);
      ok(used > 0, `seed ${seed}: ${JSON.stringify(system.lines.at(-1))}`);
    };
    const nowUs = () => Math.floor(system.clock.nowMs() * 1000);
    const period = () => periodOf(system.clock.nowMs(), 1);
    const send = (agoUs: number, visitor: number) => {
      const [at, id] = [nowUs() - agoUs, `${visitor} ${period()}`];
      const event = eventOf(draw, at, id, visitor, draw.one(["Bing", null]));
      // The second is of a visitor of whom nothing else is heard.
      const engagements = [id, `${visitor + 4} ${period()}`].map((of, index) => ({
        ...engagementOf(draw, at, of),
        timestamp: at + 1 + index,
      }));
      return open.storage.append(isEngaged ? [event, ...engagements] : [event]);
    };
    await same();
    system.clock.advance(20_000);
    for (const visitor of [1, 2, 3, 1, 99]) await send(visitor, visitor);
    await same();
    await open.storage.flusher.flush();
    await same();
    system.clock.advance(60_000);
    await send(2 * HOUR, 3);
    await same();
    system.clock.advance(60_000);
    await open.storage.eraser.erase(SITE, "2024-03-20", "2024-03-20");
    await compareRecent(open, recent, ++seed, 0);
    system.clock.advance(60_000);
    for (const visitor of [4, 5, 6]) await send(10 * MINUTE + visitor, visitor);
    await same();
    await open.reopen();
    recent = make();
    await same();
    system.clock.advance(12 * HOUR / 1000);
    await send(10 * MINUTE, 4);
    await same();
    await open.storage.flusher.flush();
    await open.build();
    await same();
    const { db } = open.storage;
    const tables = await db.query(sql`select table_name as name from duckdb_tables()
      where starts_with(table_name, 'rollup_rows_recent')`);
    equal(tables.length, 1, "older tables were dropped");
    await db.drop(tables.map(({ name }) => String(name)));
    await same();
  }, { isEngaged, ...RECENT });
}

for (const isEngaged of [false, true]) {
  const what = isEngaged ? "visits of today with engagements" : "visits of today";
  Deno.test(`${what} answer as events do, whatever happens to them`, async () => {
    await todayFollows(isEngaged ? 12 : 11, isEngaged);
  });
}

Deno.test("visits of today follow changed rules, merges, expiry and files set aside", async () => {
  await withSite({ zone: "America/New_York", idDays: 1 }, 21, async (open) => {
    const { system, storage } = open;
    const recent = new RecentVisits(storage, system.clock, system.log);
    let seed = 700;
    const same = async (site: Site = open.site) => {
      system.clock.advance(60_000);
      const used = await compareRecent({ storage, system, site }, recent, ++seed, 1);
      ok(used > 0, `seed ${seed}: ${JSON.stringify(system.lines.at(-1))}`);
    };
    await same();
    await same({ ...open.site, zone: "Asia/Kathmandu" });
    await same({ ...open.site, gapUs: 5 * MINUTE });
    await same();
    await storage.compactor.run(NEVER);
    await same();
    await storage.expiry.expire(SITE, 3, NOW);
    await same();
    const today = storage.reader.filesOf(SITE).at(-1)?.path ?? "";
    await Deno.truncate(`${open.folder}/events/${today}`, 100);
    const { zone } = open.site;
    const day = dayOfDate(localDate(zone, NOW * 1000));
    const events = () => countsOf(runnerOf(storage, system, open.site, false), open.site, day);
    const before = await events();
    ok(storage.quarantined().includes(today), "the file was set aside");
    deepEqual(
      await countsOf(runnerOf(storage, system, open.site, true, recent), open.site, day),
      before,
    );
    await compareRecent(open, recent, ++seed, 0);
  }, RECENT);
});

Deno.test("visits of today are right while events come", async () => {
  await withSite({ zone: "America/New_York", idDays: 1 }, 22, async ({ storage, system, site }) => {
    const draw = new Draw(23);
    const recent = new RecentVisits(storage, system.clock, system.log);
    const known = runnerOf(storage, system, site, true, recent);
    const plain = runnerOf(storage, system, site, false);
    const today = dayOfDate(localDate(site.zone, NOW * 1000));
    const ask = (runner: Runner) => countsOf(runner, site, today);
    let isOver = false;
    const arriving = (async () => {
      for (let sent = 0; !isOver && sent < 3000; sent++) {
        system.clock.advance(50);
        const visitor = draw.below(40);
        const at = Math.floor(system.clock.nowMs() * 1000);
        await storage.append([eventOf(draw, at, `${visitor} new`, visitor, null)]);
      }
    })();
    let used = 0;
    for (let turn = 0; turn < 20; turn++) {
      const before = await ask(plain);
      let found: readonly number[] = [];
      const texts = await statementsOf(storage, async () => {
        found = await ask(known);
      });
      if (texts.some((text) => text.includes(`from "rollup_rows_recent`))) used++;
      const after = await ask(plain);
      const isBetween = found.every((value, at) =>
        (before[at] ?? NaN) <= value && value <= (after[at] ?? NaN)
      );
      ok(isBetween, JSON.stringify({ before, found, after }));
    }
    isOver = true;
    await arriving;
    ok(used > 0, "no question read the visits of today");
    deepEqual(await ask(known), await ask(plain));
  }, RECENT);
});

Deno.test("visits of today are made again when nobody asks, not beside a question", async () => {
  await withSite({ zone: "UTC", idDays: 1 }, 24, async ({ storage, system, site }) => {
    const recent = new RecentVisits(storage, system.clock, system.log);
    const runner = runnerOf(storage, system, site, true, recent);
    const today = dayOfDate(localDate(site.zone, NOW * 1000));
    const asked = async () => {
      const texts = await statementsOf(storage, () => countsOf(runner, site, today));
      return texts.join("\n");
    };
    const isMadeAgain = async () => !(await asked()).includes("later_visitors");
    system.clock.advance(20_000);
    await asked();
    ok(await isMadeAgain());
    system.clock.advance(20_000);
    const at = Math.floor(system.clock.nowMs() * 1000);
    await storage.append([eventOf(new Draw(25), at, `7 ${periodOf(at / 1000, 1)}`, 7, null)]);
    // Time goes on, but never so long without a question.
    for (let turn = 0; turn < 10; turn++) {
      system.clock.advance(300);
      ok(!(await isMadeAgain()), `at turn ${turn}`);
    }
    await until(() => {
      system.clock.advance(500);
      return isMadeAgain();
    }, "the table to be made again");
  }, RECENT);
});
