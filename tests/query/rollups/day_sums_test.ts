// Why a number changed, from the sums of closed days: as from events alone.
import { deepStrictEqual as deepEqual, ok } from "node:assert";
import { DAY_US } from "../../../src/core/durations.ts";
import type { Event } from "../../../src/core/event.ts";
import { Params } from "../../../src/query/params.ts";
import { CHANGING_NAMES } from "../../../src/query/reports/change/changing.ts";
import { REPORTS } from "../../../src/query/reports/reports.ts";
import type { WhyAnswer, WhyRow } from "../../../src/query/reports/change/why.ts";
import { RecentVisits } from "../../../src/query/rollups/recent_visits.ts";
import type { Runner } from "../../../src/query/run.ts";
import { pageview } from "../../support/events.ts";
import {
  eventOf,
  FIRST,
  HOUR,
  MINUTE,
  type Open,
  runnerOf,
  SITE,
  statementsOf,
  withSite,
} from "../../support/numbers/rolled_answers.ts";
import { Draw } from "../../support/numbers/random_questions.ts";

type Numbers = (row: WhyRow) => readonly (number | null | boolean)[];

const rounded = (value: number | null | undefined) => Math.fround(value ?? 0);
/** Intervals of rates are those of visits, from sums, and of visitors, from events. */
const PARTS: Numbers = ({ now, before, difference, share }) =>
  [now, before, difference, share].map(rounded);
const ALL: Numbers = (row) => [...PARTS(row), rounded(row.low), rounded(row.high)];

/** What is said of each value. */
async function whyOf(runner: Runner, asked: string, numbers: Numbers) {
  const text = `site_id=${SITE}&compare=previous_period&limit=1000&${asked}`;
  const params = new Params(new URLSearchParams(text));
  const answer = await runner.answer("why", REPORTS.why, SITE, params) as WhyAnswer;
  await checkTotal(runner, answer, text);
  return Object.fromEntries(
    answer.results.map((row) => [`${row.dimension} ${row.value}`, numbers(row)]),
  );
}

/** The change as a whole is judged as by the report that asks for both numbers themselves. */
async function checkTotal(runner: Runner, { metric, total }: WhyAnswer, text: string) {
  const params = new URLSearchParams(text);
  params.delete("metric");
  params.set("metrics", metric);
  const judged = await runner.answer("changes", REPORTS.changes, SITE, new Params(params));
  deepEqual({ metrics: { [metric]: total } }, judged, text);
}

const CLOSED = "start_date=2024-03-11&end_date=2024-03-18";
const RATIOS = ["views_per_visit", "bounce_rate", "visit_duration"];
/** A count of visitors, a count and a ratio: others are asked in the same way. */
const SOME = ["visitors", "visits", "visit_duration"];
const METRICS = Deno.env.has("MALLARD_TEST_SEEDS") ? CHANGING_NAMES : SOME;

/** Compares the answers of a runner with those from events; returns how many read sums. */
async function compareWith(
  { storage, system, site }: Open,
  runner: Runner,
  range: string,
  { metrics = METRICS, numbers = PARTS }: {
    readonly metrics?: readonly string[];
    readonly numbers?: Numbers;
  } = {},
): Promise<number> {
  const plain = runnerOf(storage, system, site, false);
  let used = 0;
  for (const metric of metrics) {
    const asked = `${range}&metric=${metric}`;
    let found;
    const texts = await statementsOf(storage, async () => {
      found = await whyOf(runner, asked, numbers);
    });
    if (texts.some((text) => text.includes("places(shape, place)"))) used++;
    deepEqual(found, await whyOf(plain, asked, numbers), asked);
  }
  return used;
}

for (const [zone, idDays] of [["America/New_York", 1], ["Asia/Tokyo", 30]] as const) {
  Deno.test(`WHY by sums is that of events, in ${zone}, ids of ${idDays} days`, async () => {
    await withSite({ zone, idDays }, 3, async (open) => {
      const { storage, system, site } = open;
      const runner = runnerOf(storage, system, site, true);
      // Where ids last long, sums do not hold the visitors of several days.
      const least = idDays > 1 ? METRICS.length - 1 : METRICS.length;
      deepEqual(await compareWith(open, runner, CLOSED), least);
      // Up to now: the last days are answered from events, and then from recent visits.
      ok(await compareWith(open, runner, "period=7d") >= least);
      const recent = new RecentVisits(storage, system.clock, system.log);
      const known = runnerOf(storage, system, site, true, recent);
      await whyOf(known, "period=day&metric=visits", PARTS);
      ok(await compareWith(open, known, "period=7d") >= least);
      if (idDays !== 1) return;
      // A late event takes a day out: of the range before, events answer its start.
      const at = (Date.parse(FIRST) + 5.5 * 24 * HOUR / 1000) * 1000;
      await storage.append([eventOf(new Draw(9), at, "late", 3, "Google")]);
      await storage.flusher.flush();
      deepEqual(await compareWith(open, runner, CLOSED), least);
    }, { isEngaged: false });
  });
}

/** Visitors of one visit each, of many lengths, in two weeks that differ. */
function singleVisits(): Event[] {
  const draw = new Draw(5);
  return Array.from({ length: 14 * 40 }, (_, n) => {
    const day = n % 14;
    const at = (Date.parse("2024-03-04") * 1000) + day * DAY_US + draw.below(20 * HOUR);
    const referrer_source = draw.one(["Google", "Bing", day < 7 ? "Google" : null]);
    const visit = { visitor: `single ${n}`, referrer_source, country_code: draw.one(["DE", "US"]) };
    const views = 1 + draw.below(5) + (day < 7 ? 0 : draw.below(3));
    return Array.from(
      { length: views },
      (_, view) => pageview({ ...visit, at: at + view * (1 + draw.below(9)) * MINUTE }),
    );
  }).flat().sort((a, b) => a.timestamp - b.timestamp);
}

Deno.test("WHY by sums has the intervals of events where a visitor has one visit", async () => {
  const site = { zone: "UTC", idDays: 1 };
  await withSite(site, 1, async (open) => {
    await open.storage.append(singleVisits());
    await open.storage.flusher.flush();
    ok(await open.build() > 0);
    const runner = runnerOf(open.storage, open.system, site, true);
    const used = await compareWith(open, runner, CLOSED, { metrics: RATIOS, numbers: ALL });
    deepEqual(used, RATIOS.length);
  }, { from: "2024-03-20T14:50:00Z", isEngaged: false });
});
