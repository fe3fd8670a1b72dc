// Answers over imported days and own events together: each is the answer of the events alone and
// the numbers of the import's file, counted by the test, put together.
import assert from "node:assert/strict";
import type { Event } from "../../../src/core/event.ts";
import { dayOfDate } from "../../../dashboard/grammar/days.js";
import { rangeOfDays } from "../../../src/core/period.ts";
import type { Answer, AnswerRow } from "../../../src/query/answer.ts";
import type { DimensionRef } from "../../../src/query/dimensions.ts";
import type { MetricName } from "../../../src/query/metrics.ts";
import { type CheckedFilter, queryOf } from "../../../src/query/query.ts";
import { Params } from "../../../src/query/params.ts";
import { REPORTS } from "../../../src/query/reports/reports.ts";
import { Runner } from "../../../src/query/run.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem, seededRandom } from "../../support/fake_system.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { importFiles, importsOf, running, SITE } from "../../support/storage/imports.ts";
import {
  datesFrom,
  type PlausibleRow,
  type PlausibleTables,
  plausibleTables,
  plausibleZip,
  sumOf,
} from "../../support/storage/plausible_export.ts";
import { accept, openFolder, withFolder } from "../../support/storage/storage.ts";

const DATES = datesFrom("2023-11-20", 14);
const OWN_DATES = datesFrom("2023-12-04", 6);

/** What a row adds up to. */
interface Sums {
  readonly visitors: number;
  readonly visits: number;
  readonly pageviews: number;
  readonly bounces: number;
  readonly secs: number;
}
const METRICS: readonly MetricName[] = [
  ...["visitors", "visits", "pageviews", "bounce_rate", "visit_duration"] as const,
  "views_per_visit",
];

/** Which table answers a dimension, and what its rows are called. */
const TABLES: readonly {
  readonly ref: DimensionRef;
  readonly table: string;
  readonly key: (row: PlausibleRow) => string;
}[] = [
  { ref: "source", table: "sources", key: named("source", "Direct / None") },
  { ref: "utm_campaign", table: "sources", key: named("utm_campaign") },
  { ref: "country", table: "locations", key: named("country") },
  {
    ref: "browser",
    table: "browsers",
    key: ({ browser }) => String(browser).split(" ").at(-1) ?? "",
  },
  {
    ref: "os",
    table: "operating_systems",
    key: ({ operating_system: os }) => os === "Mac" ? "macOS" : "Linux",
  },
  {
    ref: "device",
    table: "devices",
    key: ({ device }) => device === "Mobile" ? "mobile" : "desktop",
  },
  { ref: "entry_page", table: "entry_pages", key: named("entry_page") },
  { ref: "exit_page", table: "exit_pages", key: named("exit_page") },
];

function named(column: string, missing = "(not set)") {
  return (row: PlausibleRow) => String(row[column] ?? "") || missing;
}

function ownEvents(): Event[] {
  const random = seededRandom(5);
  const one = <T>(list: readonly T[]): T => {
    const [at = 0] = random.bytes(1);
    const found = list[at % list.length];
    if (found === undefined) throw new RangeError("Cannot draw from an empty list");
    return found;
  };
  return Array.from({ length: 300 }, (_, n) =>
    pageview({
      at: `${one(OWN_DATES)} ${String(n % 24).padStart(2, "0")}:${String(n % 60).padStart(2, "0")}`,
      visitor: `v${one([1, 2, 3, 4, 5, 6, 7, 8, 9])}`,
      page: one(["/", "/docs", "/own"]),
      browser: one(["Chrome", "Safari"]),
      os: one(["macOS", null]),
      device_type: one(["desktop", "mobile"]),
      country_code: one(["DE", "FR", null]),
      referrer_source: one(["Google", null]),
      utm_campaign: one(["spring", null]),
    })).sort((a, b) => a.timestamp - b.timestamp);
}

function sumsOf({ values }: AnswerRow): Sums {
  const number = (name: MetricName) => Number(values[name] ?? 0);
  const visits = number("visits");
  return {
    visitors: number("visitors"),
    visits,
    pageviews: number("pageviews"),
    bounces: Math.round(number("bounce_rate") * visits),
    secs: Math.round(number("visit_duration") * visits),
  };
}

function added(a: Sums | undefined, b: Sums): Sums {
  if (!a) return b;
  return {
    visitors: a.visitors + b.visitors,
    visits: a.visits + b.visits,
    pageviews: a.pageviews + b.pageviews,
    bounces: a.bounces + b.bounces,
    secs: a.secs + b.secs,
  };
}

/** What the file says of some of its rows. */
function counted(rows: readonly PlausibleRow[]): Sums {
  return {
    visitors: sumOf(rows, "visitors"),
    visits: sumOf(rows, "visits") + sumOf(rows, "entrances") + sumOf(rows, "exits"),
    pageviews: sumOf(rows, "pageviews"),
    bounces: sumOf(rows, "bounces"),
    secs: sumOf(rows, "visit_duration"),
  };
}

/** A question, and which rows of the file answer it under which keys. */
interface Drawn {
  readonly range: ReturnType<typeof rangeOfDays>;
  readonly dimensions: readonly DimensionRef[];
  readonly filter: CheckedFilter | null;
  readonly rows: (tables: PlausibleTables) => readonly PlausibleRow[];
  readonly keys: (row: PlausibleRow) => readonly (string | number)[];
}

function draw(random: ReturnType<typeof seededRandom>): Drawn {
  const below = (count: number) => (random.bytes(1)[0] ?? 0) % count;
  const first = dayOfDate("2023-11-18") + below(20);
  const last = first + 1 + below(20);
  const of = TABLES[below(TABLES.length)] ?? TABLES[0];
  if (!of) throw new RangeError("Cannot draw a table");
  const time = ([null, "day", "week", "month", "day_of_week"] as const)[below(5)] ?? null;
  const isSplit = below(2) === 0;
  const isFiltered = below(3) === 0;
  const value = ["Google", "spring", "DE", "Chrome", "macOS", "desktop", "/docs"][below(7)] ?? "";
  const op = below(2) === 0 ? "is" as const : "is_not" as const;
  const table = isSplit || isFiltered ? of.table : "visitors";
  const inRange = (row: PlausibleRow) => {
    const day = dayOfDate(String(row["date"]));
    const kept = !isFiltered || (of.key(row) === value) === (op === "is");
    return day >= first && day < last && kept;
  };
  const bucket = (date: string): string | number => {
    const day = dayOfDate(date);
    const at = (start: number) => Math.max(start, first) * 86_400_000_000;
    if (time === "day") return at(day);
    if (time === "week") return at(day - (day + 3) % 7);
    if (time === "month") return at(dayOfDate(`${date.slice(0, 7)}-01`));
    return String((day + 3) % 7 + 1);
  };
  return {
    range: rangeOfDays("UTC", first, last),
    dimensions: [...time ? [time] : [], ...isSplit ? [of.ref] : []],
    filter: isFiltered ? { op, dimension: of.ref, values: [value] } : null,
    rows: (tables) => (tables[table] ?? []).filter(inRange),
    keys: (row) => [
      ...time ? [bucket(String(row["date"]))] : [],
      ...isSplit ? [of.key(row)] : [],
    ],
  };
}

function tableOf({ rows }: Answer): Map<string, Sums> {
  return new Map(rows.map((row) => [JSON.stringify(row.keys), sumsOf(row)]));
}

Deno.test("addedTo() adds imported days to events, as counted from the file", async () => {
  const tables = plausibleTables(DATES);
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    await accept(storage, ownEvents());
    await storage.flusher.flush();
    const runner = runnerOf(storage, system);
    const random = seededRandom(11);
    const drawn = Array.from({ length: 25 }, () => draw(random));
    const ask = ({ range, dimensions, filter }: Drawn) =>
      runner.context(SITE).query(queryOf({
        site: SITE,
        nowUs: 0,
        range,
        zone: "UTC",
        weekStart: 1,
        gapUs: STANDARD_SETTINGS.gapUs,
        filter,
        goals: [],
      }, { metrics: METRICS, dimensions }));
    const before = [];
    for (const one of drawn) before.push(tableOf(await ask(one)));
    const imports = await importsOf(folder, system, storage);
    const done = await importFiles(running(imports), { "export.zip": plausibleZip(tables) });
    assert.equal(done.state, "done", done.report.error);
    for (const [index, one] of drawn.entries()) {
      const expected: Map<string, Sums> = new Map(before[index]);
      for (const row of one.rows(tables)) {
        const key = JSON.stringify(one.keys(row));
        expected.set(key, added(expected.get(key), counted([row])));
      }
      const sorted = (rows: Map<string, Sums>) => [...rows].sort(([a], [b]) => a < b ? -1 : 1);
      const found = tableOf(await ask(one));
      assert.deepEqual(sorted(found), sorted(expected), JSON.stringify(one));
    }
    await imports.end(done.id);
    for (const [index, one] of drawn.entries()) {
      assert.deepEqual(tableOf(await ask(one)), before[index], "undone");
    }
    await storage.close();
  });
});

/** The answer of a report with its meta, as a caller gets it. */
async function asked(runner: Runner, name: keyof typeof REPORTS, text: string, asker = {}) {
  const params = new Params(new URLSearchParams(text));
  const { answer, meta } = await runner.answerWithMeta(name, REPORTS[name], SITE, params, asker);
  return { answer: answer as Record<string, unknown>, meta };
}

Deno.test("reports say which imported days they have and leave out, and why", async () => {
  const tables = plausibleTables(DATES);
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const files = { "export.zip": plausibleZip(tables) };
    const done = await importFiles(running(imports), files);
    assert.equal(done.state, "done", done.report.error);
    assert.equal(done.report.totals?.pageviews, sumOf(tables["visitors"], "pageviews"));
    assert.equal((await importFiles(running(imports), files)).id, done.id);
    const runner = runnerOf(storage, system);
    const days = {
      import: done.id,
      label: "Plausible (export of tables)",
      from: "2023-11-20",
      to: "2023-12-03",
      days: 14,
    };
    const whole = "start_date=2023-11-01&end_date=2023-12-31";

    const main = await asked(runner, "main", whole);
    assert.equal(main.answer["unique_visitors"], sumOf(tables["visitors"], "visitors"));
    assert.equal(main.answer["total_pageviews"], sumOf(tables["visitors"], "pageviews"));
    const names = ["visitors", "pageviews", "bounce_rate", "visit_duration", "views_per_visit"];
    assert.deepEqual(main.meta.imported, [{ ...days, metrics: names }]);
    assert.deepEqual(main.answer["meta"], main.meta);
    assert.deepEqual(main.meta.notes?.map(({ code }) => code), ["visitors_summed"]);
    assert.equal(main.meta.left_out, undefined);

    await checkBegins(runner);
    await checkReasons(runner, whole);
    await checkOtherTables(runner, tables, whole);

    // Erased days are in no answer, and nothing of them is left.
    await storage.eraser.erase(SITE, "2023-11-20", "2023-11-30");
    const rest = await asked(runner, "main", whole);
    const kept = (row: PlausibleRow) => String(row["date"]) > "2023-11-30";
    const left = sumOf(tables["visitors"], "visitors", kept);
    assert.equal(rest.answer["unique_visitors"], left);
    assert.equal(rest.meta.imported?.[0]?.days, 3);
    await storage.expiry.expire(SITE, 30, Date.parse("2024-01-01T12:00:00Z"));
    const late = await asked(runner, "main", whole);
    const last = (row: PlausibleRow) => String(row["date"]) > "2023-12-01";
    assert.equal(late.answer["unique_visitors"], sumOf(tables["visitors"], "visitors", last));
    await storage.close();
  });
});

/** Imported days are data: comparisons are whole from the first of them on. */
async function checkBegins(runner: Runner) {
  const beginsOf = async (dates: string) => {
    const { meta } = await asked(runner, "main", `${dates}&compare=previous_period`);
    return meta.data_from;
  };
  const begins = "2023-11-20T00:00:00.000Z";
  assert.equal(await beginsOf("start_date=2023-11-22&end_date=2023-11-26"), begins);
  assert.equal(await beginsOf("start_date=2023-11-24&end_date=2023-11-28"), undefined);
  assert.equal(await beginsOf("start_date=2023-11-28&end_date=2023-12-02"), undefined);
}

/** Why days are left out of questions that sums cannot answer. */
async function checkReasons(runner: Runner, whole: string) {
  const reasonsOf = async (name: keyof typeof REPORTS, text: string, asker = {}) => {
    const { meta } = await asked(runner, name, `${whole}&${text}`, asker);
    return meta.left_out?.map(({ from, to, reason, metrics }) => [from, to, reason, metrics]);
  };
  const all = ["2023-11-20", "2023-12-03"] as const;
  const filter = encodeURIComponent("is(page,/);is(source,Google)");
  assert.deepEqual(await reasonsOf("query", `filters=${filter}`), [
    [...all, "filter", undefined],
  ]);
  assert.deepEqual(await reasonsOf("query", "dimensions=page,source"), [
    [...all, "dimension", undefined],
  ]);
  assert.deepEqual(await reasonsOf("query", "dimensions=hour_of_day"), [
    [...all, "time", undefined],
  ]);
  assert.deepEqual(await reasonsOf("query", "metrics=visitors,exit_rate&dimensions=page"), [
    [...all, "metrics", ["exit_rate"]],
  ]);
  assert.deepEqual(await reasonsOf("retention", "period=all"), [[...all, "report", undefined]]);
  const half = "start_date=2023-11-20T12:00&end_date=2023-11-22T00:00";
  const cut = await asked(runner, "query", half);
  assert.deepEqual(cut.meta.left_out?.map(({ from, to, reason }) => [from, to, reason]), [
    ["2023-11-20", "2023-11-20", "part_of_day"],
  ]);
  const stranger = { caller: { kind: "stranger", key: "1", isPublicOnly: true } };
  assert.deepEqual(await reasonsOf("query", "dimensions=referrer", stranger), [
    [...all, "public", undefined],
  ]);
}

/** The tables that the random comparison does not ask. */
async function checkOtherTables(runner: Runner, tables: PlausibleTables, whole: string) {
  const rowsOf = async (text: string) => {
    const { answer } = await asked(runner, "query", `${whole}&${text}`);
    const rows = answer["results"] as { dimensions: string[]; metrics: Record<string, number> }[];
    return new Map(rows.map((row) => [row.dimensions.join(" "), row.metrics]));
  };
  const docs = (row: PlausibleRow) => row["page"] === "/docs";
  const pages = await rowsOf(
    "dimensions=page&metrics=visitors,pageviews,time_on_page,scroll_depth",
  );
  const timed = tables["pages"];
  assert.deepEqual(pages.get("/docs"), {
    visitors: sumOf(timed, "visitors", docs),
    pageviews: sumOf(timed, "pageviews", docs),
    time_on_page: sumOf(timed, "total_time_on_page", docs) /
      sumOf(timed, "total_time_on_page_visits", docs),
    scroll_depth: sumOf(timed, "total_scroll_depth", docs) /
      sumOf(timed, "total_scroll_depth_visits", docs),
  });
  const events = await rowsOf("dimensions=name&metrics=visitors,events");
  const custom = tables["custom_events"];
  const signup = (row: PlausibleRow) => row["name"] === "Signup";
  assert.equal(events.get("Signup")?.["events"], sumOf(custom, "events", signup));
  assert.equal(events.get("pageview")?.["events"], sumOf(tables["visitors"], "pageviews"));
  assert.equal(events.size, 4);
  const plans = await rowsOf("dimensions=props:plan&metrics=events");
  const pro = (row: PlausibleRow) => row["value"] === "pro";
  assert.equal(plans.get("pro")?.["events"], sumOf(tables["custom_props"], "events", pro));
  const all = await rowsOf("metrics=events");
  const counted = sumOf(custom, "events") + sumOf(tables["visitors"], "pageviews");
  assert.equal(all.get("")?.["events"], counted);
  const shares = await rowsOf("dimensions=device&metrics=percentage");
  const mobile = (row: PlausibleRow) => row["device"] === "Mobile";
  assert.equal(
    shares.get("mobile")?.["percentage"],
    sumOf(tables["devices"], "visitors", mobile) / sumOf(tables["visitors"], "visitors"),
  );
  const channels = await rowsOf("dimensions=channel&metrics=visits");
  const mail = (row: PlausibleRow) => row["utm_medium"] === "email";
  assert.equal(channels.get("Email")?.["visits"], sumOf(tables["sources"], "visits", mail));
}

function runnerOf(
  storage: Awaited<ReturnType<typeof openFolder>>,
  system: ReturnType<typeof fakeSystem>,
): Runner {
  const settings = { settings: () => Promise.resolve(STANDARD_SETTINGS) };
  return new Runner(storage.reader, settings, system.clock, {
    queryTimeoutMs: 60_000,
    cacheTtlMs: 60_000,
    cacheEntriesMax: 100,
    heavyMax: 10,
    sums: storage.sums,
  });
}
