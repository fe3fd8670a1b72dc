import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal } from "node:assert";
import { dayOfDate } from "../../../dashboard/grammar/days.js";
import { DAY_MS, DAY_US } from "../../../src/core/durations.ts";
import { rangeOfDays } from "../../../src/core/period.ts";
import { periodOf } from "../../../src/sites/id_period.ts";
import { localDate } from "../../../src/core/zone.ts";
import { RecentVisits } from "../../../src/query/rollups/recent_visits.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import type { DimensionRef } from "../../../src/query/dimensions.ts";
import type { MetricName } from "../../../src/query/metrics.ts";
import { type CheckedFilter, queryOf } from "../../../src/query/query.ts";
import { PauseError } from "../../../src/storage/duckdb/faults.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { Draw } from "../../support/numbers/random_questions.ts";
import {
  builderOf,
  compare,
  compareEvents,
  compareRecent,
  compareRetention,
  compareSteps,
  compareWhy,
  eventOf,
  FIRST,
  HOUR,
  MINUTE,
  NEVER,
  NOW,
  oddEvents,
  randomEvents,
  rollupFilesOf,
  runnerOf,
  SEEDS,
  SITE,
  statementsOf,
  withSite,
} from "../../support/numbers/rolled_answers.ts";
import { faultyFiles, openFolder, withFolder } from "../../support/storage/storage.ts";

for (
  const [turn, [zone, idDays]] of ([
    ["UTC", 1],
    ["America/Los_Angeles", 1],
    ["Europe/Berlin", 7],
    ["Asia/Kathmandu", 0],
  ] as const).entries()
) {
  Deno.test(`answers are those without rollups, in ${zone}, ids of ${idDays} days`, async () => {
    for (const seed of SEEDS) {
      await withSite({ zone, idDays }, seed, async ({ storage, system, site }) => {
        const used = await compare(storage, system, site, seed, 20);
        ok(used > 5, `${used} of 20 questions used rollups`);
        const recent = new RecentVisits(storage, system.clock, system.log);
        await compareRecent({ storage, system, site }, recent, seed, 1);
        await compareRetention(storage, system, site, seed);
        await compareWhy(storage, system, site, turn);
        ok(await compareSteps(storage, system, site, seed + turn) > 0);
        // Rollups that grew as time went by, and others that were made in one go.
      }, { beforeMs: (turn % 2) * 9 * 24 * HOUR / 1000 });
    }
  });
}

Deno.test("revenue alone reads no event of a closed day, and is what events say", async () => {
  const site = { zone: "UTC", idDays: 1 };
  await withSite(site, 5, async ({ storage, system }) => {
    const [rolled, plain] = [true, false].map((rollups) =>
      runnerOf(storage, system, site, rollups).context(SITE)
    );
    const range = rangeOfDays("UTC", dayOfDate(FIRST), dayOfDate(FIRST) + 10);
    for (const dimensions of [[], ["day"], ["source"], ["week", "country"]] as const) {
      const query = queryOf({
        site: SITE,
        nowUs: NOW * 1000,
        range: { ...range, dates: null },
        zone: "UTC",
        weekStart: 1,
        gapUs: STANDARD_SETTINGS.gapUs,
        filter: null,
        goals: [],
      }, { metrics: ["average_revenue", "total_revenue"], dimensions });
      let found;
      const texts = await statementsOf(storage, async () => {
        found = await rolled?.query(query);
      });
      deepEqual(texts.map((text) => text.includes("revenue_amount")), [false]);
      const right = await plain?.query(query);
      ok((right?.rows.length ?? 0) > 0);
      deepEqual(found, right, dimensions.join());
    }
  });
});

Deno.test("shares of all visitors with the running day are those that events give", async () => {
  const site = { zone: "UTC", idDays: 1 };
  await withSite(site, 5, async ({ storage, system }) => {
    const recent = new RecentVisits(storage, system.clock, system.log);
    const known = runnerOf(storage, system, site, true, recent).context(SITE);
    const plain = runnerOf(storage, system, site, false).context(SITE);
    const today = dayOfDate(localDate("UTC", NOW * 1000));
    const same = async (dimension: DimensionRef, filter: CheckedFilter | null = null) => {
      const scope = {
        ...{ site: SITE, nowUs: NOW * 1000, zone: "UTC", weekStart: 1 as const, goals: [], filter },
        range: { ...rangeOfDays("UTC", today - 6, today + 1), dates: null },
        gapUs: STANDARD_SETTINGS.gapUs,
      };
      const metrics: MetricName[] = ["visitors", "visits", "percentage"];
      const query = queryOf(scope, { metrics, dimensions: [dimension] });
      let found;
      const texts = await statementsOf(storage, async () => {
        found = await known.query(query);
      });
      deepEqual(found, await plain.query(query), dimension);
      return texts.some((text) => text.includes("recent_rows"));
    };
    await same("source");
    for (const ref of ["source", "page", "name", "exit_page", "country"] as const) {
      equal(await same(ref), true, ref);
    }
    equal(await same("day", { op: "is", dimension: "source", values: ["Google"] }), true);
    const at = system.clock.nowMs() * 1000;
    system.clock.advance(20_000);
    const draw = new Draw(4);
    for (const [browser, late] of [[1, 5], [2, 4], [90, 3]] as const) {
      const id = `${browser} ${periodOf(NOW, 1)}`;
      await storage.append([eventOf(draw, at - late, id, browser, null)]);
    }
    for (const ref of ["source", "page", "browser"] as const) {
      equal(await same(ref), true, ref);
    }
  });
});

for (const zone of ["America/Havana", "Asia/Almaty"]) {
  Deno.test(`events of stored visits are those of events, in ${zone}`, async () => {
    for (const seed of SEEDS) {
      const site = { zone, idDays: 1 };
      await withSite(site, seed, async ({ storage, system }) => {
        ok(await compareEvents(storage, system, site, seed) > 3);
        ok(await compareSteps(storage, system, site, seed) > 0);
        equal(await compareEvents(storage, system, { ...site, gapUs: 10 * MINUTE }, seed, 2), 0);
      }, { isEngaged: true, others: oddEvents(new Draw(seed)) });
    }
  });
}

Deno.test("rollups follow late events, merges, erasure, path rules, expiry, restarts", async () => {
  const site = { zone: "America/New_York", idDays: 1 };
  await withSite(site, 3, async (open) => {
    const { system } = open;
    let seed = 100;
    const same = async (isUsed: boolean) => {
      const used = await compare(open.storage, system, site, ++seed, 6);
      equal(used > 0, isUsed, `${used} questions used rollups`);
    };
    const late = pageview({ at: "2024-03-08T12:00:00Z", visitor: "late", page: "/late" });
    await open.storage.append([late]);
    await compare(open.storage, system, site, ++seed, 4);
    await open.storage.flusher.flush();
    await same(true);
    equal(await open.build(), 4, "the day of the late event, and those that look back to it");
    await same(true);
    await open.storage.compactor.run(NEVER);
    equal(await open.build(), 0, "a merge changes no sum");
    await same(true);
    await open.reopen();
    await same(true);
    equal(await open.build(), 0, "rollups outlive a restart");

    const march = (await rollupFilesOf(open.folder)).at(-1) ?? "";
    await open.storage.eraser.erase(SITE, "2024-03-05", "2024-03-05");
    equal(
      (await rollupFilesOf(open.folder)).includes(march),
      false,
      "no sum of erased events stays",
    );
    await same(false);
    ok(await open.build() > 0);
    await same(true);
    const { pathHistory } = open.storage;
    await pathHistory.begin(SITE, { masks: [{ from: "/a", to: "/b" }] });
    await pathHistory.run(NEVER);
    equal(await compare(open.storage, system, site, ++seed, 3), 0, "no sum of an old path is used");
    await open.storage.expiry.expire(SITE, 15, NOW);
    await compare(open.storage, system, site, ++seed, 4);
    await open.build();
    await same(true);
    await open.storage.append([pageview({ ...late, at: "2024-03-12T12:00:00Z" })]);
    await open.storage.flusher.flush();
    await open.storage.eraser.erase(SITE, "2024-03-12", "2024-03-12");
    deepEqual(
      await rollupFilesOf(open.folder),
      [],
      "nothing of a day that waits for new sums stays",
    );
  });
});

Deno.test("a file of visits of one day stays while its month is summed up anew", async () => {
  const others = Array.from(
    { length: 200 },
    (_, at) => pageview({ at: (NOW - DAY_MS) * 1000 + at * MINUTE, visitor: `${at}` }),
  );
  const own = { beforeMs: DAY_MS, isEngaged: false, others };
  await withSite({ zone: "UTC", idDays: 1 }, 5, async (open) => {
    const visits = () =>
      new Set(open.storage.rollups.view(SITE)?.days.map(({ visitsPath }) => visitsPath));
    const [last = ""] = [...visits()].slice(-1);
    ok(/-(\d+)-\1\.visits$/.test(last), last);
    open.system.clock.advance(DAY_MS);
    equal(await open.build(), 1);
    equal(visits().has(last), true);
    const there = (await rollupFilesOf(open.folder)).join(" ");
    for (const path of visits()) ok(there.includes(path), `${path} is not among ${there}`);
  }, own);
});

Deno.test("a host that reads as a missing one keeps its own day from rollups alone", async () => {
  const site = { zone: "UTC", idDays: 1 };
  const date = "2024-03-07";
  const odd = pageview({
    at: `${date}T12:00:00Z`,
    visitor: "odd",
    page: "/",
    hostname: "(unknown)",
  });
  const made: number[][] = [];
  for (const others of [[], [odd]]) {
    await withSite(site, 9, async ({ storage, system }) => {
      const days = storage.rollups.view(SITE)?.days ?? [];
      made.push(days.map(({ day }) => day).sort());
      await compare(storage, system, site, 700, 12);
    }, { others, isEngaged: false, from: "2024-03-05" });
  }
  const [all, left] = made;
  ok(all?.includes(dayOfDate(date)));
  deepEqual(left, all?.filter((day) => day !== dayOfDate(date)));
});

/** What is asked of some closed days in UTC, but for a filter and goals. */
function closedDays(firstDate: string, days: number) {
  const day = dayOfDate(firstDate);
  return {
    site: SITE,
    nowUs: NOW * 1000,
    zone: "UTC",
    weekStart: 1,
    range: rangeOfDays("UTC", day, day + days),
    gapUs: STANDARD_SETTINGS.gapUs,
  } as const;
}

Deno.test("strangers read of a referrer what events show them, not what sums hold", async () => {
  const site = { zone: "UTC", idDays: 1 };
  const referrers = ["https://www.host.example/path", "user:key@other.example/x", "mailto:a@b.c"];
  const others = referrers.map((referrer, index) =>
    pageview({
      at: `2024-03-07T12:0${index}:00Z`,
      visitor: `stranger ${index}`,
      page: "/",
      referrer,
      referrer_source: "Other",
    })
  );
  const asker = { caller: { kind: "stranger", key: "1", isPublicOnly: true } } as const;
  await withSite(site, 9, async ({ storage, system }) => {
    const scope = { ...closedDays("2024-03-07", 1), filter: null, goals: [] };
    for (const dimension of ["referrer", "referrer_host", "referrer_source"] as const) {
      const query = queryOf(scope, { metrics: ["visitors", "visits"], dimensions: [dimension] });
      const [found, right] = await Promise.all(
        [true, false].map((rollups) =>
          runnerOf(storage, system, site, rollups).context(SITE, asker).query(query)
        ),
      );
      deepEqual(found, right, dimension);
      const keys = found?.rows.flatMap(({ keys }) => keys) ?? [];
      ok(keys.every((key) => !/user|key|mailto|path/.test(String(key))), keys.join());
    }
  }, { others, isEngaged: false, from: "2024-03-05" });
});

Deno.test("goals of one event or page are counted from sums, others from events", async () => {
  const site = { zone: "UTC", idDays: 1 };
  const is = (dimension: "name" | "page", value: string) =>
    ({ op: "is", dimension, values: [value] }) as const;
  const views = (page: CheckedFilter): CheckedFilter => ({
    op: "and",
    of: [is("name", "pageview"), page],
  });
  const simple = [
    { name: "Sign up", filter: is("name", "signup") },
    { name: "A", filter: views(is("page", "/a")) },
  ];
  const pattern = {
    name: "B",
    filter: views({ op: "matches", dimension: "page", values: ["^/b"] }),
  };
  await withSite(site, 9, async ({ storage, system }) => {
    const scope = closedDays("2024-03-06", 4);
    const [rolled, plain] = [true, false].map((rollups) =>
      runnerOf(storage, system, site, rollups).context(SITE)
    );
    const metrics = ["visitors", "events", "visits", "conversion_rate"] as const;
    for (
      const [goals, dimensions, isSummed] of [
        [simple, ["goal"], true],
        [simple, ["day", "goal"], true],
        [simple, ["goal", "page"], false],
        [simple, ["name", "goal"], false],
        [[...simple, pattern], ["goal"], false],
      ] as const
    ) {
      const query = queryOf({ ...scope, filter: null, goals }, { metrics, dimensions });
      let found;
      const texts = await statementsOf(storage, async () => found = await rolled?.query(query));
      const right = await plain?.query(query);
      deepEqual(found, right, `${goals.length} ${dimensions}`);
      ok((right?.rows.length ?? 0) > 1);
      equal(texts.some((text) => text.includes("of_shape")), isSummed, `${dimensions}`);
    }
    for (const goal of ["Sign up", "A", "B"]) {
      const filter: CheckedFilter = { op: "is", dimension: "goal", values: [goal] };
      const query = queryOf({ ...scope, filter, goals: [...simple, pattern] }, { metrics });
      deepEqual(await rolled?.query(query), await plain?.query(query), goal);
    }
  }, { isEngaged: false, from: "2024-03-05" });
});

Deno.test("a build that meets a planned opening of DuckDB has not failed", async () => {
  await withSite({ zone: "UTC", idDays: 1 }, 3, async ({ storage, system, site }) => {
    system.clock.advance(DAY_US / 1000);
    const builder = builderOf(storage, system, site);
    await storage.hot.refill(
      () => storage.db.reopen(),
      () => rejects(builder.run(NEVER), PauseError),
    );
    equal(builder.counts.failures, 0);
    await builder.run(NEVER);
    ok(builder.counts.days > 0);
  });
});

Deno.test("a build that fails at any file operation leaves answers right", async () => {
  await withFolder(async (folder) => {
    const files = faultyFiles(fakeSystem().files, "EIO");
    const system = fakeSystem({ nowMs: NOW, files });
    const site = { zone: "UTC", idDays: 1 };
    let storage = await openFolder(folder, system);
    try {
      // Of one month, so that there is one build, of which every operation fails once.
      const firstUs = Date.parse(FIRST) * 1000;
      const events = randomEvents(4, 1).filter(({ timestamp }) =>
        timestamp >= firstUs + DAY_US && timestamp < firstUs + 4 * DAY_US
      );
      await storage.append(events);
      await storage.flusher.flush();
      for (let nth = 1;; nth++) {
        files.count = 0;
        files.nth = nth;
        await builderOf(storage, system, site).run(NEVER);
        const isOver = files.count < nth;
        files.nth = 0;
        await compare(storage, system, site, 400 + nth, 1);
        if (isOver || nth % 3 === 0) {
          await storage.close();
          storage = await openFolder(folder, system);
          await compare(storage, system, site, 500 + nth, 1);
        }
        if (isOver) break;
        const paths = storage.rollups.view(SITE)?.days.map(({ path }) => path) ?? [];
        await storage.rollups.forget(SITE, [...new Set(paths)]);
      }
    } finally {
      await storage.close();
    }
  });
});
