// Explorations and reports of Google Analytics 4: every number counted by itself, however dates and
// numbers are written, and what has no days is told.
import assert from "node:assert/strict";
import {
  importFiles,
  running,
  summed,
  type TestFiles,
  withImports,
} from "../../../support/storage/imports.ts";
import {
  exploration,
  type ExploredRow,
  exploredRows,
  report,
} from "../../../support/sources/google_reports.ts";
import { datesFrom } from "../../../support/storage/plausible_export.ts";
import { openFolder } from "../../../support/storage/storage.ts";

const DATES = datesFrom("2023-11-29", 3);

async function withReading(
  work: (
    storage: Awaited<ReturnType<typeof openFolder>>,
    read: (files: TestFiles) => ReturnType<typeof importFiles>,
    undo: (id: string) => Promise<unknown>,
  ) => Promise<void>,
): Promise<void> {
  await withImports(({ storage, imports }) =>
    work(
      storage,
      (files) => importFiles(running(imports), files),
      (id) => imports.end(id),
    )
  );
}

function total(rows: readonly ExploredRow[], at: number, value?: string): number {
  return rows.filter(({ values }) => value === undefined || values.includes(value))
    .reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0);
}

const SITE_NAMES = ["Date", "Total users", "Active users", "Sessions", "Views", "Engaged sessions"];
const SITE = exploredRows(DATES, [[]], 5).map((row) => {
  const [users = 0, active = 0, sessions = 0, views = 0] = row.counts;
  return { ...row, counts: [users, active, sessions, views, Math.floor(sessions / 3)] };
});
const PAGES = exploredRows(DATES, [["/"], ['/a "b", c']], 2, 5);
const PLACES = exploredRows(DATES, [["Germany", "Berlin"], ["United States", "(not set)"]], 2, 9);
const EVENTS = exploredRows(DATES, [["page_view"], ["session_start"], ["sign_up"]], 2, 11);
const SOURCES = exploredRows(DATES, [["(direct) / (none)"], ["news / email"]], 2, 13);

const FILES = {
  "site.csv": exploration(SITE_NAMES, SITE),
  "pages.csv": exploration(["Date", "Page path and screen class", "Views", "Active users"], PAGES),
  "places.csv": exploration(["Date", "Country", "City", "Active users", "Sessions"], PLACES),
  "events.csv": exploration(["Date", "Event name", "Event count", "Total users"], EVENTS),
  "sources.csv": exploration(["Date", "Session source / medium", "Sessions", "Views"], SOURCES),
};

Deno.test("GOOGLE_REPORTS reads every number of explorations by date", async () => {
  await withReading(async (storage, read) => {
    const done = await read(FILES);
    assert.equal(done.state, "done", done.report.error);
    assert.deepEqual(done.report.days?.map(({ date }) => date), DATES);
    assert.equal(done.report.rejected, 0);
    const [users, sessions, views] = [0, 2, 3].map((at) => total(SITE, at));
    assert.deepEqual(await summed(storage, "days"), {
      "": {
        visitors: users,
        visits: sessions,
        pageviews: views,
        events: (views ?? 0) + total(EVENTS, 0, "sign_up"),
        bounces: (sessions ?? 0) - total(SITE, 4),
        visit_pageviews: views,
      },
    });
    const page = (path: string) => ({
      visitors: total(PAGES, 1, path),
      pageviews: total(PAGES, 0, path),
    });
    assert.deepEqual(await summed(storage, "pages", [1]), {
      "/": page("/"),
      '/a "b", c': page('/a "b", c'),
    });
    const place = (country: string) => ({
      visitors: total(PLACES, 0, country),
      visits: total(PLACES, 1, country),
    });
    assert.deepEqual(await summed(storage, "locations", [0, 2]), {
      "DE | Berlin": place("Germany"),
      "US | -": place("United States"),
    });
    const event = (name: string) => total(EVENTS, 0, name);
    assert.deepEqual(await summed(storage, "events", [0]), {
      pageview: {
        visitors: total(EVENTS, 1, "page_view"),
        pageviews: event("page_view"),
        events: event("page_view"),
      },
      sign_up: { visitors: total(EVENTS, 1, "sign_up"), pageviews: 0, events: event("sign_up") },
    });
    const source = (name: string) => {
      const pageviews = total(SOURCES, 1, name);
      return { visits: total(SOURCES, 0, name), pageviews, visit_pageviews: pageviews };
    };
    assert.deepEqual(await summed(storage, "sources", [0, 3]), {
      "- | -": source("(direct) / (none)"),
      "news | email": source("news / email"),
    });
  });
});

Deno.test("GOOGLE_REPORTS reads numbers and dates however they are written", async () => {
  const grouped = (separator: string) => (count: number) =>
    String(count).replace(/\B(?=(\d{3})+$)/g, separator);
  const english = (options: Intl.DateTimeFormatOptions) => (date: string) =>
    new Intl.DateTimeFormat("en-US", { timeZone: "UTC", ...options }).format(new Date(date));
  const german = (date: string) => date.split("-").reverse().join(".");
  const ways = {
    "commas": { count: grouped(","), date: (date: string) => date },
    "points": { count: grouped("."), date: german, delimiter: ";", end: "\r\n" },
    "spaces": { count: grouped("\u202f"), delimiter: "\t" },
    "apostrophes": {
      count: grouped("\u2019"),
      date: english({ year: "numeric", month: "short", day: "numeric" }),
    },
  };
  await withReading(async (storage, read, undo) => {
    for (const [way, written] of Object.entries(ways)) {
      const done = await read({ "site.csv": "\ufeff" + exploration(SITE_NAMES, SITE, written) });
      assert.equal(done.state, "done", `${way}: ${done.report.error}`);
      assert.equal(done.report.rejected, 0, way);
      const days = (await summed(storage, "days"))[""];
      assert.equal(days?.visits, total(SITE, 2), way);
      assert.equal(days?.bounces, total(SITE, 2) - total(SITE, 4), way);
      await undo(done.id);
    }
    const rates = await read({
      "a.csv": "Date;Sessions;Bounce rate;Average session duration\n" +
        "20231129;1.000;25,00%;1.234,5\n20231130;10;0,5;2,5\n",
    });
    assert.equal(rates.state, "done", rates.report.error);
    assert.deepEqual(await summed(storage, "days"), {
      "": { visits: 1010, bounces: 255, visit_us: 1_234_525e6 },
    });
  });
});

Deno.test("GOOGLE_REPORTS places reports of one day, and tells of others", async () => {
  const overview = report({
    from: "2023-11-29",
    to: "2023-12-01",
    tables: [
      "Nth day,Active users\n0000,10\n0001,20\n0002,30",
      "Nth day,Active users\n0000,10\n0001,20\n0002,30",
      "Country,Active users\nGermany,60",
    ],
  });
  const oneDay = report({
    from: "2023-11-29",
    to: "2023-11-29",
    tables: ["Country,Active users,Engagement rate\nGermany,6,0.5\nT\u00fcrkiye,4,1"],
  });
  const range = report({
    from: "2023-11-01",
    to: "2023-11-29",
    tables: ["Page path and screen class,Views\n/,12"],
  });
  const other = report({
    from: "2023-11-29",
    to: "2023-11-29",
    tables: ["Seitenpfad und Bildschirmklasse,Aufrufe\n/,12"],
  });
  await withReading(async (storage, read, undo) => {
    const done = await read({ "overview.csv": overview });
    assert.equal(done.state, "done", done.report.error);
    assert.deepEqual(done.report.days?.map(({ visitors }) => visitors), [10, 20, 30]);
    const told = done.report.columns?.filter(({ from }) => from.startsWith("overview.csv"));
    assert.deepEqual(told?.map(({ from, note }) => [from, note?.slice(0, 30)]), [
      ["overview.csv, table 2", "the file has these numbers bef"],
      ["overview.csv, table 3", "it has no days, but a range, 2"],
    ]);
    await undo(done.id);
    const day = await read({ "countries.csv": oneDay });
    assert.equal(day.state, "done", day.report.error);
    assert.deepEqual(await summed(storage, "locations", [0]), {
      DE: { visitors: 6 },
      TR: { visitors: 4 },
    });
    const refused: readonly [string, RegExp][] = [
      [range, /it has no days, but a range, 2023-11-01 to 2023-11-29; take an exploration/],
      [other, /its columns are seitenpfad .*; set the language of your Google account to English/],
    ];
    for (const [text, message] of refused) {
      const { state, report: told } = await read({ "a.csv": text });
      assert.equal(state, "failed");
      assert.match(String(told.error), message);
    }
  });
});

Deno.test("GOOGLE_REPORTS counts no days twice, and rejects dates that are none", async () => {
  await withReading(async (_, read) => {
    const twice = await read({
      "a.csv": exploration(SITE_NAMES, SITE.slice(0, 2)),
      "b.csv": exploration(SITE_NAMES, SITE.slice(1)),
    });
    assert.match(String(twice.report.error), /a\.csv and b\.csv both have days of 2023-11-30/);
    const odd = SITE.flatMap((row) => [row, row]).map((row, at) => ({
      ...row,
      date: ["2023-11-29", "0000-01-01", "9999-12-31", "2023-13-01"][at] ?? "1/2/23",
    }));
    const done = await read({ "odd.csv": exploration(SITE_NAMES, odd) });
    assert.equal(done.state, "done", done.report.error);
    assert.equal(done.report.rejected, 5);
    assert.deepEqual(done.report.days?.map(({ date }) => date), ["2023-11-29"]);
  });
});
