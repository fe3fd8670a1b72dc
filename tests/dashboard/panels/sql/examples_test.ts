import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { EXAMPLES } from "../../../../dashboard/panels/sql/examples.js";
import { siteProfiles, traffic } from "../../../../src/cli/seed/traffic.ts";
import { openApp, type RunningApp } from "../../../support/server/running_app.ts";

const ZONE = "Europe/Berlin";
const [, SITE = ""] = siteProfiles(2).map(({ domain }) => domain);

type Row = Readonly<Record<string, unknown>>;
type Values = Readonly<Record<string, unknown>>;

const LINES_AT_ONCE = 200;
const JSON_BODY = { "content-type": "application/json" };

async function withTraffic(work: (app: RunningApp) => Promise<void>): Promise<void> {
  const app = await openApp();
  try {
    const body = JSON.stringify({ site_id: SITE, timezone: ZONE });
    const made = await app.send("/api/sites", { method: "POST", headers: JSON_BODY, body });
    equal(made.status, 201);
    const untilMs = app.system.clock.nowMs();
    const options = { seed: 5, untilMs, days: 15, sites: 2, visitorsPerDay: 40 };
    const lines = [...traffic(options)].flat().filter(({ d }) => d === SITE)
      .map((event) => JSON.stringify(event));
    // A clock that stands still ends no pause of a long request.
    for (let from = 0; from < lines.length; from += LINES_AT_ONCE) {
      const sent = await app.send("/api/import", {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body: lines.slice(from, from + LINES_AT_ONCE).join("\n"),
      });
      equal(sent.status, 200, await sent.text());
    }
    await work(app);
  } finally {
    await app.close();
  }
}

async function answerTo(app: RunningApp, query: string): Promise<Row[]> {
  const body = JSON.stringify({ site_id: SITE, query });
  const answer = await app.send("/api/sql", { method: "POST", headers: JSON_BODY, body });
  const { rows, error } = await answer.json();
  equal(error, undefined, query);
  return rows;
}

/** What a panel of the dashboard shows: the rows of dimensions with their metrics. */
async function panel(app: RunningApp, dimensions: string, metrics: string) {
  const params = new URLSearchParams({ site_id: SITE, period: "all", dimensions, metrics });
  const answer = await app.send(`/api/stats/query?${params}&limit=1000`);
  const { results, error } = await answer.json();
  equal(error, undefined, dimensions);
  return results as { readonly dimensions: readonly string[]; readonly metrics: Values }[];
}

const to4 = (value: unknown) => Number(Number(value).toFixed(4));
const sorted = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).sort();
/** 2024-01-01 was a Monday. */
const dayName = (day: number) =>
  new Intl.DateTimeFormat("en", { weekday: "long", timeZone: "UTC" })
    .format(Date.UTC(2024, 0, day));

/** By example: rows of panels that its answer must equal, in any order; `most` as its limit. */
const SAID: Readonly<
  Record<string, { readonly most?: number; rows(app: RunningApp): Promise<Row[]> }>
> = {
  example_days: {
    rows: async (app) =>
      (await panel(app, "day", "visitors,pageviews")).map(({ dimensions: [day], metrics }) => ({
        day,
        ...metrics,
      })).filter((row) => Number((row as Row)["visitors"]) > 0),
  },
  example_channels: {
    rows: async (app) =>
      (await panel(app, "channel", "visits,bounce_rate,visit_duration")).map(
        ({ dimensions: [channel], metrics: { visits, bounce_rate, visit_duration } }) => ({
          channel,
          visits,
          bounce_rate: to4(bounce_rate),
          visit_duration: Number(Number(visit_duration).toFixed(1)),
        }),
      ),
  },
  example_pages: {
    most: 20,
    rows: async (app) =>
      (await panel(app, "page", "visitors,percentage")).map(
        ({ dimensions: [pathname], metrics: { visitors, percentage } }) => ({
          pathname,
          visitors,
          share: to4(percentage),
        }),
      ),
  },
  example_events: {
    rows: async (app) =>
      (await panel(app, "name", "events,visitors")).map(({ dimensions, metrics }) => ({
        event_name: dimensions[0],
        ...metrics,
      })).filter(({ event_name }) => event_name !== "pageview"),
  },
  example_revenue: {
    rows: async (app) =>
      (await panel(app, "utm_campaign", "total_revenue")).flatMap(({ dimensions, metrics }) => {
        const amounts = metrics["total_revenue"] as { currency: string; value: number }[] | null;
        const [campaign] = dimensions;
        return (amounts ?? []).map(({ currency, value }) => ({
          utm_campaign: campaign === "(not set)" ? null : campaign,
          revenue_currency: currency,
          revenue: value,
        }));
      }),
  },
  example_hours: {
    most: 10,
    rows: async (app) =>
      (await panel(app, "day_of_week,hour_of_day", "visitors")).map(
        ({ dimensions: [day, hour], metrics: { visitors } }) => ({
          day: dayName(Number(day)),
          hour: Number(hour),
          visitors,
        }),
      ),
  },
};

Deno.test("each example of the SQL page says what the panels say of the same site", async () => {
  await withTraffic(async (app) => {
    deepEqual(EXAMPLES.map(({ key }) => key), Object.keys(SAID));
    for (const { key, query } of EXAMPLES) {
      const { most = 1000, rows } = SAID[key] ?? { rows: () => Promise.resolve([]) };
      const found = await answerTo(app, query);
      const told = await rows(app);
      ok(told.length > 1, key);
      const columns = Object.keys(told[0] ?? {});
      const shown = sorted(found.map((row) =>
        Object.fromEntries(columns.map((column) => [
          column,
          column === "revenue" ? Number(row[column]) : row[column],
        ]))
      ));
      equal(shown.length, Math.min(most, told.length), key);
      // Rows that tie at the limit may be others.
      if (told.length > most) {
        const all = new Set(sorted(told));
        deepEqual(shown.filter((row) => !all.has(row)), [], key);
        deepEqual(visitorsOf(found), visitorsOf(told).slice(0, most), key);
      } else deepEqual(shown, sorted(told), key);
    }
  });
});

const visitorsOf = (rows: readonly Row[]) =>
  rows.map(({ visitors }) => Number(visitors)).sort((a, b) => b - a);

Deno.test("docs/sql.md has the examples of the SQL page", async () => {
  const docs = await Deno.readTextFile(new URL("../../../../docs/sql.md", import.meta.url));
  // Which properties a site has, its documentation cannot know: there it is one of them.
  const missing = EXAMPLES.filter(({ query }) => !docs.includes(`\n${query}\n`));
  deepEqual(missing.map(({ key }) => key), ["example_events"]);
});
