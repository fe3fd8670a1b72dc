import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { dateOfDay, dayOfDate } from "../../../dashboard/grammar/days.js";
import { DAY_US } from "../../../src/core/durations.ts";
import type { Event } from "../../../src/core/event.ts";
import { rangeOfDays } from "../../../src/core/period.ts";
import { startOfDate } from "../../../src/core/zone.ts";
import type { DimensionRef } from "../../../src/query/dimensions.ts";
import { type MetricName, METRICS } from "../../../src/query/metrics.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { type Query, queryOf } from "../../../src/query/query.ts";
import { RollupBuilder } from "../../../src/query/rollups/builder.ts";
import { SHAPES } from "../../../src/query/rollups/shapes.ts";
import { Runner } from "../../../src/query/run.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { Draw } from "../../support/numbers/random_questions.ts";
import { openFolder, withFolder } from "../../support/storage/storage.ts";

const SITE = "example.com";
const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const FIRST = "2024-03-01";
const DAYS = 20;
const NOW = Date.parse("2024-03-20T15:00:00Z");
const METRIC_NAMES = (Object.keys(METRICS) as MetricName[]).filter((name) =>
  name !== "group_conversion_rate"
);

/** Visits of many visitors whose ids last for `idDays` UTC days, some across midnight. */
function randomEvents(seed: number, idDays = 1): Event[] {
  const draw = new Draw(seed);
  const events: Event[] = [];
  const fromUs = Date.parse(FIRST) * 1000;
  for (let browser = 0; browser < 25; browser++) {
    for (let count = 0; count < 12; count++) {
      let at = fromUs + draw.below(DAYS * DAY_US - HOUR);
      if (draw.is(0.3)) at = fromUs + draw.below(DAYS) * DAY_US - draw.below(2 * HOUR);
      const visitor = `${browser}-${Math.floor(at / DAY_US / idDays)}`;
      const source = draw.one(["Google", null, "Bing", "example.org"]);
      for (let step = 0; step < 1 + draw.below(6); step++) {
        if (at >= NOW * 1000 || at < fromUs) break;
        events.push(pageview({
          at,
          visitor,
          page: draw.one(["/", "/a", "/b", "/c"]),
          name: draw.one(["pageview", "pageview", "signup"]),
          referrer_source: step === 0 ? source : null,
          hostname: draw.one(["example.com", "www.example.com", null]),
          country_code: draw.one(["DE", "US", null]),
          browser: browser % 2 === 0 ? "Firefox" : "Chrome",
          browser_version: draw.one(["1", "2", null]),
          utm_campaign: draw.one([null, "spring"]),
          ...(draw.is(0.2)
            ? { revenue_amount: draw.below(5000), revenue_currency: draw.one(["EUR", "USD"]) }
            : {}),
        }));
        at += draw.one([MINUTE, 5 * MINUTE, 30 * MINUTE, 30 * MINUTE + 1, 3 * HOUR]) + step;
      }
    }
  }
  return events.sort((a, b) => a.timestamp - b.timestamp);
}

interface Site {
  readonly zone: string;
  readonly idDays: number;
}

function builderOf(
  storage: Storage,
  system: ReturnType<typeof fakeSystem>,
  { zone, idDays }: Site,
) {
  const settings = { settings: () => Promise.resolve({ ...STANDARD_SETTINGS, zone }) };
  return new RollupBuilder(storage, settings, system.clock, system.log, {
    visitorIdDays: () => idDays,
  });
}

function runnerOf(
  storage: Storage,
  { clock }: ReturnType<typeof fakeSystem>,
  site: Site,
  rollups: boolean,
) {
  const settings = {
    settings: () => Promise.resolve({ ...STANDARD_SETTINGS, zone: site.zone }),
  };
  return new Runner(storage.reader, settings, clock, {
    queryTimeoutMs: 60_000,
    cacheTtlMs: 0,
    cacheEntriesMax: 1,
    heavyMax: 10,
    visitorIdDays: () => site.idDays,
    rollups,
  });
}

const TIMES: readonly (DimensionRef | null)[] = [null, null, "day", "week", "month"];

function randomQuery(draw: Draw, zone: string): Query {
  const shape = draw.one(SHAPES);
  const time = shape.dimensions.includes("hour") ? null : draw.one(TIMES);
  const first = dayOfDate(FIRST) + draw.below(DAYS);
  const days = 1 + draw.below(DAYS);
  const range = draw.is(0.7) ? rangeOfDays(zone, first, first + days) : {
    fromUs: startOfDate(zone, dateOfDay(first)) + draw.below(24) * HOUR,
    toUs: startOfDate(zone, dateOfDay(first + days)) + draw.below(24) * HOUR,
    dates: null,
  };
  const metrics = draw.some(METRIC_NAMES, 1, 5).filter((name) =>
    shape.steps || METRICS[name].appliesTo !== "pages"
  );
  const scope = {
    site: SITE,
    nowUs: NOW * 1000,
    range,
    zone,
    weekStart: draw.one([1, 7] as const),
    gapUs: STANDARD_SETTINGS.gapUs,
    filter: null,
    goals: [],
  };
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

async function compare(
  storage: Storage,
  system: ReturnType<typeof fakeSystem>,
  site: Site,
  seed: number,
  count = 60,
): Promise<number> {
  const rolled = runnerOf(storage, system, site, true);
  const plain = runnerOf(storage, system, site, false);
  const draw = new Draw(seed);
  let used = 0;
  for (let index = 0; index < count; index++) {
    const query = randomQuery(draw, site.zone);
    const notes: { sql: string }[] = [];
    const found = await rolled.context(SITE, {}, notes as never).query(query);
    if (notes.some(({ sql }) => sql.includes("currency is null"))) used++;
    const right = await plain.context(SITE).query(query);
    deepEqual(found, right, JSON.stringify({ ...query, at: index }));
  }
  return used;
}

for (
  const [zone, idDays] of [
    ["UTC", 1],
    ["America/Los_Angeles", 1],
    ["Europe/Berlin", 7],
    ["Asia/Kathmandu", 0],
  ] as const
) {
  Deno.test(`answers with rollups are those without, in ${zone} with ids of ${idDays} days`, async () => {
    await withFolder(async (folder) => {
      const system = fakeSystem({ nowMs: NOW });
      const storage = await openFolder(folder, system);
      try {
        const site = { zone, idDays };
        await storage.append(randomEvents(7, Math.max(1, idDays)));
        await storage.flusher.flush();
        const builder = builderOf(storage, system, site);
        await builder.run(new AbortController().signal);
        equal(builder.counts.failures, 0, JSON.stringify(system.lines.at(-1)));
        ok(builder.counts.days >= DAYS - 2, String(builder.counts.days));
        const used = await compare(storage, system, site, 11);
        console.log(zone, idDays, used);
      } finally {
        await storage.close();
      }
    });
  });
}
