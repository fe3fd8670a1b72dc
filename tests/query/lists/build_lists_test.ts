// Lists that are asked for together say what each says by itself, from events alone.
import { deepStrictEqual as deepEqual, ok } from "node:assert";
import { dayOfDate } from "../../../dashboard/grammar/days.js";
import { rangeOfDays } from "../../../src/core/period.ts";
import { localDate } from "../../../src/core/zone.ts";
import type { Answer } from "../../../src/query/answer.ts";
import { dimensionOf, type DimensionRef } from "../../../src/query/dimensions.ts";
import { Together } from "../../../src/query/lists/together.ts";
import type { MetricName } from "../../../src/query/metrics.ts";
import { type Query, queryOf } from "../../../src/query/query.ts";
import { RecentVisits } from "../../../src/query/rollups/recent_visits.ts";
import { SHAPES } from "../../../src/query/rollups/shapes.ts";
import type { Runner } from "../../../src/query/run.ts";
import { KEPT, PARTS } from "../../../src/query/sql/stored_rows.ts";
import { Draw } from "../../support/numbers/random_questions.ts";
import {
  eventOf,
  HOUR,
  MINUTE,
  type Open,
  runnerOf,
  SEEDS,
  SITE,
  type Site,
  statementsOf,
  sumsInMemory,
  withSite,
} from "../../support/numbers/rolled_answers.ts";

const REFS: readonly DimensionRef[] = SHAPES.flatMap(({ dimensions, ownColumns }) => {
  const [ref] = dimensions;
  const isOne = ref !== undefined && dimensions.length === 1 && !ownColumns;
  const isKept = ref !== undefined && (KEPT.has(ref) || PARTS.has(ref));
  return isOne && isKept && dimensionOf(ref).of !== "time" ? [ref] : [];
});
const METRICS: readonly MetricName[] = ["visitors", "pageviews", "events", "percentage"];
const GAP_US = 30 * MINUTE;

/** Lists of one range, which begins some days before the clock's and may begin within a day. */
function randomLists(draw: Draw, { zone }: Site, nowMs: number): [Query, ...Query[]] {
  const today = dayOfDate(localDate(zone, nowMs * 1000));
  const first = today - draw.one([0, 1, 4, 12, 40]);
  const last = draw.is(0.7) ? today : Math.max(first, today - draw.below(4));
  const { fromUs, toUs } = rangeOfDays(zone, first, last + 1);
  const back = draw.is(0.3) ? draw.below(24) * HOUR : 0;
  const range = { fromUs: fromUs - back, toUs, dates: null };
  const goals = [] as const;
  const scope = {
    site: SITE,
    nowUs: 0,
    range,
    zone,
    weekStart: 1,
    gapUs: GAP_US,
    filter: null,
  } as const;
  const by = draw.one(METRICS);
  const direction = draw.one(["desc", "desc", "asc"] as const);
  const isOrdered = draw.is(0.7);
  const isNamed = draw.is(0.3);
  const list = (): Query => {
    const metrics = [...new Set([by, ...draw.some([...METRICS], 1, 3)])];
    return queryOf({ ...scope, goals }, {
      metrics,
      dimensions: [draw.one(REFS)],
      order: isOrdered ? [{ by, direction }] : [],
      limit: draw.one([1, 2, 9, 100]),
      rows: isNamed ? draw.some(VALUES, 0, 6).map((value) => [value]) : null,
    });
  };
  return [list(), ...Array.from({ length: 1 + draw.below(6) }, list)];
}

const VALUES = ["/", "/a", "Google", "Direct / None", "DE", "(not set)", "signup", "Firefox"];

async function askedTogether(runner: Runner, queries: readonly Query[]): Promise<Answer[]> {
  const seats = new Together<Query, Answer>().seats(queries.length);
  return await Promise.all(queries.map((query, at) => {
    const seat = seats[at];
    return runner.context(SITE, { seat }).query(query).finally(() => seat?.leave());
  }));
}

/** Compares some groups of lists; resolves with how many of them one statement answered. */
async function compareLists(
  { storage, system, site }: Pick<Open, "storage" | "system" | "site">,
  recent: RecentVisits | undefined,
  draw: Draw,
  count: number,
): Promise<{ once: number; sums: number; memory: number; today: number }> {
  const closed = sumsInMemory(storage, system);
  const runner = runnerOf(storage, system, site, true, recent, closed);
  const plain = runnerOf(storage, system, site, false);
  const used = { once: 0, sums: 0, memory: 0, today: 0 };
  for (let index = 0; index < count; index++) {
    const queries = randomLists(draw, site, system.clock.nowMs());
    const right: Answer[] = [];
    for (const query of queries) right.push(await plain.context(SITE).query(query));
    const ask = () =>
      statementsOf(storage, async () => {
        deepEqual(await askedTogether(runner, queries), right, JSON.stringify(queries));
      });
    const texts = await ask();
    const lists = texts.filter((text) => text.includes("total_rows"));
    if (lists.length === 1) used.once++;
    if (lists[0]?.includes("currency is null")) used.sums++;
    if (lists[0]?.includes(`from "rollup_rows_recent`)) used.today++;
    // What is in memory says the same.
    await closed.make();
    if ((await ask()).some((text) => text.includes('from "day_sums"'))) used.memory++;
  }
  return used;
}

const SITES: readonly Site[] = [
  { zone: "UTC", idDays: 1 },
  { zone: "Asia/Kathmandu", idDays: 7 },
  { zone: "Europe/Berlin", idDays: 30 },
];

for (const site of SITES) {
  const { zone, idDays } = site;
  Deno.test(`lists together are those of each, in ${zone}, ids of ${idDays} days`, async () => {
    for (const seed of SEEDS) {
      await withSite(site, seed, async (open) => {
        const { storage, system } = open;
        const draw = new Draw(seed);
        const before = await compareLists(open, undefined, draw, 6);
        const { once, sums, memory } = before;
        ok(once === 6 && (sums > 1 || idDays > 3), JSON.stringify(before));
        ok(memory >= sums && memory > 0 || idDays > 3, JSON.stringify(before));
        const recent = new RecentVisits(storage, system.clock, system.log);
        const after = await compareLists(open, recent, draw, 5);
        ok(after.once === 5 && (after.today > 0 || idDays > 3), JSON.stringify(after));
        for (const visitor of [1, 99]) {
          system.clock.advance(20_000);
          const at = Math.floor(system.clock.nowMs() * 1000);
          await storage.append([eventOf(draw, at, `${visitor} late`, visitor, "Bing")]);
          await compareLists(open, recent, draw, 2);
        }
      });
    }
  });
}
