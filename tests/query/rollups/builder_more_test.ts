// The same over a lake: what a server keeps of its closed days on its own disk.
import { deepStrictEqual as deepEqual, fail, ok, strictEqual as equal } from "node:assert";
import { sqlOf } from "../../../scripts/lake/parts.ts";
import { DAY_US } from "../../../src/core/durations.ts";
import { type Sql, sql } from "../../../src/core/sql.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import { maskInLake } from "../../../src/storage/lake/files/masking.ts";
import { Duty } from "../../../src/storage/lake/nodes/duty.ts";
import { Turns } from "../../../src/storage/lake/nodes/turns.ts";
import { periodOf } from "../../../src/sites/id_period.ts";
import { literal } from "../../../src/storage/parquet/schema.ts";
import { RecentVisits } from "../../../src/query/rollups/recent_visits.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { Nodes } from "../../support/lake/nodes.ts";
import {
  lakeTest,
  openLake,
  openOverLake,
  optionsOf,
  partsOfFile,
} from "../../support/lake/lake.ts";
import {
  builderOf,
  compare,
  compareRecent,
  compareRetention,
  compareWhy,
  eventOf,
  FIRST,
  HOUR,
  MINUTE,
  NEVER,
  NOW,
  type Open,
  randomEvents,
  rollupFilesOf,
  SITE,
  type Site,
  withSite,
} from "../../support/numbers/rolled_answers.ts";
import { Draw } from "../../support/numbers/random_questions.ts";
import { EVER, withFolder } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();

/**
 * Runs `work` on a site whose events are in a lake of its own. But for one test its files are in a
 * folder, which costs less than the S3 server of the tests.
 */
function siteTest(
  name: string,
  site: Site,
  seed: number,
  work: (open: Open, env: Record<string, string>) => Promise<void>,
  { isS3 = false } = {},
): void {
  lakeTest(name, partsNow, (env, folder) => {
    if (!isS3) env["MALLARD_LAKE_DATA_PATH"] = `${folder}/`;
    return withSite(site, seed, (open) => work(open, env), {
      isEngaged: site.zone === "UTC",
      // The others are of one month, so that rollups are made in one go.
      from: isS3 ? FIRST : "2024-03-03",
      openStorage: async (folder, system) => {
        // A lake is refused whose clock is another one.
        const nowMs = system.clock.nowMs();
        system.clock.advance(Date.now() - nowMs);
        const storage = await openOverLake(folder, env, { system });
        system.clock.advance(nowMs - system.clock.nowMs());
        return storage;
      },
    });
  });
}

for (const [zone, idDays] of [["UTC", 1], ["Asia/Kathmandu", 7]] as const) {
  const name = `answers are those of events of the lake, in ${zone}, ids of ${idDays} days`;
  siteTest(name, { zone, idDays }, 7, async ({ storage, system, site }) => {
    const used = await compare(storage, system, site, 7, 12);
    ok(used > 3, `${used} of 12 questions used rollups`);
    const recent = new RecentVisits(storage, system.clock, system.log);
    await compareRecent({ storage, system, site }, recent, 7, 1);
    await compareRetention(storage, system, site, 7);
    if (idDays === 1) await compareWhy(storage, system, site, 0);
  }, { isS3: idDays === 1 });
}

const flushed = async (storage: Storage, at: string, page = "/late") => {
  await storage.append([pageview({ at, visitor: `late ${at.slice(0, 10)}`, page })]);
  await storage.flusher.flush();
  equal(storage.flusher.failing, false);
};

siteTest(
  "rollups of a lake follow late events, merges, erasure, expiry, restarts",
  { zone: "America/New_York", idDays: 1 },
  3,
  async (open) => {
    const { system, site } = open;
    let seed = 100;
    const same = async (isUsed: boolean) => {
      const used = await compare(open.storage, system, site, ++seed, 6);
      equal(used > 0, isUsed, `${used} questions used rollups, seed ${seed}`);
    };
    equal(await open.build(), 0, "all was built");
    await same(true);
    await flushed(open.storage, "2024-03-08T12:00:00Z");
    await same(true);
    equal(await open.build(), 4, "the day of the late event, and those that look back to it");
    await flushed(open.storage, "2024-03-20T13:00:00Z");
    equal(await open.build(), 0, "today's events change no day that is over");
    for (let flush = 0; flush < 14; flush++) {
      await flushed(open.storage, `2024-03-10T12:00:${flush + 10}Z`);
    }
    ok(await open.build() > 0);
    await open.storage.compactor.run(NEVER);
    ok(open.storage.compactor.counts.merged > 0);
    equal(await open.build(), 0, "a merge changes no sum");
    await same(true);
    await open.reopen();
    await same(true);
    equal(await open.build(), 0, "rollups outlive a restart");

    const march = (await rollupFilesOf(open.folder)).at(-1) ?? "";
    await open.storage.eraser.erase(SITE, "2024-03-05", "2024-03-05");
    equal((await rollupFilesOf(open.folder)).includes(march), false, "no erased sum stays");
    await same(false);
    ok(await open.build() > 0);
    await same(true);
    await open.storage.lake?.upkeep.whileExpiring(async () => {
      const { parquet_partitions_deleted } = await open.storage.expiry.expire(SITE, 15, NOW);
      ok(parquet_partitions_deleted > 0);
    });
    await same(false);
    await open.build();
    await same(true);
  },
);

/** Changes the lake as others would, of whom the server knows nothing. */
async function changed(
  folder: string,
  env: Readonly<Record<string, string>>,
  ...statements: readonly Sql[]
): Promise<void> {
  const lake = await openLake(folder, optionsOf(env));
  try {
    await lake.commit("Cannot change the lake", async (run) => {
      for (const statement of statements) await run(statement);
    });
  } finally {
    await lake.close();
  }
}

/** Repeats what there is of a date on another page. */
const repeated = (date: string, page: string) =>
  sql`insert into lake.events select * replace (${literal(page)} as pathname)
    from lake.events where date = ${literal(date)}::date and pathname = '/a'`;
const deleted = (date: string, page: string) =>
  sql`delete from lake.events where date = ${literal(date)}::date and pathname = ${literal(page)}`;

for (const isDown of [false, true]) {
  const when = isDown ? "while the server was down" : "while it runs";
  siteTest(
    `rollups of a lake follow what others do ${when}`,
    { zone: "Europe/Berlin", idDays: 1 },
    4,
    async (open, env) => {
      const { system, site } = open;
      const after = async (...statements: readonly Sql[]) => {
        if (isDown) await open.storage.close();
        await changed(open.folder, env, ...statements);
        if (isDown) await open.reopen();
        else await open.storage.lake?.flusher.follow();
      };
      let seed = 300;
      const same = () => compare(open.storage, system, site, ++seed, 4);
      const events = () => open.storage.reader.storedEvents(SITE);
      await after(deleted("2024-03-09", "/b"));
      equal(await same(), 0, "nothing that held them is used");
      ok(await open.build() > 0);
      ok(await same() > 0);
      await after(repeated("2024-03-11", "/c"));
      ok(await same() > 0);
      const built = await open.build();
      ok(built > 0 && built < 6, `${built} days were made again`);
      const before = events();
      await after(repeated("2024-03-13", "/d"), deleted("2024-03-13", "/a"));
      equal(events(), before, "there are as many events");
      equal(await same(), 0);
      ok(await open.build() > 0);
      ok(await same() > 0);
    },
  );
}

siteTest(
  "rollups of a lake are not used when its catalog was put back",
  { zone: "UTC", idDays: 1 },
  5,
  async (open, env) => {
    const { system, site } = open;
    const database = new URL(env["MALLARD_LAKE_CATALOG"] ?? "").pathname.slice(1);
    const copy = `${database}_copy`;
    await open.storage.close();
    await sqlOf(partsNow(), `create database ${copy} template ${database}`);
    await changed(open.folder, env, repeated("2024-03-11", "/c"));
    await open.reopen();
    await open.build();
    ok(await compare(open.storage, system, site, 310, 4) > 0);
    await open.storage.close();
    // The same number of events, in a snapshot of the same number.
    env["MALLARD_LAKE_CATALOG"] = (env["MALLARD_LAKE_CATALOG"] ?? "").replace(database, copy);
    await changed(open.folder, env, repeated("2024-03-11", "/e"));
    await open.reopen();
    equal(await compare(open.storage, system, site, 311, 4), 0);
    ok(await open.build() > 0);
    ok(await compare(open.storage, system, site, 312, 4) > 0);
  },
);

siteTest(
  "visits of today are those of the lake, whatever happens to them",
  { zone: "Europe/Berlin", idDays: 1 },
  11,
  async (open, env) => {
    const { system } = open;
    const draw = new Draw(12);
    let recent = new RecentVisits(open.storage, system.clock, system.log);
    let seed = 600;
    const same = async () => {
      const used = await compareRecent(open, recent, ++seed, 1);
      ok(used > 0, JSON.stringify(system.lines.at(-1)));
    };
    const send = (agoUs: number, visitor: number) => {
      const at = Math.floor(system.clock.nowMs() * 1000) - agoUs;
      const id = `${visitor} ${periodOf(system.clock.nowMs(), 1)}`;
      return open.storage.append([eventOf(draw, at, id, visitor, null)]);
    };
    await same();
    system.clock.advance(20_000);
    for (const visitor of [1, 2, 3, 99]) await send(visitor, visitor);
    await same();
    await open.storage.flusher.flush();
    await same();
    system.clock.advance(MINUTE / 1000);
    await send(2 * HOUR, 3);
    await open.storage.flusher.flush();
    await same();
    await changed(open.folder, env, repeated("2024-03-20", "/c"));
    await open.storage.lake?.flusher.follow();
    system.clock.advance(MINUTE / 1000);
    await same();
    await open.storage.eraser.erase(SITE, "2024-03-20", "2024-03-20");
    await compareRecent(open, recent, ++seed, 0);
    system.clock.advance(MINUTE / 1000);
    for (const visitor of [4, 5]) await send(10 * MINUTE + visitor, visitor);
    await same();
    await open.reopen();
    recent = new RecentVisits(open.storage, system.clock, system.log);
    await same();
  },
);

siteTest(
  "rollups of a lake that are deleted by hand are made again",
  { zone: "UTC", idDays: 1 },
  6,
  async (open) => {
    const { system, site, folder } = open;
    await Deno.remove(`${folder}/rollups`, { recursive: true });
    equal(await compare(open.storage, system, site, 320, 4), 0);
    ok(await open.build() > 0);
    ok(await compare(open.storage, system, site, 321, 4) > 0);
    await Deno.remove(`${folder}/rollups`, { recursive: true });
    await open.reopen();
    equal(await compare(open.storage, system, site, 322, 4), 0);
    ok(await open.build() > 0);
  },
);

siteTest(
  "what is masked in a lake is made again, and nothing of before answers",
  { zone: "Europe/Berlin", idDays: 1 },
  8,
  async (open, env) => {
    const { system, site, folder, storage } = open;
    for (const day of ["04", "09"]) {
      await flushed(storage, `2024-03-${day}T12:00:00Z`, `/u/jo${day}@example.org`);
    }
    ok(await open.build() > 0);
    ok(await compare(storage, system, site, 331, 6) > 0);
    const beside = realSystem({ format: "text", levelMin: "error" });
    await Deno.mkdir(`${folder}/beside`);
    const lake = await openLake(`${folder}/beside`, optionsOf(env), { mayMake: false });
    try {
      const postgres = (storage.lake ?? fail()).node.postgres();
      const duties = { duty: new Duty(postgres), turns: new Turns(postgres), clock: beside.clock };
      const masksOf = () => ({ emails: true, tokens: false });
      // A day at a time: what is found in one is not looked for in others.
      const done = await maskInLake(lake, duties, { masksOf, onSite: () => {}, eventsAtOnce: 1 });
      deepEqual(done, { texts: 2, days: 2 });
    } finally {
      await lake.close();
    }
    await storage.lake?.flusher.follow();
    await compare(storage, system, site, 332, 6);
    ok(await open.build() >= 2);
    ok(await compare(storage, system, site, 333, 6) > 0);
    const pages = await storage.reader.query(
      SITE,
      EVER,
      (events) =>
        sql`select pathname, count(*) as n from ${events} as events
        where pathname like '/u/%' group by 1`,
    );
    deepEqual(pages.map((row) => [row["pathname"], Number(row["n"])]), [["/u/(mail)", 2]]);
  },
);

lakeTest(
  "rollups of a server follow what another brings into the lake",
  partsNow,
  (env, shared) =>
    withFolder(async (folder) => {
      env["MALLARD_LAKE_DATA_PATH"] = `${shared}/`;
      const system = fakeSystem({ nowMs: Date.now() });
      const site = { zone: "Europe/Berlin", idDays: 1 };
      const nodes = new Nodes(folder, env, system);
      const [one, two] = [await nodes.open("one"), await nodes.open("two")];
      system.clock.advance(NOW - system.clock.nowMs());
      let seed = 400;
      const same = async (least: number) => {
        for (const storage of [one, two]) {
          await storage.lake?.flusher.follow();
          ok(await compare(storage, system, site, ++seed, 4) >= least, `seed ${seed}`);
        }
      };
      const build = async (storage: Storage) => {
        const builder = builderOf(storage, system, site);
        await builder.run(NEVER);
        equal(builder.counts.failures, 0);
        return builder.counts.days;
      };
      try {
        const events = randomEvents(13, 1);
        await one.append(events.filter((_, index) => index % 2 === 0));
        await two.append(events.filter((_, index) => index % 2 === 1));
        await one.flusher.flush();
        await two.flusher.flush();
        await same(0);
        ok(await build(one) > 0 && await build(two) > 0);
        await same(1);
        await two.append([pageview({ at: "2024-03-12T12:00:00Z", visitor: "late" })]);
        await same(0);
        await flushed(two, "2024-03-20T14:00:00Z");
        await same(0);
        const built = await build(one);
        ok(built > 0 && built < 6, `${built} days were made again`);
        await same(0);
        system.clock.advance(DAY_US / 1000);
        await flushed(two, "2024-03-21T14:00:00Z");
        await one.lake?.flusher.follow();
        equal(await build(one), 1, "a day is over on which both had events");
        await same(0);
      } finally {
        await nodes.closeAll();
      }
    }),
);
