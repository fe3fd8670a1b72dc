// Asks random requests of a real reader over random events, and compares the answers with the
// independent count: for a test of seconds, and for a run of hours.
import assert from "node:assert/strict";
import { statsRoutes } from "../../../src/api/stats/stats.ts";
import type { Event } from "../../../src/core/event.ts";
import type { Query } from "../../../src/query/query.ts";
import { Runner } from "../../../src/query/run.ts";
import { openTestReader } from "../events.ts";
import { FakeClock } from "../fake_system.ts";
import { type Called, callRoute } from "../server/routes.ts";
import { expectedAnswer, shownRows } from "./asked_answers.ts";
import { type AskedQuestion, askedQuestion } from "./asked_questions.ts";
import { bruteRows, type Rank } from "./brute.ts";
import { Draw, randomEventsOf } from "./random_questions.ts";

const DAY = 86_400_000_000;

/** What a run came to. */
export interface CompareRun {
  answered: number;
  refused: number;
}

/** Around each request: what measures it. */
export type Measure = (target: string, ask: () => Promise<Called>) => Promise<Called>;

/** Events of a seed, and some of them again in the year and the week before. */
function eventsOf(seed: number, visitors: number, rank: Rank): Event[] {
  const draw = new Draw(seed + 5000);
  const events = randomEventsOf(seed, visitors, rank);
  const earlier = (days: number) =>
    events.filter(() => draw.is(0.25)).map((event) => ({
      ...event,
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
    for (let number = 0; number < questions; number++) {
      const question = askedQuestion(draw, events);
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
  });
  const search = new URLSearchParams({ site_id: "example.com", ...params });
  const target = `/api/stats/${report}?${search}`;
  return { target, called: await measure(target, () => callRoute(statsRoutes(runner), target)) };
}

/** Other reports with parameters of their own. */
const OTHERS: readonly (readonly [report: string, own: Readonly<Record<string, string>>])[] = [
  ["main", {}],
  ["main", {}],
  ["timeseries", {}],
  ["sessions", { detail: "true" }],
  ["breakdown/sources", {}],
  ["breakdown/pages", { detail: "true" }],
  ["values", { dimension: "channel" }],
  ["values", { dimension: "props:plan", text: "P" }],
  ["visits", {}],
  ["funnel", { steps: "page:/a,event:signup,goal:Big", detail: "true", by: "source" }],
  ["funnel", { steps: "page:/,page:/b/*", order: "any_order" }],
  ["retention", { detail: "true", cohorts: "day", first: "goal:Signup" }],
  ["retention", {}],
  ["sequences", { steps: "page:/,event:signup" }],
  ["flow", { page: "/" }],
  ["flow", { detail: "true", of: "events", direction: "previous" }],
  ["export", { format: "json" }],
  ["realtime", {}],
];

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
  const [report, own] = draw.one(OTHERS);
  const { metrics: _m, dimensions: _d, order_by: _o, search: _s, interval: _i, ...common } =
    question.params;
  const params = { ...common, ...own, limit: "1000", offset: "0" };
  const { target, called } = await ask({ ...question, params }, reader, measure, report);
  const told = `${note}\nthen ${decodeURIComponent(target)}\n${called.text.slice(0, 500)}`;
  if (called.status === 400 && /regular expressions/.test(called.text)) return;
  assert.equal(called.status, question.allowed ? 200 : 400, told);
  if (report !== "main" || called.status !== 200) return;
  const metrics = ["visitors", "pageviews", "bounce_rate", "visit_duration", "views_per_visit"];
  const [row] = bruteRows(
    {
      ...question.query,
      metrics: metrics as Query["metrics"],
      dimensions: [],
      search: null,
      order: [],
    },
    events,
    rank,
  );
  const { unique_visitors, total_pageviews, bounce_rate, avg_visit_duration_secs } = called.json;
  const { pages_per_visit } = called.json;
  assert.deepEqual(
    [unique_visitors, total_pageviews, bounce_rate, avg_visit_duration_secs, pages_per_visit],
    metrics.map((name) => row?.values[name] ?? 0),
    told,
  );
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
