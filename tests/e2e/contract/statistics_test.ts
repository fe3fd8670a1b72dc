// docs/compatibility.md: every statistics route of a running server over back-dated Parquet
// files, against numbers counted by hand and by brute force.
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import {
  checkRefusal,
  clause,
  ContractServer,
  everyRow,
  makeFolder,
  type Reply,
  type StoredRow,
  writePartition,
} from "../../support/server/contract_server.ts";
import {
  dateOf,
  datesBetween,
  dateUs,
  days,
  eventStep,
  flow,
  funnel,
  lines,
  pageStep,
  retention,
  type Sample,
  samples,
  sequence,
  stamp,
  totals,
} from "../../support/numbers/contract_numbers.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TODAY = new Date().toISOString().slice(0, 10);
const day = (offset: number) => dateOf(dateUs(TODAY) + offset * DAY);

const dataDir = await makeFolder();
const duckdb = await openDuckDb();

function rowOf(event: Sample): StoredRow {
  return {
    visitor_id: event.visitor,
    timestamp: stamp(event.us),
    event_name: event.name,
    pathname: event.page,
    referrer_source: event.source,
    browser: event.browser,
    os: event.os,
    device_type: event.device,
    country_code: event.country,
  };
}

/** Writes events of a site into files by day, every other event into a second file of its day. */
async function write(site: string, events: readonly Sample[], folder = dataDir): Promise<void> {
  for (const [date, list] of Map.groupBy(events, ({ us }) => dateOf(us))) {
    for (const [at, name] of ["0001.parquet", "0002.parquet"].entries()) {
      const part = list.filter((_event, index) => index % 2 === at);
      if (part.length > 0) {
        await writePartition(duckdb, folder, { site, date, name }, part.map(rowOf));
      }
    }
  }
}

/** An event of visitor `visitor` at a time of day of a date. */
function at(date: string, time: string, visitor: string, more: Partial<Sample> = {}): Sample {
  const [clock = "", part = "0"] = time.split(".");
  const us = Date.parse(`${date}T${clock}Z`) * 1000 + Number(part.padEnd(6, "0"));
  const nothing = { source: null, browser: null, os: null, device: null, country: null };
  return { visitor, us, name: "pageview", page: "/", ...nothing, ...more };
}

const RANDOM = samples("2024-02-26", 90);
const NOISE = samples("2024-02-26", 30, 7).map((event) => ({ ...event, page: "/noise" }));

/** Visits whose gaps are at the limit, over a midnight, and without a pageview. */
const GAPS = [
  at("2024-05-01", "10:00:00", "exact"),
  at("2024-05-01", "10:30:00", "exact"),
  at("2024-05-01", "10:00:00", "split"),
  at("2024-05-01", "10:30:00.000001", "split"),
  at("2024-05-01", "23:50:00", "midnight"),
  at("2024-05-02", "00:10:00", "midnight"),
  at("2024-05-02", "00:40:00", "midnight"),
  at("2024-05-03", "12:00:00", "custom", { name: "b" }),
  at("2024-05-03", "12:00:00", "both"),
  at("2024-05-03", "12:05:00", "both", { name: "b" }),
  at("2024-05-03", "12:00:00", "lone"),
];

/** Days of today's periods, with an event at each end of each day; some are still to come. */
const RECENT = [-90, -89, -30, -29, -7, -6, -1, 0, 1].flatMap((offset) => [
  at(day(offset), "00:00:00", `first ${offset}`),
  at(day(offset), "23:59:59.999999", `last ${offset}`),
]);
const HOURS = ["01:00:00", "01:59:59.999999", "02:00:00", "12:30:00"].map((time) =>
  at(TODAY, time, `hour ${time}`)
);

/** Cells that a spreadsheet could run, and cells that CSV has to quote. */
const CELLS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", 'say "x"', "a,b", "two\nlines", "'x", "/=x"];
const EXPORTED = CELLS.flatMap((cell, index) => {
  const date = dateOf(dateUs("2024-06-01") + index * DAY);
  return [
    at(date, "08:00:00", "one", { page: cell, source: "Google" }),
    at(date, "09:00:00", "two", { page: cell, source: cell, name: "b" }),
    at(date, "10:00:00", "three", { page: cell, source: cell }),
    at(date, "11:00:00", "four", { page: "/", source: cell }),
  ];
});

const TIES = ["/b", "/a", "/C", "/c", "/B", "/ü", "/0", "/_", "/~", "/z", "/y", "/x"].map((page) =>
  at("2024-07-01", "08:00:00", page, { page })
);

/** Funnels at the edges of window and range. */
const STEPS = [
  at("2024-08-01", "08:00:00", "inside", { page: "/s1" }),
  at("2024-08-01", "09:00:00", "inside", { page: "/s2" }),
  at("2024-08-01", "08:00:00", "outside", { page: "/s1" }),
  at("2024-08-01", "09:00:00.000001", "outside", { page: "/s2" }),
  at("2024-08-01", "08:00:00", "again", { page: "/s1" }),
  at("2024-08-01", "09:30:00", "again", { page: "/s1" }),
  at("2024-08-01", "10:00:00", "again", { page: "/s2" }),
  at("2024-08-01", "08:00:00", "backward", { page: "/s2" }),
  at("2024-08-01", "08:10:00", "backward", { page: "/s1" }),
  at("2024-08-01", "08:00:00", "before", { page: "/s1" }),
  at("2024-08-01", "08:10:00", "before", { name: "b", page: "/s2" }),
  at("2024-07-31", "23:59:59.999999", "edge", { page: "/s1" }),
  at("2024-08-01", "00:00:00", "edge", { page: "/s2" }),
];

const FLOWS = [
  at("2024-09-02", "08:00:00", "plain", { page: "/f" }),
  at("2024-09-02", "08:01:00", "plain", { page: "/next" }),
  at("2024-09-02", "08:00:00", "custom", { page: "/f" }),
  at("2024-09-02", "08:01:00", "custom", { page: "/wrong", name: "b" }),
  at("2024-09-02", "08:02:00", "custom", { page: "/next" }),
  at("2024-09-02", "08:00:00", "exit", { page: "/f" }),
  at("2024-09-02", "08:00:00", "other", { page: "/g" }),
  at("2024-09-02", "08:05:00", "other", { page: "/next" }),
  ...Array.from({ length: 12 }, (_, index) => [
    at("2024-09-02", "08:00:00", `more ${index}`, { page: "/f" }),
    at("2024-09-02", "08:01:00", `more ${index}`, { page: `/p${String(index).padStart(2, "0")}` }),
  ]).flat(),
];

const THIS_WEEK = [at(day(0), "00:00:00", "new")];

await write("random.example", RANDOM);
await write("noise.example", NOISE);
await write("gaps.example", GAPS);
await write("recent.example", [...RECENT, ...HOURS]);
await write("export.example", EXPORTED);
await write("ties.example", TIES);
await write("steps.example", STEPS);
await write("flows.example", FLOWS);
await write("week.example", THIS_WEEK);
const server = await ContractServer.start({ dataDir });
Deno.test.afterAll(async () => {
  await server.end();
  duckdb.close();
  await Deno.remove(dataDir, { recursive: true });
});

type Fields = Readonly<Record<string, string | number>>;

function ask(report: string, fields: Fields): Promise<Reply> {
  const query = new URLSearchParams(
    Object.entries(fields).map(([name, value]) => [name, `${value}`]),
  );
  return server.get(`/api/stats/${report}?${query}`);
}

async function read<T>(report: string, fields: Fields): Promise<T> {
  const reply = await ask(report, fields);
  equal(reply.status, 200, `${report} ${JSON.stringify(fields)}: ${reply.text}`);
  return reply.json<T>();
}

const range = (site_id: string, start_date: string, end_date: string) => ({
  site_id,
  start_date,
  end_date,
});

/** The named fields alone: an answer may have more. */
function only<T extends object>(row: T, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, (row as Record<string, unknown>)[name]]));
}

function near(found: unknown, expected: number, what: string): void {
  equal(typeof found, "number", what);
  const distance = Math.abs(Number(found) - expected);
  ok(distance <= 1e-9 * Math.max(1, Math.abs(expected)), `${what}: ${found}, not ${expected}`);
}

const RANGES: readonly (readonly [from: string, to: string])[] = [
  ["2024-02-26", "2024-03-20"],
  ["2024-02-26", "2024-02-27"],
  ["2024-02-28", "2024-03-01"],
  ["2024-02-29", "2024-03-01"],
  ["2024-03-01", "2024-03-02"],
  ["2024-03-04", "2024-03-11"],
  ["2024-03-05", "2024-03-05"],
  ["2024-03-08", "2024-03-09"],
  ["2024-01-01", "2025-01-01"],
  ["2020-01-01", "2020-02-01"],
];
const overRanges = (check: (from: string, to: string) => Promise<void>, list = RANGES) =>
  everyRow(list, (row) => row.join(" to "), ([from, to]) => check(from, to));

interface Main {
  readonly unique_visitors: number;
  readonly total_pageviews: number;
  readonly bounce_rate: number;
  readonly avg_visit_duration_secs: number;
  readonly pages_per_visit: number;
}

async function isMain(site: string, events: readonly Sample[], from: string, to: string) {
  const expected = totals(events, from, to);
  const main = await read<Main>("main", range(site, from, to));
  equal(main.unique_visitors, expected.visitors);
  equal(main.total_pageviews, expected.pageviews);
  near(main.bounce_rate, expected.bounceRate, "bounce_rate");
  near(main.avg_visit_duration_secs, expected.durationSecs, "avg_visit_duration_secs");
  near(main.pages_per_visit, expected.pagesPerVisit, "pages_per_visit");
}

clause(
  "main equals the brute force over every range",
  () => overRanges((from, to) => isMain("random.example", RANDOM, from, to)),
);

clause("sessions equals the brute force over every range", () =>
  overRanges(async (from, to) => {
    const expected = totals(RANDOM, from, to);
    const found = await read<Record<string, number>>("sessions", range("random.example", from, to));
    equal(found["total_sessions"], expected.visits);
    near(found["avg_session_duration_secs"], expected.durationSecs, "avg_session_duration_secs");
    near(found["avg_pages_per_session"], expected.pagesPerVisit, "avg_pages_per_session");
  }));

clause(
  "A gap of exactly 30 minutes stays in the session, a microsecond more splits it",
  async () => {
    const first = range("gaps.example", "2024-05-01", "2024-05-02");
    // exact: 1 of 30 minutes; split: 2 of nothing; midnight: 1 of 50 minutes.
    const found = await read<Record<string, number>>("sessions", first);
    equal(found["total_sessions"], 4);
    near(found["avg_session_duration_secs"], (1800 + 3000) / 4, "duration");
    near(found["avg_pages_per_session"], 7 / 4, "pages");
    near((await read<Main>("main", first)).bounce_rate, 2 / 4, "bounce_rate");
  },
);

clause("A visit over midnight is one, and belongs to the day on which it starts", async () => {
  const second = await read<Main>("main", range("gaps.example", "2024-05-02", "2024-05-03"));
  deepEqual([second.unique_visitors, second.total_pageviews], [1, 2]);
  deepEqual([second.bounce_rate, second.avg_visit_duration_secs], [0, 0]);
  const both = await read<Record<string, number>>(
    "sessions",
    range("gaps.example", "2024-05-01", "2024-05-03"),
  );
  equal(both["total_sessions"], 4);
});

clause(
  "A visit with a custom event is no bounce",
  () => isMain("gaps.example", GAPS, "2024-05-03", "2024-05-04"),
);

interface Bucket {
  readonly date: string;
  readonly visitors: number;
  readonly pageviews: number;
}

clause(
  "timeseries equals the brute force, every day present",
  () =>
    overRanges(async (from, to) => {
      const found = await read<Bucket[]>("timeseries", range("random.example", from, to));
      deepEqual(found, days(RANDOM, from, to));
    }),
);

clause("day and today have 24 hours, each present, split at the full hour", async () => {
  const ofToday = [...RECENT, ...HOURS].filter(({ us }) => dateOf(us) === TODAY);
  const expected = Array.from({ length: 24 }, (_, hour) => {
    const count = ofToday.filter(({ us }) => Math.floor((us % DAY) / HOUR) === hour).length;
    const date = `${TODAY} ${String(hour).padStart(2, "0")}:00`;
    return { date, visitors: count, pageviews: count };
  });
  for (const period of ["day", "today"]) {
    const found = await read<Bucket[]>("timeseries", { site_id: "recent.example", period });
    if (new Date().toISOString().slice(0, 10) === TODAY) deepEqual(found, expected, period);
  }
});

clause(
  "Nd is today and the N−1 days before; 30d is the default; dates override a period",
  async () => {
    for (const [period, count] of [["7d", 7], ["30d", 30], ["90d", 90], [null, 30]] as const) {
      const fields = { site_id: "recent.example", ...(period === null ? {} : { period }) };
      const found = await read<Bucket[]>("timeseries", fields);
      const main = await read<Main>("main", fields);
      if (new Date().toISOString().slice(0, 10) !== TODAY) return;
      const [from, to] = [day(1 - count), day(1)];
      deepEqual(found, days([...RECENT, ...HOURS], from, to), `${period}`);
      equal(main.total_pageviews, totals([...RECENT, ...HOURS], from, to).pageviews, `${period}`);
    }
    const overridden = { ...range("random.example", "2024-03-01", "2024-03-02"), period: "7d" };
    deepEqual(await read("timeseries", overridden), days(RANDOM, "2024-03-01", "2024-03-02"));
  },
);

const BREAKDOWNS = [
  ["pages", "page"],
  ["sources", "source"],
  ["browsers", "browser"],
  ["os", "os"],
  ["devices", "device"],
  ["countries", "country"],
] as const;

clause(
  "Every breakdown equals the brute force, NULL is (unknown), whatever the limit",
  () =>
    everyRow(BREAKDOWNS, ([name]) => name, async ([name, column]) => {
      for (const [from, to] of RANGES) {
        const expected = lines(RANDOM, column, from, to);
        for (const limit of from === "2024-01-01" ? [undefined, 1, 3, 1000] : [1000]) {
          const fields = range("random.example", from, to);
          const found = await read(
            `breakdown/${name}`,
            limit === undefined ? fields : { ...fields, limit },
          );
          deepEqual(found, expected.slice(0, limit ?? 10), `${from} to ${to}, limit ${limit}`);
        }
      }
    }),
);

clause("Lines with as many visitors come in the order of their values", async () => {
  const fields = range("ties.example", "2024-07-01", "2024-07-02");
  const expected = lines(TIES, "page", "2024-07-01", "2024-07-02");
  deepEqual(await read("breakdown/pages", fields), expected.slice(0, 10));
  deepEqual(await read("breakdown/pages", { ...fields, limit: 12 }), expected);
});

clause(
  "A breakdown of another name is 404",
  () =>
    everyRow(["nope", "page", "Pages", "cities", "", "pages/x"], String, async (name) => {
      equal((await ask(`breakdown/${name}`, { site_id: "random.example" })).status, 404);
    }),
);

// ---- Behaviour ----

const STEPS_TEXT = "page:/,page:/a,event:b";
const STEPS_BRUTE = [pageStep("/"), pageStep("/a"), eventStep("b")];
const WINDOWS = [
  ["1 second", SECOND],
  ["30 minutes", 30 * MINUTE],
  ["1 hour", HOUR],
  ["2 days", 2 * DAY],
  [
    "1 week",
    7 * DAY,
  ],
  ["366 days", 366 * DAY],
  ["90 seconds", 90 * SECOND],
  ["1 minute", MINUTE],
] as const;

interface FunnelStep {
  readonly step: number;
  readonly visitors: number;
}
const plainSteps = (list: readonly FunnelStep[]) =>
  list.map((row) => only(row, ["step", "visitors"]));

clause(
  "funnel equals the brute force for every window and range",
  () =>
    overRanges(async (from, to) => {
      for (const [window, us] of WINDOWS) {
        for (const count of from === "2024-01-01" ? [1, 2, 3] : [3]) {
          const steps = STEPS_TEXT.split(",").slice(0, count).join(",");
          const fields = { ...range("random.example", from, to), steps, window };
          const found = await read<FunnelStep[]>("funnel", fields);
          deepEqual(
            plainSteps(found),
            funnel(RANDOM, STEPS_BRUTE.slice(0, count), us, from, to),
            window,
          );
        }
      }
    }),
);

clause(
  "A funnel's window is inclusive, any entry may start, steps are in order and in the range",
  async () => {
    const fields = {
      ...range("steps.example", "2024-08-01", "2024-08-02"),
      steps: "page:/s1,page:/s2",
    };
    const found = await read<FunnelStep[]>("funnel", { ...fields, window: "1 hour" });
    // At 1: inside, outside, again, backward, before. At 2: inside, again.
    deepEqual(plainSteps(found), [{ step: 1, visitors: 5 }, { step: 2, visitors: 2 }]);
    const three = await read<FunnelStep[]>("funnel", {
      ...fields,
      steps: "page:/s2,page:/none,event:none",
    });
    deepEqual(plainSteps(three).map(({ visitors }) => visitors), [5, 0, 0]);
    equal(three.length, 3);
  },
);

clause("Steps and windows over their limits are 400 naming them, up to them 200", () =>
  everyRow(
    [
      [{ steps: `event:${"é".repeat(256)}` }, 200],
      [{ steps: `event:${"x".repeat(257)}` }, 400],
      [{ steps: `page:/${"x".repeat(2047)}` }, 200],
      [{ steps: `page:/${"x".repeat(2048)}` }, 400],
      [{ steps: "" }, 400],
      [{ steps: "nonsense" }, 400],
      [{ steps: "page:/a,," }, 400],
      [{ steps: "page:" }, 400],
      [{ steps: "event:" }, 400],
      [{ window: "1 second" }, 200],
      [{ window: "366 days" }, 200],
      [{ window: "8784 hours" }, 200],
      [{ window: "52 weeks" }, 200],
      [{ window: "0 seconds" }, 400],
      [{ window: "0 days" }, 400],
      [{ window: "-1 days" }, 400],
      [{ window: "367 days" }, 400],
      [{ window: "31622401 seconds" }, 400],
      [{ window: "53 weeks" }, 400],
      [{ window: "1 month" }, 400],
      [{ window: "1 year" }, 400],
      [{ window: "1.5 hours" }, 400],
      [{ window: "day" }, 400],
      [{ window: "" }, 400],
      [{ window: "1 day; drop table events" }, 400],
      [{ window: "99999999999999999999 seconds" }, 400],
    ] as const,
    (row) => JSON.stringify(row).slice(0, 60),
    async ([fields, status]) => {
      const asked = { site_id: "random.example", steps: "page:/a,event:b", ...fields } as Fields;
      const reply = await ask("funnel", asked);
      equal(reply.status, status, reply.text);
      const name = Object.keys(fields)[0] ?? "";
      if (status === 400) ok(String(reply.json().error).includes(name), reply.text);
    },
  ));

clause(
  "retention equals the brute force for every number of weeks",
  () =>
    everyRow([undefined, 1, 2, 4, 33, 52], String, async (weeks) => {
      const fields = range("random.example", "2024-01-01", "2024-12-30");
      const found = await read<{ cohort_date: string; retained: boolean[] }[]>(
        "retention",
        weeks === undefined ? fields : { ...fields, weeks },
      );
      deepEqual(
        found.map((row) => only(row, ["cohort_date", "retained"])),
        retention(RANDOM, weeks ?? 4, "2024-01-01", "2024-12-30"),
      );
    }),
);

clause("retention is false for weeks to come", async () => {
  const found = await read<{ cohort_date: string; retained: boolean[] }[]>("retention", {
    site_id: "week.example",
    period: "90d",
  });
  if (new Date().toISOString().slice(0, 10) !== TODAY) return;
  deepEqual(found.map(({ retained }) => retained), [[true, false, false, false]]);
  const monday = dateOf(dateUs(TODAY) - ((new Date(TODAY).getUTCDay() + 6) % 7) * DAY);
  equal(found[0]?.cohort_date, monday);
});

clause("sequences equals the brute force over every range", () =>
  overRanges(async (from, to) => {
    for (const count of [2, 3]) {
      const steps = STEPS_TEXT.split(",").slice(0, count).join(",");
      const found = await read<object>("sequences", {
        ...range("random.example", from, to),
        steps,
      });
      const names = ["converting_visitors", "total_visitors", "conversion_rate"];
      const expected = sequence(RANDOM, STEPS_BRUTE.slice(0, count), from, to);
      const { conversion_rate, ...counts } = only(found, names);
      const { conversion_rate: rate, ...wanted } = expected;
      deepEqual(counts, wanted);
      near(conversion_rate, rate, "conversion_rate");
    }
  }));

clause("flow gives the page after a visitor's first view that has one, ten at most", async () => {
  const fields = range("flows.example", "2024-09-02", "2024-09-03");
  const found = await read<object[]>("flow", { ...fields, page: "/f" });
  const row = (next_page: string, visitors: number) => ({ next_page, visitors });
  const rest = Array.from({ length: 9 }, (_, index) => row(`/p0${index}`, 1));
  deepEqual(found.map((one) => only(one, ["next_page", "visitors"])), [row("/next", 2), ...rest]);
  deepEqual(await read("flow", { ...fields, page: "/none" }), []);
});

clause("flow equals the brute force", () =>
  overRanges(async (from, to) => {
    for (const page of ["/", "/a", "/c"]) {
      const found = await read<object[]>("flow", { ...range("random.example", from, to), page });
      const plain = found.map((one) => only(one, ["next_page", "visitors"]));
      // Whether a page of a later visit follows is not said: either reading must hold as a whole.
      const readings = [true, false].map((same) => flow(RANDOM, page, same, from, to));
      const texts = readings.map((one) => JSON.stringify(one));
      ok(
        texts.includes(JSON.stringify(plain)),
        `${page}: ${JSON.stringify(plain)}, not ${texts[0]}`,
      );
    }
  }));

// ---- Export ----

/** The cells of a CSV text by RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|\n|$)/y;
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    ok(found, `not CSV from ${cell.lastIndex}: ${JSON.stringify(text)}`);
    const [, value = "", end = ""] = found;
    rows.at(-1)?.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end !== ",") rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

const EXPORT_RANGE = range("export.example", "2024-06-01", dateOf(dateUs("2024-06-01") + 11 * DAY));

clause("export gives CSV by default, as attachment, with safe cells", async () => {
  for (const fields of [EXPORT_RANGE, { ...EXPORT_RANGE, format: "csv" }]) {
    const reply = await ask("export", fields);
    equal(reply.status, 200);
    match(reply.header("content-type") ?? "", /^text\/csv/);
    match(reply.header("content-disposition") ?? "", /^attachment; *filename="?export\.csv"?$/);
    ok(reply.text.startsWith("date,visitors,pageviews,top_page,top_source"));
    const [, ...rows] = parseCsv(reply.text);
    const safe = (cell: string) => /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
    const expected = CELLS.map((cell, index) => [
      dateOf(dateUs("2024-06-01") + index * DAY),
      "4",
      "3",
      safe(cell),
      safe(cell),
    ]);
    deepEqual(rows, expected);
  }
});

clause("export gives the same as JSON, as attachment", async () => {
  const reply = await ask("export", { ...EXPORT_RANGE, format: "json" });
  equal(reply.status, 200);
  match(reply.header("content-type") ?? "", /^application\/json/);
  equal(reply.header("cache-control"), "no-store");
  match(reply.header("content-disposition") ?? "", /^attachment; *filename="?export\.json"?$/);
  const rows = reply.json<Record<string, unknown>[]>();
  deepEqual(
    rows.map((row) => only(row, ["date", "visitors", "pageviews", "top_source"])),
    CELLS.map((cell, index) => ({
      date: dateOf(dateUs("2024-06-01") + index * DAY),
      visitors: 4,
      pageviews: 3,
      top_source: cell,
    })),
  );
});

clause(
  "export has the numbers of timeseries, and top page and source of each day",
  () =>
    overRanges(async (from, to) => {
      const reply = await ask("export", { ...range("random.example", from, to), format: "json" });
      const rows = reply.json<(Bucket & { top_page: string; top_source: string })[]>();
      const expected = days(RANDOM, from, to).filter(({ visitors }) => visitors > 0);
      const filled = rows.filter(({ visitors }) => visitors > 0);
      deepEqual(filled.map((row) => only(row, ["date", "visitors", "pageviews"])), expected);
      for (const row of filled) {
        const ofDay = RANDOM.filter(({ us }) => dateOf(us) === row.date);
        for (const [top, column] of [["top_page", "page"], ["top_source", "source"]] as const) {
          const counts = Map.groupBy(ofDay, (event) => event[column] ?? "(unknown)");
          const most = Math.max(...[...counts.values()].map((list) => list.length));
          // A day without any source may leave the cell empty; ties are the server's choice.
          const found = counts.get(row[top])?.length;
          ok(
            found === most || counts.size === 1,
            `${row.date} ${top} ${row[top]}: ${found} of ${most}`,
          );
        }
      }
    }),
);

clause(
  "export in another format is 400 naming it",
  () =>
    everyRow(["xml", "CSV", "", "parquet"], String, async (format) => {
      const reply = await ask("export", { site_id: "random.example", format });
      equal(reply.status, 400);
      match(String(reply.json().error), /format/);
    }),
);

// ---- Parameters ----

const REPORTS: readonly (readonly [report: string, more: Fields])[] = [
  ["main", {}],
  ["timeseries", {}],
  ...BREAKDOWNS.map(([name]) => [`breakdown/${name}`, {}] as const),
  ["sessions", {}],
  ["funnel", { steps: "page:/a,event:b" }],
  ["retention", {}],
  ["sequences", { steps: "page:/a,event:b" }],
  ["flow", { page: "/a" }],
  ["export", {}],
];

const WRONG: readonly (readonly [fields: Fields, name: RegExp])[] = [
  [{ site_id: "" }, /site_id/],
  [{ site_id: "a b" }, /site_id/],
  [{ site_id: "a..b" }, /site_id/],
  [{ site_id: "x".repeat(257) }, /site_id/],
  [{ site_id: "ä" }, /site_id/],
  [{ site_id: "a", period: "8d" }, /period/],
  [{ site_id: "a", period: "" }, /period/],
  [{ site_id: "a", period: "7D" }, /period/],
  [{ site_id: "a", start_date: "2024-01-01" }, /start_date|end_date/],
  [{ site_id: "a", end_date: "2024-01-01" }, /start_date|end_date/],
  [range("a", "2024-01-02", "2024-01-01"), /start_date|end_date/],
  [range("a", "2024-02-30", "2024-03-01"), /start_date/],
  [range("a", "2023-02-29", "2023-03-01"), /start_date/],
  [range("a", "2024-02-01", "2024-13-01"), /end_date/],
  [range("a", "2024-2-1", "2024-03-01"), /start_date/],
  [range("a", "01.02.2024", "2024-03-01"), /start_date/],
  [range("a", "2024-01-01T00:00:00Z", "2024-01-02"), /start_date/],
  [range("a", "2014-01-01", "2024-01-03"), /start_date|end_date/],
  [range("a", "1999-01-01", "2024-01-01"), /start_date|end_date/],
  [range("a", "0000-00-00", "2024-01-01"), /start_date/],
];

clause(
  "Every report refuses a wrong site, period or range with 400 naming the parameter",
  () =>
    everyRow(REPORTS, ([report]) => report, async ([report, more]) => {
      const none = await ask(report, more);
      equal(none.status, 400, none.text);
      match(String(none.json().error), /site_id/);
      await everyRow(WRONG, ([fields]) => JSON.stringify(fields), async ([fields, name]) => {
        const reply = await ask(report, { ...more, ...fields });
        equal(reply.status, 400, reply.text);
        checkRefusal(reply.json());
        match(String(reply.json().error), name);
      });
    }),
);

clause(
  "A range of ten years is answered, and one of none is empty, by every report",
  () =>
    everyRow(REPORTS, ([report]) => report, async ([report, more]) => {
      const year = await ask(report, {
        ...more,
        ...range("random.example", "2015-01-01", "2025-01-01"),
      });
      equal(year.status, 200, year.text);
      const none = await ask(report, {
        ...more,
        ...range("random.example", "2024-03-05", "2024-03-05"),
      });
      equal(none.status, 200, none.text);
    }),
);

clause("Dates far from today are answered or refused, never a fault of the server", () =>
  everyRow(
    [
      ["0000-01-01", "0000-01-02"],
      ["0001-01-01", "0001-02-01"],
      ["1600-01-01", "1600-12-31"],
      ["1969-12-31", "1970-01-02"],
      ["2255-06-01", "2255-06-30"],
      ["9999-01-01", "9999-12-31"],
    ] as const,
    (row) => row.join(" to "),
    async ([from, to]) => {
      for (const [report, more] of REPORTS) {
        const reply = await ask(report, { ...more, ...range("random.example", from, to) });
        ok([200, 400].includes(reply.status), `${report}: ${reply.status} ${reply.text}`);
      }
    },
  ));

clause(
  "A limit outside 1 to 1000 is 400 naming it",
  () =>
    everyRow(
      ["0", "-1", "1001", "1.5", "x", "", "1e2", "99999999999999999999"],
      String,
      async (limit) => {
        const reply = await ask("breakdown/pages", { site_id: "random.example", limit });
        equal(reply.status, 400, reply.text);
        match(String(reply.json().error), /limit/);
      },
    ),
);

clause("What only one report asks for is 400 naming it, too", () =>
  everyRow(
    [
      ["funnel", {}, /steps/],
      ["sequences", {}, /steps/],
      ["sequences", { steps: "page:/a" }, /steps/],
      ["sequences", { steps: "page:/a,nonsense" }, /steps/],
      ["flow", {}, /page/],
      ["flow", { page: "" }, /page/],
      ["retention", { weeks: "0" }, /weeks/],
      ["retention", { weeks: "53" }, /weeks/],
      ["retention", { weeks: "-1" }, /weeks/],
      ["retention", { weeks: "1.5" }, /weeks/],
      ["retention", { weeks: "x" }, /weeks/],
      ["retention", { weeks: "" }, /weeks/],
    ] as const,
    (row) => JSON.stringify(row.slice(0, 2)),
    async ([report, more, name]) => {
      const reply = await ask(report, { site_id: "random.example", ...more });
      equal(reply.status, 400, reply.text);
      match(String(reply.json().error), name);
    },
  ));

clause("A site without events answers zeros and empty lists", async () => {
  const fields = range("empty.example", "2024-01-01", "2024-01-04");
  const zero = { visitors: 0, pageviews: 0 };
  const expected: Record<string, unknown> = {
    main: {
      unique_visitors: 0,
      total_pageviews: 0,
      bounce_rate: 0,
      avg_visit_duration_secs: 0,
      pages_per_visit: 0,
    },
    timeseries: datesBetween("2024-01-01", "2024-01-04").map((date) => ({ date, ...zero })),
    sessions: { total_sessions: 0, avg_session_duration_secs: 0, avg_pages_per_session: 0 },
    funnel: [{ step: 1, visitors: 0 }, { step: 2, visitors: 0 }],
    retention: [],
    sequences: { converting_visitors: 0, total_visitors: 0, conversion_rate: 0 },
    flow: [],
  };
  for (const [report, more] of REPORTS) {
    if (report === "export") continue;
    const wanted = report.startsWith("breakdown/") ? [] : expected[report];
    deepEqual(await read(report, { ...fields, ...more }), wanted, report);
  }
});

clause("Hot events and files add up in every report", async () => {
  for (const [n, u] of [["pageview", "/a"], ["pageview", "/next"], ["b", "/a"]] as const) {
    equal((await server.send({ d: "both.example", n, u, w: 1400 })).status, 202);
  }
  const site_id = "both.example";
  const period = "day";
  deepEqual(await read("breakdown/devices", { site_id, period }), [
    { value: "desktop", visitors: 1, pageviews: 2 },
  ]);
  deepEqual(
    plainSteps(await read("funnel", { site_id, period, steps: "page:/a,event:b" })),
    [{ step: 1, visitors: 1 }, { step: 2, visitors: 1 }],
  );
  deepEqual(await read("flow", { site_id, period, page: "/a" }), [{
    next_page: "/next",
    visitors: 1,
  }]);
  const sessions = await read<Record<string, number>>("sessions", { site_id, period });
  deepEqual([sessions["total_sessions"], sessions["avg_pages_per_session"]], [1, 2]);
});

// ---- Other servers over the same files ----

async function withServer(
  env: Readonly<Record<string, string>>,
  work: (one: ContractServer) => Promise<void>,
): Promise<void> {
  const folder = await makeFolder();
  await write("random.example", RANDOM, folder);
  const one = await ContractServer.start({ dataDir: folder, env });
  try {
    await work(one);
  } finally {
    await one.end();
    await Deno.remove(folder, { recursive: true });
  }
}

const WHOLE = "site_id=random.example&start_date=2024-02-26&end_date=2024-03-20";

clause(
  "behavioral = off answers zeros and empty lists, the rest stays",
  () =>
    withServer({ MALLARD_BEHAVIORAL: "off" }, async (one) => {
      const get = async (path: string) => {
        const reply = await one.get(`/api/stats/${path}${WHOLE}`);
        equal(reply.status, 200, reply.text);
        return reply.json();
      };
      deepEqual(await get("sessions?"), {
        total_sessions: 0,
        avg_session_duration_secs: 0,
        avg_pages_per_session: 0,
      });
      for (const path of ["retention?", "flow?page=/a&"]) deepEqual(await get(path), []);
      const { converting_visitors, conversion_rate } = await get("sequences?steps=page:/,event:b&");
      deepEqual([converting_visitors, conversion_rate], [0, 0]);
      const steps = await get("funnel?steps=page:/,event:b&") as unknown as FunnelStep[];
      ok(steps.every(({ visitors }) => visitors === 0));
      equal(
        (await get("main?"))["total_pageviews"],
        totals(RANDOM, "2024-02-26", "2024-03-20").pageviews,
      );
      equal((await one.get("/health/detailed")).json().behavioral_extension_loaded, false);
    }),
);

clause("An extension that does not load is a warning, and plain SQL answers", async () => {
  const env = {
    MALLARD_BEHAVIORAL: "extension",
    MALLARD_BEHAVIORAL_EXTENSION: "/nowhere/behavioral.duckdb_extension",
  };
  await withServer(env, async (one) => {
    match(one.output, /WARN.*behavioral/i);
    equal((await one.get("/health/detailed")).json().behavioral_extension_loaded, false);
    equal(await one.metric("mallard_behavioral_extension"), 0);
    for (
      const path of ["sessions?", "funnel?steps=page:/,event:b&", "retention?", "flow?page=/a&"]
    ) {
      const [here, there] = [
        await one.get(`/api/stats/${path}${WHOLE}`),
        await server.get(`/api/stats/${path}${WHOLE}`),
      ];
      deepEqual(here.json(), there.json(), path);
    }
  });
});

clause(
  "Heavy reports over max_concurrent_queries get 429 with Retry-After, others do not",
  () =>
    withServer({ MALLARD_MAX_CONCURRENT_QUERIES: "1" }, async (one) => {
      const heavy = (index: number) => [
        `funnel?steps=page:/a,event:x${index}&window=${index + 1}%20days&`,
        `retention?weeks=${index + 1}&`,
        `sequences?steps=page:/a,event:x${index}&`,
        `flow?page=/x${index}&`,
      ];
      const paths = Array.from({ length: 12 }, (_, index) => heavy(index)).flat();
      const replies = await Promise.all(paths.map((path) => one.get(`/api/stats/${path}${WHOLE}`)));
      for (const reply of replies) {
        ok(reply.status === 200 || reply.status === 429, reply.text);
        if (reply.status === 429) match(reply.header("retry-after") ?? "", /^[1-9]\d*$/);
      }
      ok(replies.some(({ status }) => status === 200));
      ok(
        replies.some(({ status }) => status === 429),
        "48 heavy reports at once were all answered",
      );
      const light = ["main?", "timeseries?", "sessions?", "breakdown/pages?", "export?"];
      const all = await Promise.all(
        [...light, ...light, ...heavy(50)].map((path) => one.get(`/api/stats/${path}${WHOLE}`)),
      );
      ok(all.slice(0, 10).every(({ status }) => status === 200));
      equal((await one.get(`/api/stats/${heavy(51)[1]}${WHOLE}`)).status, 200);
    }),
);
