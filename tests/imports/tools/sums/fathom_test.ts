// Fathom's exports: every number of every table, counted by itself; and what cannot be kept.
import assert from "node:assert/strict";
import { importFiles, running, summed, withImports } from "../../../support/storage/imports.ts";
import {
  fathomCsv,
  fathomDashboard,
  fathomTables,
  fathomZip,
} from "../../../support/sources/fathom.ts";
import { datesFrom, sumOf } from "../../../support/storage/plausible_export.ts";

const DATES = datesFrom("2023-11-29", 3);

Deno.test("FATHOM adds the hours of every table of the data export", async () => {
  const tables = fathomTables(DATES);
  await withImports(async ({ storage, imports }) => {
    const done = await importFiles(running(imports), { "fathom.zip": fathomZip(tables) });
    assert.equal(done.state, "done", done.report.error);
    assert.deepEqual(done.report.days?.map(({ date }) => date), DATES);
    const { Site, Pages, Browsers, Countries, DeviceTypes, Referrers, Events } = tables;
    const rows = Site ?? [];
    const visits = sumOf(rows, "Visits");
    const pageviews = sumOf(rows, "Pageviews");
    const completions = sumOf(Events, "Completions");
    assert.deepEqual(await summed(storage, "days"), {
      "": {
        visitors: visits,
        visits,
        pageviews,
        events: pageviews + completions,
        bounces: rows.reduce((sum, row) => sum + Math.round(Number(row["Visits"]) / 2), 0),
        visit_us: visits * 12.5e6,
        visit_pageviews: pageviews,
      },
    });
    const of = (table: typeof Pages, views: string, people: string, key: string, value: string) => {
      const is = (row: Record<string, unknown>) => row[key] === value;
      return { visitors: sumOf(table, people, is), pageviews: sumOf(table, views, is) };
    };
    const page = (path: string) => of(Pages, "Views", "Uniques", "Pathname", path);
    assert.deepEqual(await summed(storage, "pages", [0, 1]), {
      "example.com | /": page("/"),
      'example.com | /a "b", c': page('/a "b", c'),
    });
    const visited = (table: typeof Pages, views: string, key: string, value: string) => {
      const { visitors, pageviews } = of(table, views, "Visits", key, value);
      return { visitors, visits: visitors, pageviews, visit_pageviews: pageviews };
    };
    assert.deepEqual(await summed(storage, "browsers", [0]), {
      Chrome: visited(Browsers, "Pageviews", "Browser", "Chrome"),
      Safari: visited(Browsers, "Pageviews", "Browser", "Mobile Safari"),
    });
    assert.deepEqual(await summed(storage, "locations", [0, 1]), {
      "US | California": visited(Countries, "Pageviews", "Country", "US"),
      "DE | -": visited(Countries, "Pageviews", "Country", "Germany"),
    });
    assert.deepEqual(await summed(storage, "devices", [0]), {
      desktop: visited(DeviceTypes, "Pageviews", "Device Type", "Desktop"),
      mobile: visited(DeviceTypes, "Pageviews", "Device Type", "Phone"),
    });
    const referred = (host: string) => visited(Referrers, "Views", "Referrer Hostname", host);
    assert.deepEqual(await summed(storage, "sources", [0, 1, 7]), {
      "Google | https://www.google.com/ | Organic Search": referred("https://www.google.com"),
      "blog.example | https://blog.example/post | Referral": referred("https://blog.example"),
    });
    const events = (name: string) =>
      sumOf(Events, "Completions", (row) => row["Event Name"] === name);
    assert.deepEqual(await summed(storage, "events", [0]), {
      "pageview": { visitors: visits, pageviews, events: pageviews },
      "Signup, now": { pageviews: 0, events: events("Signup, now") },
      "Purchase": { pageviews: 0, events: events("Purchase") },
    });
  });
});

Deno.test("FATHOM reads the dashboard's archive of one day, and refuses others", async () => {
  await withImports(async ({ storage, imports }) => {
    const range = "2023-11-29 00:00:00 to 2023-11-29 23:59:59 (UTC)";
    const refused: readonly [string, Uint8Array<ArrayBuffer> | string, RegExp][] = [
      [
        "range.zip",
        fathomDashboard({ range: "2023-11-29 00:00:00 to 2023-11-30 23:59:59 (UTC)" }),
        /sums of a range and no dates, here of 2023-11-29 00:00:00 to 2023-11-30/,
      ],
      [
        "part.zip",
        fathomDashboard({ range: "2023-11-29 00:00:00 to 2023-11-29 16:02:04 (UTC)" }),
        /one whole day at a time/,
      ],
      ["filters.zip", fathomDashboard({ range, filters: 1 }), /exported with filters/],
      ["Browsers.csv", "Browser,Visitors\nChrome,3\n", /it has no dates; .* the whole ZIP/],
      [
        "months.csv",
        "Date,Pageviews,Visits,Avg Duration,Bounce Rate\n2023-10-01,9,3,1,0\n2023-11-01,9,3,1,0\n",
        /sums of months/,
      ],
    ];
    for (const [name, content, message] of refused) {
      const { state, report } = await importFiles(running(imports), { [name]: content });
      assert.equal(state, "failed", name);
      assert.match(String(report.error), message);
    }
    const done = await importFiles(running(imports), { "one.zip": fathomDashboard({ range }) });
    assert.equal(done.state, "done", done.report.error);
    assert.deepEqual(done.report.days?.map(({ date }) => date), ["2023-11-29"]);
    const left = done.report.columns?.filter(({ note }) => note === "not counted together");
    assert.deepEqual(left?.map(({ from }) => from), [
      ...["Cities.csv", "Regions.csv", "Sources.csv", "UTM_Source.csv"],
    ]);
    assert.deepEqual(await summed(storage, "days"), {
      "": {
        visitors: 1200,
        visits: 1200,
        pageviews: 3000,
        events: 3040,
        bounces: 300,
        visit_us: 72_000e6,
        visit_pageviews: 3000,
      },
    });
    assert.deepEqual(Object.keys(await summed(storage, "locations", [0])).sort(), ["DE", "US"]);
    assert.deepEqual(Object.keys(await summed(storage, "systems", [0])).sort(), [
      "Windows",
      "macOS",
    ]);
    assert.deepEqual(Object.keys(await summed(storage, "sources", [0, 7])).sort(), [
      ...["- | -", "Google | Organic Search"],
    ]);
    assert.deepEqual(await summed(storage, "events", [0]), {
      Signup: { visitors: 30, pageviews: 0, events: 40 },
    });
  });
});

Deno.test("FATHOM counts no row twice that is in two files", async () => {
  const { Site = [] } = fathomTables(DATES);
  await withImports(async ({ storage, imports }) => {
    const first = Site.slice(0, 4);
    const twice = await importFiles(running(imports), {
      "a.csv": fathomCsv(first),
      "b.csv": fathomCsv(Site.slice(2)),
    });
    assert.match(
      String(twice.report.error),
      /a\.csv and b\.csv both have days of 2023-11-30; give each day once/,
    );
    const done = await importFiles(running(imports), {
      "a.csv": fathomCsv(first, ";", "\r\n"),
      "b.csv": "\ufeff" + fathomCsv(Site.slice(4), "\t"),
    });
    assert.equal(done.state, "done", done.report.error);
    assert.equal((await summed(storage, "days"))[""]?.visits, sumOf(Site, "Visits"));
  });
});
