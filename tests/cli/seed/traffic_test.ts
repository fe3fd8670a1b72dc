import assert from "node:assert/strict";
import { DAY_MS } from "../../../src/core/durations.ts";
import { builtInDatabasePath, GeoIp } from "../../../src/ingest/enrich/geoip.ts";
import { readFields } from "../../../src/ingest/formats/mallard.ts";
import { type PastEvent, siteProfiles, traffic } from "../../../src/cli/seed/traffic.ts";
import { HOMES, ROBOTS } from "../../../src/cli/seed/data.ts";

const OPTIONS = {
  seed: 7,
  untilMs: Date.UTC(2026, 10, 20, 15, 30),
  days: 28,
  sites: 3,
  visitorsPerDay: 120,
};

const all = (options: Partial<typeof OPTIONS> = {}) => [...traffic({ ...OPTIONS, ...options })];
const DAYS = all();
const EVENTS = DAYS.flat();
const ROBOT_NAMES = new Set(ROBOTS.map(([name]) => name));
const PEOPLE = EVENTS.filter((event) => !ROBOT_NAMES.has(event.ua));

function visitorsOf(events: readonly PastEvent[]): Set<string> {
  return new Set(events.map((event) => `${event.d} ${event.ip} ${event.ua}`));
}

function share(events: readonly PastEvent[], test: (event: PastEvent) => boolean): number {
  return events.filter(test).length / events.length;
}

Deno.test("traffic() is the same for the same seed and another for another", () => {
  assert.deepEqual(all({ days: 3 }), all({ days: 3 }));
  assert.notDeepEqual(all({ days: 3 }), all({ days: 3, seed: 8 }));
});

Deno.test("traffic() does not change past days as time passes", () => {
  const later = all({ untilMs: OPTIONS.untilMs + 3_600_000, days: 2 });
  assert.deepEqual(later[0], all({ days: 2 })[0]);
});

Deno.test("traffic() gives each day's events in order of time, none after now", () => {
  assert.equal(DAYS.length, OPTIONS.days);
  const today = Math.floor(OPTIONS.untilMs / DAY_MS);
  DAYS.forEach((events, index) => {
    const midnight = (today - OPTIONS.days + 1 + index) * DAY_MS;
    assert.ok(events.length > 0);
    assert.ok(events.every((event, at) => at === 0 || events[at - 1]!.at <= event.at));
    assert.ok(events.every((event) => event.at >= midnight && event.at <= OPTIONS.untilMs));
  });
});

Deno.test("traffic() is taken by the server as it is", () => {
  const faults = EVENTS.map((event) => readFields(event)).filter((checked) => "fault" in checked);
  assert.deepEqual(faults, []);
});

Deno.test("traffic() is for every requested site and no other", () => {
  const wanted = siteProfiles(7).map((profile) => profile.domain);
  assert.equal(new Set(wanted).size, 7);
  const found = new Set(all({ sites: 7, days: 2 }).flat().map((event) => event.d));
  assert.deepEqual([...found].sort(), wanted.sort());
});

Deno.test("traffic() has nights, weekends and returning visitors", () => {
  const blog = PEOPLE.filter((event) => event.d === "quietpond.example");
  const hour = (event: PastEvent) => new Date(event.at).getUTCHours();
  const night = share(blog, (event) => hour(event) >= 3 && hour(event) < 7);
  const day = share(blog, (event) => hour(event) >= 13 && hour(event) < 17);
  assert.ok(day > 1.5 * night, `${day} by day, ${night} by night`);

  const perDay = (isWanted: (weekday: number) => boolean) => {
    const days = DAYS.slice(0, -1).filter(([first]) => isWanted(new Date(first!.at).getUTCDay()));
    return visitorsOf(days.flat().filter((event) => event.d === "quietpond.example")).size /
      days.length;
  };
  const isWeekend = (weekday: number) => weekday === 0 || weekday === 6;
  assert.ok(perDay(isWeekend) < perDay((weekday) => !isWeekend(weekday)));

  const daysSeen = new Map<string, number>();
  for (const events of DAYS) {
    for (const visitor of visitorsOf(events)) {
      daysSeen.set(visitor, (daysSeen.get(visitor) ?? 0) + 1);
    }
  }
  const regulars = [...daysSeen.values()].filter((days) => days > 1).length;
  assert.ok(regulars > 100, `${regulars} came back`);
});

Deno.test("traffic() holds all that a dashboard can show", () => {
  assert.ok(new Set(PEOPLE.map((event) => event.ua)).size > 20);
  assert.ok(new Set(PEOPLE.map((event) => event.ip.split(".").slice(0, 2).join("."))).size > 80);
  assert.ok(share(PEOPLE, (event) => event.u.includes("utm_campaign=")) > 0.02);
  assert.ok(share(PEOPLE, (event) => event.r.startsWith("https://www.google.com/")) > 0.05);
  assert.ok(share(PEOPLE, (event) => event.n !== "pageview" && event.p !== undefined) > 0.01);
  assert.ok(PEOPLE.filter((event) => (event.ra ?? 0) > 0 && event.rc === "EUR").length > 20);
  assert.ok(new Set(PEOPLE.map((event) => event.w)).size > 10);
  const robots = share(EVENTS, (event) => ROBOT_NAMES.has(event.ua));
  assert.ok(robots > 0.001 && robots < 0.03, String(robots));
});

Deno.test("traffic() has visits of one page and visits of many", () => {
  const views = new Map<string, number>();
  for (const event of PEOPLE) {
    if (event.n !== "pageview") continue;
    const visit = `${event.d} ${event.ip} ${event.ua} ${Math.floor(event.at / DAY_MS)}`;
    views.set(visit, (views.get(visit) ?? 0) + 1);
  }
  const counts = [...views.values()];
  const single = counts.filter((count) => count === 1).length / counts.length;
  assert.ok(single > 0.2 && single < 0.6, `${single} of one page`);
  assert.ok(Math.max(...counts) >= 8);
});

Deno.test("traffic() has visitors whose addresses are of the countries they live in", async () => {
  const bytes = await Deno.readFile(builtInDatabasePath());
  const geo = GeoIp.open(bytes, { precision: "country" });
  const wrong = HOMES.flatMap(([{ country, prefixes }]) =>
    prefixes.flatMap((prefix) =>
      ["1.1", "77.200", "128.9", "201.33", "254.254"]
        .map((end) => ({ country, found: geo.lookup(`${prefix}.${end}`).country_code, prefix }))
        .filter(({ found }) => found !== country)
    )
  );
  assert.deepEqual(wrong, []);
  assert.ok(PEOPLE.every((event) => /^\d+\.\d+\.\d+\.\d+$/.test(event.ip)));
});
