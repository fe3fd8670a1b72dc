import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import type { Event } from "../../../src/core/event.ts";
import { pageview, timeUs } from "../../support/events.ts";
import { type BruteVisit, placesOf } from "../../support/numbers/brute.ts";
import { openApp, type RunningApp } from "../../support/server/running_app.ts";
import { accept, openFolder, withFolder } from "../../support/storage/storage.ts";

const ZONE = "America/New_York";
const GAP_US = 1_800_000_000;
/** The next of a sequence that looks like chance. */
let seed = 7;
const chance = (below: number) => (seed = (seed * 48271) % 2147483647) % below;

/** Twelve days around the end of daylight saving time, every visit with several events. */
const EVENTS: readonly Event[] = Array.from({ length: 150 }, () => {
  const visitor = (chance(40) + 1).toString(16).padStart(64, "0");
  const startUs = timeUs("2023-10-30") + chance(12 * 86_400) * 1_000_000;
  const source = [null, "Google", "Hacker News"][chance(3)] ?? null;
  const events = chance(4) + 1;
  return Array.from({ length: events }, (_, n) => {
    const isSale = n > 0 && chance(4) === 0;
    return pageview({
      at: startUs + n * 60_000_000 + chance(50_000_000),
      visitor,
      page: `/page/${chance(5)}`,
      referrer_source: source,
      ...(isSale
        ? {
          name: "sale",
          props: JSON.stringify({ plan: ["a", "b"][chance(2)] }),
          revenue_amount: 100 + chance(1000),
          revenue_currency: "EUR",
          utm_campaign: "spring",
        }
        : {}),
    });
  });
}).flat().sort((a, b) => a.timestamp - b.timestamp);

async function withEvents(run: (app: RunningApp) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, EVENTS.slice(0, 200));
    await storage.flusher.flush();
    await accept(storage, EVENTS.slice(200));
    await storage.close();
    const app = await openApp({}, { folder });
    try {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ site_id: "example.com", timezone: ZONE });
      equal((await app.send("/api/sites", { method: "POST", headers, body })).status, 201);
      await run(app);
    } finally {
      await app.close();
    }
  });
}

async function answer(app: RunningApp, query: string): Promise<Record<string, unknown>[]> {
  const response = await app.send("/api/sql", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ site_id: "example.com", query }),
  });
  const { rows, error } = await response.json();
  equal(error, undefined, query);
  return rows;
}

async function report(app: RunningApp, rest: string): Promise<Record<string, unknown>[]> {
  const response = await app.send(`/api/stats/query?site_id=example.com&period=all&${rest}`);
  const { results, error } = await response.json();
  equal(error, undefined, rest);
  return results;
}

const EXAMPLES = [
  ...Deno.readTextFileSync(new URL("../../../docs/sql.md", import.meta.url))
    .matchAll(/^([^\n]+):\n\n```sql\n([^`]+)```/gm),
].map(([, title = "", text = ""]) => ({
  title,
  text,
}));
const example = (title: RegExp) => EXAMPLES.find((one) => title.test(one.title))?.text ?? "";

const localDay = (us: number) =>
  new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE }).format(new Date(us / 1000));
const round = (value: number, digits: number) => Number(value.toFixed(digits));

Deno.test("the examples of docs/sql.md run, and their numbers are right", async () => {
  ok(EXAMPLES.length >= 7);
  await withEvents(async (app) => {
    for (const { title, text } of EXAMPLES) ok((await answer(app, text)).length > 0, title);

    const days = new Map<string, Event[]>();
    for (const event of EVENTS) {
      const day = localDay(event.timestamp);
      days.set(day, [...days.get(day) ?? [], event]);
    }
    const byDay = await answer(app, example(/by day/));
    deepEqual(
      byDay,
      [...days].sort().reverse().map(([day, events]) => ({
        day,
        visitors: new Set(events.map(({ visitor_id }) => visitor_id)).size,
        pageviews: events.filter(({ event_name }) => event_name === "pageview").length,
      })),
    );
    const told = await report(app, "dimensions=day&metrics=visitors,pageviews&limit=100");
    deepEqual(
      told.map(({ dimensions, metrics }) => ({
        day: (dimensions as string[])[0],
        ...metrics as { readonly visitors: number },
      }))
        .filter(({ visitors }) => visitors > 0)
        .sort((a, b) => String(a.day) < String(b.day) ? 1 : -1),
      byDay,
    );
  });
});

Deno.test("visits in SQL are those of the reports", async () => {
  await withEvents(async (app) => {
    const visits = [...new Set(placesOf(EVENTS, GAP_US, () => 0).map(({ visit }) => visit))];
    const isBounce = ({ events }: BruteVisit) => events.length === 1;
    const [all] = await answer(
      app,
      `select count(*) as visits, count(*) filter (is_bounce) as bounces,
        sum(pageviews)::bigint as pageviews, sum(events)::bigint as events,
        round(avg(duration_secs), 3) as secs from visits`,
    );
    deepEqual(all, {
      visits: visits.length,
      bounces: visits.filter(isBounce).length,
      pageviews: EVENTS.filter(({ event_name }) => event_name === "pageview").length,
      events: EVENTS.length,
      secs: round(
        visits.reduce((sum, { startUs, endUs }) => sum + endUs - startUs, 0) / 1e6 / visits.length,
        3,
      ),
    });
    const byChannel = await answer(app, example(/by channel/));
    const told = await report(
      app,
      "dimensions=channel&metrics=visits,bounce_rate,visit_duration&limit=100",
    );
    deepEqual(
      byChannel,
      told.map(({ dimensions, metrics }) => {
        const { visits, bounce_rate, visit_duration } = metrics as Record<string, number>;
        return {
          channel: (dimensions as string[])[0],
          visits,
          bounce_rate: round(bounce_rate ?? 0, 4),
          visit_duration: round(visit_duration ?? 0, 1),
        };
      }).sort((a, b) => (b.visits ?? 0) - (a.visits ?? 0)),
    );
  });
});
