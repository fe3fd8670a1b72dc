// Asks random requests of a real reader over random events, and compares the answers with the
// independent count: for a test of seconds, and for a run of hours.
import { unchangedLife } from "../../../src/sites/id_life.ts";
import assert from "node:assert/strict";
import { statsRoutes } from "../../../src/api/stats/stats.ts";
import type { Event } from "../../../src/core/event.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { RollupBuilder } from "../../../src/query/rollups/builder.ts";
import { Runner } from "../../../src/query/run.ts";
import { openTestReader, type TestReader } from "../events.ts";
import { FakeClock } from "../fake_system.ts";
import { type Called, callRoute } from "../server/routes.ts";
import { expectedAnswer, shownRows } from "./asked_answers.ts";
import { type AskedQuestion, askedQuestion, type Days, randomDays } from "./asked_questions.ts";
import type { Rank } from "./brute.ts";
import { comparedNumbers, OTHER_REPORTS } from "./other_reports.ts";
import { Draw, randomEventsOf } from "./random_questions.ts";

const DAY = 86_400_000_000;

/** What a run came to. */
export interface CompareRun {
  answered: number;
  refused: number;
}

/** Around each request: what measures it. */
export type Measure = (target: string, ask: () => Promise<Called>) => Promise<Called>;

/**
 * Events of a seed, and some of them again in the year and the week before. No id lasts for a year:
 * rollups are made of ids of two months at most.
 */
function eventsOf(seed: number, visitors: number, rank: Rank): Event[] {
  const draw = new Draw(seed + 5000);
  const events = randomEventsOf(seed, visitors, rank);
  const earlier = (days: number) =>
    events.filter(() => draw.is(0.25)).map((event) => ({
      ...event,
      visitor_id: days > 60 ? `${event.visitor_id} ${days}` : event.visitor_id,
      timestamp: event.timestamp - days * DAY,
    }));
  return [...events, ...earlier(365), ...earlier(8)];
}

/** Asks `questions` requests about the events of one seed. Throws at the first difference. */
export async function compareSeed(
  { seed, visitors, questions, rank }: {
    readonly seed: number;
    readonly visitors: number;
    readonly questions: number;
    readonly rank: Rank;
  },
  measure: Measure = (_, ask) => ask(),
): Promise<CompareRun> {
  const run = { answered: 0, refused: 0 };
  const events = eventsOf(seed, visitors, rank);
  const test = await openTestReader(events, { coldShare: [0, 0.5, 1][seed % 3] ?? 0 });
  try {
    const draw = new Draw(seed + 9000);
    const rolled = seed % 3 === 2 ? randomDays(draw) : null;
    if (rolled) await makeRollups(test, rolled, events);
    for (let number = 0; number < questions; number++) {
      const question = askedQuestion(draw, events, rolled);
      const { target, called } = await ask(question, test.reader, measure);
      const note = `seed ${seed} question ${number}: ${decodeURIComponent(target)}`;
      check(question, called, events, rank, note);
      if (called.status === 200) run.answered++;
      else run.refused++;
      await checkOther(draw, question, { reader: test.reader, measure, events, rank, note });
    }
  } finally {
    await test.close();
  }
  return run;
}

/** Rollups of all days, by the settings of most questions: those without a filter read them. */
async function makeRollups(
  { storage }: TestReader,
  days: Days,
  events: readonly Event[],
): Promise<void> {
  const settings = { settings: () => Promise.resolve({ ...STANDARD_SETTINGS, ...days }) };
  const lastUs = Math.max(...events.map(({ timestamp }) => timestamp));
  const clock = new FakeClock((lastUs + 10 * DAY) / 1000);
  const builder = new RollupBuilder(storage, settings, clock, () => {}, {
    visitorIdDays: () => 30,
    eventsMin: 1,
  });
  await builder.run(new AbortController().signal);
  assert.equal(builder.counts.failures, 0);
  assert.ok(builder.counts.days > 0);
}

type TestedReader = ConstructorParameters<typeof Runner>[0];

async function ask(
  { params, nowUs, settings }: Pick<AskedQuestion, "params" | "nowUs" | "settings">,
  reader: TestedReader,
  measure: Measure,
  report = "query",
): Promise<{ target: string; called: Called }> {
  const sites = { settings: () => Promise.resolve(settings) };
  const runner = new Runner(reader, sites, new FakeClock(nowUs / 1000), {
    queryTimeoutMs: 60_000,
    cacheTtlMs: 60_000,
    cacheEntriesMax: 2,
    heavyMax: 10,
    listsVisits: () => true,
    idLife: () => unchangedLife(30),
    rollups: true,
  });
  const search = new URLSearchParams({ site_id: "example.com", ...params });
  const target = `/api/stats/${report}?${search}`;
  return { target, called: await measure(target, () => callRoute(statsRoutes(runner), target)) };
}

/** A request of another report with the same range, comparison and filter: never a failure. */
async function checkOther(
  draw: Draw,
  question: AskedQuestion,
  { reader, measure, events, rank, note }: {
    readonly reader: TestedReader;
    readonly measure: Measure;
    readonly events: readonly Event[];
    readonly rank: Rank;
    readonly note: string;
  },
): Promise<void> {
  const other = draw.one(OTHER_REPORTS);
  const [report, own] = other;
  const { metrics: _m, dimensions: _d, order_by: _o, search: _s, interval: _i, ...common } =
    question.params;
  const params = { ...common, ...own, limit: "1000", offset: "0" };
  const { target, called } = await ask({ ...question, params }, reader, measure, report);
  const told = `${note}\nthen ${decodeURIComponent(target)}\n${called.text.slice(0, 500)}`;
  if (called.status === 400 && /regular expressions/.test(called.text)) return;
  assert.equal(called.status, question.allowed ? 200 : 400, told);
  if (called.status !== 200) return;
  const numbers = comparedNumbers(other, called, { question, events, rank });
  if (numbers) assert.deepEqual(numbers.found, numbers.expected, told);
}

function check(
  question: AskedQuestion,
  { status, json, text }: Called,
  events: readonly Event[],
  rank: Rank,
  note: string,
): void {
  if (status === 400 && /regular expressions/.test(text)) return;
  assert.equal(status, question.allowed ? 200 : 400, `${note}\n${text.slice(0, 500)}`);
  if (status !== 200) return;
  const { query, comparison } = question;
  const iso = (us: number) => new Date(us / 1000).toISOString();
  const span = ({ fromUs, toUs }: { fromUs: number; toUs: number }) => ({
    from: iso(fromUs),
    to: iso(toUs),
  });
  assert.deepEqual(json.range, { ...span(query.range), timezone: query.zone }, note);
  assert.deepEqual(json.comparison_range, comparison ? span(comparison) : undefined, note);
  const expected = expectedAnswer(question, events, rank);
  assert.deepEqual(shownRows(json.results, query), expected.results, note);
  assert.equal(json.total, expected.total, note);
}
