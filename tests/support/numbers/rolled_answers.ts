// Random events of one site, and questions whose answers must be the same with and without what is
// kept of closed days and of the running one.
import { unchangedLife } from "../../../src/sites/id_life.ts";
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { dateOfDay, dayOfDate } from "../../../dashboard/grammar/days.js";
import { DAY_US } from "../../../src/core/durations.ts";
import { sql } from "../../../src/core/sql.ts";
import type { Event } from "../../../src/core/event.ts";
import { periodOf } from "../../../src/sites/id_period.ts";
import { type Range, rangeOfDays } from "../../../src/core/period.ts";
import { startOfDate } from "../../../src/core/zone.ts";
import type { DimensionRef } from "../../../src/query/dimensions.ts";
import { type MetricName, METRICS } from "../../../src/query/metrics.ts";
import { Params } from "../../../src/query/params.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { type CheckedFilter, type Query, queryOf } from "../../../src/query/query.ts";
import { PART_DIMENSIONS, VISIT_DIMENSIONS } from "../../../src/query/rollups/day_tables.ts";
import type { WhyAnswer } from "../../../src/query/reports/change/why.ts";
import { REPORTS } from "../../../src/query/reports/reports.ts";
import { RollupBuilder } from "../../../src/query/rollups/builder.ts";
import { localDate } from "../../../src/core/zone.ts";
import { RecentVisits } from "../../../src/query/rollups/recent_visits.ts";
import { SumsInMemory } from "../../../src/query/rollups/sums_in_memory.ts";
import { SHAPES } from "../../../src/query/rollups/shapes.ts";
import { Runner } from "../../../src/query/run.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { pageview } from "../events.ts";
import { type FakeSystem, fakeSystem } from "../fake_system.ts";
import { Draw } from "./random_questions.ts";
import { openFolder, withFolder } from "../storage/storage.ts";

export const SITE = "example.com";
export const MINUTE = 60_000_000;
export const HOUR = 60 * MINUTE;
export const FIRST = "2024-03-01";
const DAYS = 20;
export const NOW = Date.parse("2024-03-20T15:00:00Z");
const METRIC_NAMES = (Object.keys(METRICS) as MetricName[]).filter((name) =>
  name !== "group_conversion_rate"
);
const OF_MONEY = METRIC_NAMES.filter((name) => METRICS[name].unit === "money");

/**
 * Visits of browsers whose ids last for `idDays` UTC days; a visit that is under way keeps its id
 * over one change.
 */
export function randomEvents(seed: number, idDays: number, engaged = false): Event[] {
  const draw = new Draw(seed);
  const events: Event[] = [];
  const fromUs = Date.parse(FIRST) * 1000;
  const periodAt = (us: number) => periodOf(us / 1000, Math.max(1, idDays));
  for (let browser = 0; browser < 25; browser++) {
    const starts = Array.from(
      { length: 12 },
      () =>
        draw.is(0.7)
          ? fromUs + draw.below(DAYS * DAY_US - HOUR)
          : fromUs + (1 + draw.below(DAYS - 1)) * DAY_US - draw.below(HOUR),
    );
    let [lastUs, period] = [-Infinity, 0];
    for (let at of starts.sort((a, b) => a - b)) {
      const source = draw.one(["Google", null, "Bing", "example.org"]);
      at = Math.max(at, lastUs + 1);
      for (let step = 0; step < 1 + draw.below(6) && at < NOW * 1000; step++) {
        const isCarried = at - lastUs <= 30 * MINUTE && periodAt(at) - period <= 1;
        if (!isCarried) period = periodAt(at);
        const visitor = idDays === 0 ? `${browser} ${at}` : `${browser} ${period}`;
        events.push(eventOf(draw, at, visitor, browser, step === 0 ? source : null));
        if (engaged && draw.is(0.4)) events.push(engagementOf(draw, at, visitor));
        lastUs = at;
        at += draw.one([MINUTE, 5 * MINUTE, 30 * MINUTE, 30 * MINUTE + 1, 3 * HOUR]) + step;
      }
    }
  }
  return events.sort((a, b) => a.timestamp - b.timestamp);
}

/** Of an event by its minute: none, some keys, what is no object, and what is no JSON. */
const PROPS = [null, '{"plan":"pro"}', null, '{"plan":"x","n":1,"\u00e4":null}', "{}", "no", "[1]"];

export function eventOf(
  draw: Draw,
  at: number,
  visitor: string,
  browser: number,
  referrer_source: string | null,
): Event {
  const page = draw.one(["/", "/a", "/b", "/c"]);
  return pageview({
    at,
    visitor,
    page,
    title: draw.one([page, page, "Sale", null]),
    name: draw.one(["pageview", "pageview", "signup"]),
    interactive: draw.is(0.3) ? false : null,
    referrer_source,
    hostname: draw.one(["example.com", "www.example.com", null]),
    country_code: draw.one(["DE", "US", "us", null]),
    browser: browser % 2 === 0 ? "Firefox" : "Chrome",
    browser_version: draw.one(["1", "2", null]),
    utm_campaign: draw.one([null, "spring"]),
    referrer: referrer_source === null ? null : draw.one([null, "https://www.bing.com/a"]),
    utm_medium: draw.one([null, null, "cpc"]),
    screen_size: draw.one(["390", "1440", null]),
    props: PROPS[Math.floor(at / MINUTE) % PROPS.length] ?? null,
    ...(draw.is(0.2)
      ? { revenue_amount: draw.below(5000), revenue_currency: draw.one(["EUR", "USD"]) }
      : {}),
  });
}

/** What tells of a page view, some time after an event. */
export function engagementOf(draw: Draw, at: number, visitor: string): Event {
  return pageview({
    at: Math.min(at + draw.one([MINUTE, 20 * MINUTE, 31 * MINUTE, 90 * MINUTE]), NOW * 1000),
    visitor,
    page: draw.one(["/", "/a", "/b", "/c"]),
    name: "engagement",
    engaged_ms: draw.one([0, 4000, 12_000, 1_200_000, 3_600_000]),
    scroll_depth: draw.one([null, 20, 60]),
  });
}

export interface Site {
  readonly zone: string;
  readonly idDays: number;
  /** The session timeout; 30 minutes when missing. */
  readonly gapUs?: number;
}

/** The statements that ran during `work`; the last one gave the answer. */
export async function statementsOf(
  storage: Storage,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const { db } = storage;
  const own = db.query;
  const texts: string[] = [];
  db.query = (statement, limits) => {
    texts.push(statement.text);
    return own.call(db, statement, limits);
  };
  try {
    await work();
  } finally {
    db.query = own;
  }
  return texts;
}

export function builderOf(
  storage: Storage,
  system: FakeSystem,
  { zone, idDays }: Site,
) {
  const settings = { settings: () => Promise.resolve({ ...STANDARD_SETTINGS, zone }) };
  return new RollupBuilder(storage, settings, system.clock, system.log, {
    visitorIdDays: () => idDays,
    eventsMin: 1,
  });
}

export function runnerOf(
  storage: Storage,
  system: FakeSystem,
  site: Site,
  rollups: boolean,
  recent?: RecentVisits,
  closed?: SumsInMemory,
) {
  const { zone, gapUs = STANDARD_SETTINGS.gapUs } = site;
  const settings = {
    settings: () => Promise.resolve({ ...STANDARD_SETTINGS, zone, gapUs }),
  };
  return new Runner(storage.reader, settings, system.clock, {
    ...(recent ? { recent } : {}),
    ...(closed ? { closed } : {}),
    queryTimeoutMs: 60_000,
    cacheTtlMs: 0,
    cacheEntriesMax: 1,
    heavyMax: 10,
    idLife: () => unchangedLife(site.idDays),
    rollups,
  });
}

const IN_MEMORY = new WeakMap<Storage, SumsInMemory>();

/** The sums of a storage that are in memory: each split from its second question on. */
export function sumsInMemory(storage: Storage, { clock, log }: FakeSystem): SumsInMemory {
  const known = IN_MEMORY.get(storage) ??
    new SumsInMemory(storage, clock, log, { askedMin: 1 });
  IN_MEMORY.set(storage, known);
  return known;
}

const PART_NAMES = Object.keys(PART_DIMENSIONS) as DimensionRef[];
const TIMES: readonly (DimensionRef | null)[] = [null, null, "day", "week", "month"];

/** Whole days, or from an hour to an hour. */
function rangeOf(draw: Draw, zone: string): Range {
  const first = dayOfDate(FIRST) + draw.below(DAYS);
  const days = 1 + draw.below(DAYS);
  return draw.is(0.7) ? { ...rangeOfDays(zone, first, first + days), dates: null } : {
    fromUs: startOfDate(zone, dateOfDay(first)) + draw.below(24) * HOUR,
    toUs: startOfDate(zone, dateOfDay(first + days)) + draw.below(24) * HOUR,
    dates: null,
  };
}

function randomQuery(draw: Draw, { zone, gapUs = STANDARD_SETTINGS.gapUs }: Site): Query {
  const shape = draw.one(SHAPES);
  const time = shape.dimensions.includes("hour") ? null : draw.one(TIMES);
  const range = rangeOf(draw, zone);
  const ofOne = draw.is(0.25);
  const filter = ofOne ? filterOfOne(draw) : draw.is(0.4) ? randomFilter(draw) : null;
  const ofVisits = !ofOne && (filter !== null && draw.is(0.8) || draw.is(0.2));
  const names = draw.is(0.1) ? OF_MONEY : METRIC_NAMES;
  const metrics = draw.some(names, 1, 5).filter((name) =>
    (shape.steps && !ofVisits && !ofOne) || METRICS[name].appliesTo !== "pages"
  );
  const scope = {
    site: SITE,
    nowUs: NOW * 1000,
    range,
    zone,
    weekStart: draw.one([1, 7] as const),
    gapUs,
    filter,
    goals: draw.one([[], GOALS.slice(0, 3), GOALS]),
  };
  if (draw.is(0.08)) {
    return queryOf({ ...scope, filter: null }, {
      metrics: metrics.length > 0 ? metrics : ["visitors", "conversion_rate"],
      dimensions: draw.one([["goal"], [time ?? "day", "goal"], ["goal", "page"], ["name", "goal"]]),
    });
  }
  if (ofOne) {
    return queryOf(scope, {
      metrics: metrics.length > 0 ? metrics : ["visitors", "visits"],
      dimensions: draw.is(0.5) ? [draw.one(["day", "week", "month"] as const)] : [],
    });
  }
  if (ofVisits) {
    const refs = draw.some([...PART_NAMES, ...VISIT_DIMENSIONS, ...PART_NAMES], 0, 2);
    return queryOf(scope, {
      metrics: metrics.length > 0 ? metrics : ["visits"],
      dimensions: [...new Set([...(time && refs.length < 2 ? [time] : []), ...refs])],
    });
  }
  return queryOf(scope, {
    metrics: metrics.length > 0 ? metrics : ["visitors"],
    dimensions: [...(time ? [time] : []), ...shape.dimensions],
    ownColumns: shape.ownColumns,
    missing: draw.is(0.3) ? "(unknown)" : null,
    search: shape.dimensions.length > 0 && !time && draw.is(0.1) && shape.name !== "hour"
      ? "o"
      : null,
  });
}

/** Those that are a name of an event and a page, then one that is more. */
const GOALS: Query["goals"] = [
  { name: "Sign up", filter: { op: "is", dimension: "name", values: ["signup"] } },
  { name: "View", filter: { op: "is", dimension: "name", values: ["pageview"] } },
  {
    name: "Page a",
    filter: {
      op: "and",
      of: [
        { op: "is", dimension: "name", values: ["pageview"] },
        { op: "is", dimension: "page", values: ["/a"] },
      ],
    },
  },
  {
    name: "Page",
    filter: {
      op: "and",
      of: [
        { op: "is", dimension: "name", values: ["pageview"] },
        { op: "matches", dimension: "page", values: ["^/[ab]$"] },
      ],
    },
  },
];

const VALUES: Readonly<Record<string, readonly string[]>> = {
  source: ["Google", "Bing", "example.org", "Direct / None"],
  country: ["DE", "us", "(not set)"],
  entry_page: ["/", "/a", "/b"],
  exit_page: ["/", "/c"],
  browser_version: ["1", "(not set)"],
  channel: ["Direct", "Organic Search"],
  entry_hostname: ["example.com", "www.example.com"],
  page: ["/", "/a", "/c"],
  name: ["pageview", "signup"],
  hostname: ["example.com", "(not set)"],
  goal: ["Sign up", "View", "Page a", "Page"],
  title: ["/", "Sale", "(not set)"],
  exit_hostname: ["example.com", "(not set)"],
  referrer_host: ["bing.com", "Direct / None"],
  referrer_source: ["Google", "Direct / None"],
  medium: ["cpc", "(not set)"],
  screen_width: ["390", "(not set)"],
};

/** A condition that one value of a split meets, or several that differ in case. */
function filterOfOne(draw: Draw): CheckedFilter {
  const dimension = draw.one(Object.keys(VALUES)) as DimensionRef;
  const caseSensitive = draw.is(0.2) ? { caseSensitive: true } : {};
  return { op: "is", dimension, values: [draw.one(VALUES[dimension] ?? [])], ...caseSensitive };
}

/** A condition on a value that a visit has one of, or several of them. */
function randomFilter(draw: Draw, depth = 0): CheckedFilter {
  if (depth < 2 && draw.is(0.3)) {
    const of = [randomFilter(draw, depth + 1), randomFilter(draw, depth + 1)] as const;
    const op = draw.one(["and", "or", "not"] as const);
    return op === "not" ? { op, of: [of[0]] } : { op, of };
  }
  const dimension = draw.one(Object.keys(VALUES)) as DimensionRef;
  const op = draw.one(["is", "is", "is_not", "contains"] as const);
  const values = draw.some(VALUES[dimension] ?? [], 1, 2);
  return { op, dimension, values };
}

/**
 * Compares answers about closed days, which are read from files and, when asked for again, from
 * memory; returns how many used what is kept of them.
 */
export async function compare(
  storage: Storage,
  system: FakeSystem,
  site: Site,
  seed: number,
  count = 60,
): Promise<number> {
  const closed = sumsInMemory(storage, system);
  const rolled = runnerOf(storage, system, site, true, undefined, closed);
  const plain = runnerOf(storage, system, site, false);
  const draw = new Draw(seed);
  let used = 0;
  for (let index = 0; index < count; index++) {
    const query = randomQuery(draw, site);
    let found;
    const texts = await statementsOf(storage, async () => {
      found = await rolled.context(SITE).query(query);
    });
    if (texts.slice(-1).some((text) => /currency is (not )?null|is_start|part_/.test(text))) used++;
    if (index % 3 === 0) await closed.make();
    const right = await plain.context(SITE).query(query);
    deepEqual(found, right, JSON.stringify({ ...query, at: index }));
  }
  await compareSteps(storage, system, site, seed, [draw.one(STEPS)]);
  await comparePropKeys([rolled, plain], site, draw);
  return used;
}

/** Compares the keys of custom properties by two runners, over a range that `draw` chooses. */
export async function comparePropKeys(
  [one, other]: readonly [Runner, Runner],
  { zone }: Site,
  draw: Draw,
  range: Range = rangeOf(draw, zone),
): Promise<void> {
  const text = `dimension=props&limit=100${draw.one(["", "", "&text=N"])}`;
  const ask = (runner: Runner) => {
    const params = new Params(new URLSearchParams(text));
    const request = requestOf(range, zone);
    return REPORTS.values.read(params, request)(request, runner.context(SITE));
  };
  deepEqual(await ask(one), await ask(other), JSON.stringify({ range, text }));
}

function requestOf(range: Range, zone: string) {
  return {
    ...{ site: SITE, nowUs: NOW * 1000, range, zone, weekStart: 1 as const, goals: [] },
    ...{ gapUs: STANDARD_SETTINGS.gapUs, filter: null, interval: "day" as const },
    ...{ limit: 100, offset: 0, comparison: null, notes: [], dataFromUs: null },
  };
}

/** Compares answers up to now, by a runner that knows recent visits; returns how many used them. */
export async function compareRecent(
  { storage, system, site }: Pick<Open, "storage" | "system" | "site">,
  recent: RecentVisits,
  seed: number,
  least: number,
): Promise<number> {
  const closed = sumsInMemory(storage, system);
  const known = runnerOf(storage, system, site, true, recent, closed);
  const plain = runnerOf(storage, system, site, false);
  const draw = new Draw(seed);
  const today = dayOfDate(localDate(site.zone, system.clock.nowMs() * 1000));
  let used = 0;
  for (let index = 0; index < (used < least ? 20 : 4); index++) {
    const first = today - draw.one([0, 0, 1, 4, 12, 40]);
    const back = draw.is(0.2) ? draw.below(24) * HOUR : 0;
    const { fromUs, toUs } = rangeOfDays(site.zone, first, today + 1);
    const range = { fromUs: fromUs - back, toUs, dates: null };
    const query = { ...randomQuery(draw, site), range };
    let found;
    const texts = await statementsOf(storage, async () => {
      found = await known.context(SITE).query(query);
    });
    if (texts.some((text) => text.includes(`from "rollup_rows_recent`))) used++;
    if (index % 3 === 0) await closed.make();
    const right = await plain.context(SITE).query(query);
    deepEqual(found, right, JSON.stringify({ ...query, at: index }));
    await comparePropKeys([known, plain], site, draw, range);
  }
  // It takes as long as ten questions.
  if (seed % 3 === 1) {
    const why = `period=7d&metric=${draw.one(WHY_METRICS)}${draw.one(WHY_FILTERS)}`;
    deepEqual(await whyOf(known, why), await whyOf(plain, why), why);
  }
  return used;
}

/** What was counted over the four days up to one: each number can only grow with more events. */
export async function countsOf(
  runner: Runner,
  { zone }: Site,
  day: number,
): Promise<readonly number[]> {
  const metrics = ["visitors", "visits", "pageviews", "events"] as const;
  const scope = {
    site: SITE,
    nowUs: NOW * 1000,
    range: rangeOfDays(zone, day - 3, day + 1),
    zone,
    weekStart: 1 as const,
    gapUs: STANDARD_SETTINGS.gapUs,
    filter: null,
    goals: [],
  };
  const { rows } = await runner.context(SITE).query(queryOf(scope, { metrics }));
  return metrics.map((name) => Number(rows[0]?.values[name]));
}

export async function compareRetention(
  storage: Storage,
  system: FakeSystem,
  site: Site,
  seed: number,
): Promise<void> {
  const rolled = runnerOf(storage, system, site, true);
  const plain = runnerOf(storage, system, site, false);
  const draw = new Draw(seed);
  const days = `${dateOfDay(dayOfDate(FIRST) + draw.below(DAYS))}`;
  for (const more of ["weeks=3", `detail=true&cohorts=${draw.one(["day", "week"])}&count=5`]) {
    const filter = draw.is(0.5) ? "&filters=is(page,/a)" : "&filters=is_not(country,DE)";
    const text = `site_id=${SITE}&start_date=${FIRST}&end_date=${days}&${more}${filter}`;
    const [found, right] = await Promise.all(
      [rolled, plain].map((runner) =>
        runner.answer("retention", REPORTS.retention, SITE, new Params(new URLSearchParams(text)))
      ),
    );
    deepEqual(found, right, text);
  }
}

const STEPS: readonly (readonly [name: keyof typeof REPORTS, params: string])[] = [
  ["funnel", "steps=page:/,page:/a,event:signup&window=1 day"],
  ["funnel", "steps=page:/,page:/*&window=1 day&order=consecutive"],
  ["funnel", "steps=page:/a,event:signup&window=1 hour&detail=true"],
  ["funnel", "steps=page:/,page:/*,page:/b&window=1 day"],
  ["funnel", "steps=page:/,page:/b,event:signup&window=5 hours&order=any_order&detail=true"],
  ["sequences", "steps=page:/,event:signup"],
  ["sequences", "steps=page:/,page:/*,event:signup"],
  ["sequences", "steps=page:/,within 1 hour,event:signup&detail=true"],
  ["flow", "page=/a"],
  ["flow", "page=/b"],
  ["funnel", "steps=page:/b,event:signup&window=3 hours"],
  ["sequences", "steps=page:/c,event:signup,page:/a"],
  ["flow", "page=/&detail=true&depth=3"],
  ["flow", "detail=true&depth=4&of=events&direction=previous&page=/a"],
  ["retention", "detail=true&cohorts=day&count=5&first=page:/&again=event:signup"],
  ["export", "format=json"],
  ["values", "dimension=hostname&limit=100"],
];
const STEP_FILTERS = [
  "",
  "is_not(country,DE)",
  "is(source,Google)",
  "is(page,/a)",
  "is(entry_page,/)",
];

/**
 * Reports about the order of events: from stored visits, and from events alone. Resolves with how
 * many read stored visits.
 */
export async function compareSteps(
  storage: Storage,
  system: FakeSystem,
  site: Site,
  seed: number,
  asked = STEPS,
): Promise<number> {
  const rolled = runnerOf(storage, system, site, true);
  const plain = runnerOf(storage, system, site, false);
  const draw = new Draw(seed);
  const dayAt = (day: number) => dateOfDay(dayOfDate(FIRST) + day);
  let used = 0;
  for (const [name, own] of asked) {
    const first = draw.below(DAYS - 1);
    const last = first + draw.below(DAYS + 1 - first);
    const filter = draw.one(STEP_FILTERS);
    const range = `start_date=${dayAt(first)}&end_date=${dayAt(last)}`;
    const text = `site_id=${SITE}&${range}&${own}${filter === "" ? "" : `&filters=${filter}`}`;
    const ask = (runner: Runner) =>
      runner.answer(name, REPORTS[name], SITE, new Params(new URLSearchParams(text)));
    let found;
    const texts = await statementsOf(storage, async () => {
      found = await ask(rolled);
    });
    if (texts.some((one) => one.includes("part_us"))) used++;
    deepEqual(found, await ask(plain), text);
  }
  return used;
}

const EVENT_COLUMNS = ["visitor_id", "timestamp", ...Object.values(PART_DIMENSIONS)] as const;

/**
 * The events that reports read, each row with how often it occurs: from stored visits, and from
 * events alone. Resolves with how many questions read stored visits.
 */
export async function compareEvents(
  storage: Storage,
  system: FakeSystem,
  site: Site,
  seed: number,
  count = 20,
): Promise<number> {
  const rolled = runnerOf(storage, system, site, true);
  const plain = runnerOf(storage, system, site, false);
  const draw = new Draw(seed);
  let used = 0;
  for (let index = 0; index < count; index++) {
    const filter = draw.is(0.5) ? randomFilter(draw) : null;
    const base = { interval: "day", limit: 9, offset: 0, comparison: null, notes: [] } as const;
    const request = { ...randomQuery(draw, site), ...base, filter };
    const columns = draw.some([...EVENT_COLUMNS], 1, EVENT_COLUMNS.length);
    const ask = (runner: Runner) =>
      runner.context(SITE).matching(
        request,
        columns,
        (events) =>
          sql`select columns(*)::text, count(*) as n from ${events} group by all order by all`,
      );
    let found;
    const texts = await statementsOf(storage, async () => {
      found = await ask(rolled);
    });
    if (texts.some((text) => text.includes("part_us"))) used++;
    deepEqual(found, await ask(plain), JSON.stringify({ ...request, columns, at: index }));
  }
  return used;
}

/** Events that are hard to tell apart: equal ones, of one time, without a host, of odd texts. */
export function oddEvents(draw: Draw): Event[] {
  const days = Array.from({ length: 8 }, () => draw.below(DAYS - 1));
  return days.flatMap((day, visit) => {
    const at = Date.parse(FIRST) * 1000 + day * DAY_US + 23 * HOUR + draw.below(HOUR);
    const text = draw.one(["/?q=1", "/\u{1F986}'\"", "/%00%", "/ ", "/a?b=\\"]);
    const of = (step: number) =>
      pageview({
        at: at + step,
        visitor: `odd ${visit} ${day}`,
        page: draw.one([text, "/", "/a"]),
        name: draw.one(["pageview", "signup", text]),
        hostname: draw.one([null, "example.com", "xn--bcher-kva.example", text]),
      });
    const equals = Array<Event>(visit === 0 ? 1000 : 3).fill(of(0));
    return [...equals, ...[0, 0, 1, 20 * MINUTE, 20 * MINUTE, 49 * MINUTE].map(of)];
  });
}

const WHY_METRICS = ["visitors", "pageviews", "bounce_rate", "conversion_rate"];
const WHY_FILTERS = ["", "&filters=is(page,/a)", "&filters=is(source,Google)"];

/**
 * Explained changes: from stored visits, and from events alone. Each metric with a filter, another
 * one in each of three turns; all of them where the seeds are chosen.
 */
export async function compareWhy(
  storage: Storage,
  system: FakeSystem,
  site: Site,
  turn: number,
): Promise<void> {
  const closed = sumsInMemory(storage, system);
  const runners = [true, false].map((rollups) =>
    runnerOf(storage, system, site, rollups, undefined, closed)
  );
  const range = "start_date=2024-03-11&end_date=2024-03-20";
  for (const [index, metric] of WHY_METRICS.entries()) {
    for (const [at, filter] of WHY_FILTERS.entries()) {
      if (!IS_THOROUGH && at !== (index + turn) % WHY_FILTERS.length) continue;
      const [found, right] = await Promise.all(
        runners.map((runner) => whyOf(runner, `${range}&metric=${metric}${filter}`)),
      );
      ok(metric.endsWith("_rate") || Object.keys(right ?? {}).length > 5, `${metric}${filter}`);
      deepEqual(found, right, `${metric}${filter}`);
    }
  }
}

/** Whether the seeds are chosen, for a longer run. */
const IS_THOROUGH = Deno.env.has("MALLARD_TEST_SEEDS");

/** What is said of each value, since the range before; `asked` are the other parameters. */
async function whyOf(runner: Runner, asked: string) {
  const text = `site_id=${SITE}&compare=previous_period&limit=1000&${asked}`;
  const params = new Params(new URLSearchParams(text));
  const answer = await runner.answer("why", REPORTS.why, SITE, params) as WhyAnswer;
  return Object.fromEntries(answer.results.map((row) => [
    `${row.dimension} ${row.value}`,
    [row.now, row.before, Math.fround(row.difference), Math.fround(row.share ?? 0)],
  ]));
}

export const SEEDS = (Deno.env.get("MALLARD_TEST_SEEDS") ?? "7").split(",").map(Number);
export const NEVER = new AbortController().signal;

export interface Open {
  readonly system: FakeSystem;
  readonly folder: string;
  readonly site: Site;
  storage: Storage;
  build(): Promise<number>;
  reopen(): Promise<void>;
}

/** Questions about engagements take three times as long. */
function hasEngagements({ zone }: Site): boolean {
  return zone === "UTC" || IS_THOROUGH;
}

/**
 * Opens a folder, fills it with random events from a day on, and builds what is due; where
 * `beforeMs` is given, at a time so long before, too.
 */
export async function withSite(
  site: Site,
  seed: number,
  work: (open: Open) => Promise<void>,
  { isEngaged = hasEngagements(site), from = FIRST, others = [], openStorage = openFolder, ...own }:
    {
      readonly beforeMs?: number;
      readonly isEngaged?: boolean;
      readonly from?: string;
      readonly others?: readonly Event[];
      readonly openStorage?: (folder: string, system: FakeSystem) => Promise<Storage>;
    } = {},
): Promise<void> {
  await withFolder(async (folder) => {
    const beforeMs = own.beforeMs ?? 0;
    const system = fakeSystem({ nowMs: NOW - beforeMs });
    const open: Open = {
      system,
      folder,
      site,
      storage: await openStorage(folder, system),
      async build() {
        const builder = builderOf(this.storage, system, site);
        await builder.run(NEVER);
        equal(builder.counts.failures, 0, JSON.stringify(system.lines.at(-1)));
        return builder.counts.days;
      },
      async reopen() {
        await this.storage.close();
        this.storage = await openStorage(folder, system);
      },
    };
    try {
      const fromUs = Date.parse(from) * 1000;
      const events = [...randomEvents(seed, site.idDays, isEngaged), ...others];
      await open.storage.append(events.filter(({ timestamp }) => timestamp >= fromUs));
      await open.storage.flusher.flush();
      await open.build();
      if (beforeMs > 0) {
        system.clock.advance(beforeMs);
        ok(await open.build() > 0);
      }
      await work(open);
    } finally {
      await open.storage.close();
    }
  });
}

/** Paths of the files of rollups and visits in a data folder. */
export async function rollupFilesOf(folder: string): Promise<string[]> {
  return (await fakeSystem().files.tree(`${folder}/rollups`)).sort();
}
