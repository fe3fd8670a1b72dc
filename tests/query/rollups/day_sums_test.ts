// Why a number changed, from the sums of closed days: as from events alone.
import { deepStrictEqual as deepEqual, ok } from "node:assert";
import { dayOfDate } from "../../../dashboard/grammar/days.js";
import { DAY_US } from "../../../src/core/durations.ts";
import type { Event } from "../../../src/core/event.ts";
import { raw, sql } from "../../../src/core/sql.ts";
import { Params } from "../../../src/query/params.ts";
import { CHANGING_NAMES } from "../../../src/query/reports/change/changing.ts";
import { REPORTS } from "../../../src/query/reports/reports.ts";
import {
  WHY_DIMENSIONS,
  type WhyAnswer,
  type WhyRow,
} from "../../../src/query/reports/change/why.ts";
import { squaresIn } from "../../../src/query/rollups/day_rows.ts";
import { RecentVisits } from "../../../src/query/rollups/recent_visits.ts";
import { isOfOneVisit, SHAPES } from "../../../src/query/rollups/shapes.ts";
import type { Runner } from "../../../src/query/run.ts";
import { pageview } from "../../support/events.ts";
import {
  eventOf,
  FIRST,
  HOUR,
  MINUTE,
  NOW,
  type Open,
  rollupFilesOf,
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

/** Of what the site has by itself a few minutes are left. */
const FEW_FROM = "2024-03-20T14:50:00Z";

/** Visitors of one visit each, of many lengths, in two weeks that differ. */
function singleVisits(from = "2024-03-04"): Event[] {
  const draw = new Draw(5);
  return Array.from({ length: 14 * 40 }, (_, n) => {
    const day = n % 14;
    const at = (Date.parse(from) * 1000) + day * DAY_US + draw.below(20 * HOUR);
    const referrer_source = draw.one(["Google", "Bing", day < 7 ? "Google" : null]);
    const visit = {
      visitor: `single ${n}`,
      referrer_source,
      country_code: draw.one(["DE", "US"]),
      utm_campaign: `campaign ${draw.below(30)}`,
    };
    const views = 1 + draw.below(5) + (day < 7 ? 0 : draw.below(3));
    return Array.from(
      { length: views },
      (_, view) => pageview({ ...visit, at: at + view * (1 + draw.below(5)) * MINUTE }),
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
  }, { from: FEW_FROM, isEngaged: false });
});

const pathsOf = async ({ folder }: Open) =>
  (await rollupFilesOf(folder)).filter((path) => path.endsWith(".rollup"))
    .map((path) => `${folder}/rollups/${path}`);

/** Writes a file of sums as it was before: with all squares, in small groups of rows. */
async function makeOlder({ storage }: Open, path: string): Promise<void> {
  const names = SHAPES.filter(isOfOneVisit).map(({ name }) => `'${name}'`).join(", ");
  const squares = ["visit_us", "visit_pageviews"].map((name) =>
    `case when shape in (${names}) then coalesce(${name}_squares, ${name}::double ** 2)
      else 0 end as ${name}_squares`
  );
  await storage.db.query(raw(`copy (
      select * replace (${squares.join(", ")}) from read_parquet('${path}')
    ) to '${path}.older' (format parquet, compression zstd, row_group_size 2048)`));
  await Deno.rename(`${path}.older`, path);
}

/** Rows of a file with squares, and without. */
async function squaresOf({ storage }: Open, path: string) {
  const [row] = await storage.db.query(sql`
    select count(visit_us_squares)::integer as held, count(*)::integer as rows
    from read_parquet(${path})`);
  return { held: Number(row?.["held"]), rows: Number(row?.["rows"]) };
}

Deno.test("files of sums as they were before are read beside others, and taken in", async () => {
  const site = { zone: "UTC", idDays: 1 };
  await withSite(site, 1, async (open) => {
    const today = pageview({ visitor: "today", at: NOW * 1000 });
    await open.storage.append([...singleVisits("2024-02-19"), today]);
    await open.storage.flusher.flush();
    await open.build();
    const [february = "", march = ""] = await pathsOf(open);
    const runner = runnerOf(open.storage, open.system, site, true);
    const check = async () => {
      const range = "start_date=2024-02-26&end_date=2024-03-03";
      const metrics = ["views_per_visit", "visit_duration"];
      deepEqual(await compareWith(open, runner, range, { metrics, numbers: ALL }), 2);
    };
    await check();
    const kept = await Deno.readFile(march);
    const { held } = await squaresOf(open, march);
    await makeOlder(open, march);
    const older = await squaresOf(open, march);
    ok(held > 0 && held < older.rows && older.held === older.rows, `${held} of ${older.rows}`);
    await check();
    await makeOlder(open, february);
    await check();
    await Deno.writeFile(march, kept);
    await check();
    await makeOlder(open, march);
    open.system.clock.advance(DAY_US / 1000);
    deepEqual(await open.build(), 1);
    const [grown = ""] = (await pathsOf(open)).filter((path) => path !== february);
    const now = await squaresOf(open, grown);
    ok(grown !== march && now.rows > older.rows && now.held >= held && now.held < now.rows / 2);
    await check();
  }, { from: FEW_FROM, isEngaged: false });
});

Deno.test("files of sums hold the squares that are asked for, and no others", async () => {
  await withSite({ zone: "UTC", idDays: 1 }, 1, async (open) => {
    const events = singleVisits();
    await open.storage.append(events);
    await open.storage.flusher.flush();
    await open.build();
    const wanted = new Map<string, number[]>();
    const visits = Map.groupBy(events, ({ visitor_id }) => visitor_id);
    for (const [first, ...others] of visits.values()) {
      if (!first) continue;
      const us = (others.at(-1) ?? first).timestamp - first.timestamp;
      const day = Math.floor(first.timestamp / DAY_US);
      for (
        const [shape, value] of [
          ["", null],
          ["country", first.country_code],
          ["utm_campaign", first.utm_campaign],
        ]
      ) {
        const key = [day, shape, value].join(" ");
        const [n = 0, ofUs = 0, ofViews = 0] = wanted.get(key) ?? [];
        wanted.set(key, [n + 1, ofUs + us ** 2, ofViews + (1 + others.length) ** 2]);
      }
    }
    const [path = ""] = await pathsOf(open);
    const last = dayOfDate("2024-03-17");
    const rows = await open.storage.db.query(sql`
      select day, shape, v1, visits, visit_us_squares as held, currency,
        ${squaresIn("visit_us_squares")} as us, ${squaresIn("visit_pageviews_squares")} as views
      from read_parquet(${path}) where day <= ${last}`);
    const found = rows.filter(({ shape }) => /^(|country|utm_campaign)$/.test(String(shape)));
    deepEqual(
      new Map(found.map(({ day, shape, v1, visits, us, views }) => [
        [day, shape, v1].join(" "),
        [visits, us, views].map((value) => Math.fround(Number(value))),
      ])),
      new Map([...wanted].map(([key, numbers]) => [key, numbers.map(Math.fround)])),
    );
    const holding = new Set(rows.filter(({ held }) => held !== null).map(({ shape }) => shape));
    const asked = new Set<unknown>(["", ...WHY_DIMENSIONS]);
    deepEqual([...holding].filter((shape) => !asked.has(shape)), []);
    ok(found.some(({ held }) => held !== null));
    // The square of a single visit's value is known from the value.
    ok(rows.some(({ visits }) => Number(visits) === 1));
    ok(rows.every(({ visits, held }) => Number(visits) > 1 || held === null));
    // Files that are there hold none of another split: see WITH_SQUARES of shapes.ts.
    const named = SHAPES.filter(({ squares }) => squares).map(({ name }) => name);
    deepEqual(new Set<unknown>(named), asked);
  }, { from: FEW_FROM, isEngaged: false });
});
