import assert from "node:assert/strict";
import { AllSites } from "../../../src/query/all_sites/all_sites.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { Runner } from "../../../src/query/run.ts";
import { statsRoutes } from "../../../src/api/stats/stats.ts";
import { judgeCounts } from "../../../src/query/reports/change/spread.ts";
import { openTestReader, pageview, timeUs } from "../../support/events.ts";
import { FakeClock } from "../../support/fake_system.ts";
import { callRoute } from "../../support/server/routes.ts";

const NOW = "2024-03-12T15:30:00";
const ZONES: Readonly<Record<string, string>> = {
  "a.example": "UTC",
  "b.example": "Asia/Kolkata",
  "c.example": "America/Los_Angeles",
  "d.example": "Pacific/Auckland",
  "empty.example": "Europe/Berlin",
};
const SITES = Object.keys(ZONES);
const ASKED = [
  "period=24h&compare=previous_period",
  "period=7d&compare=previous_period",
  "period=7d&compare=previous_period&match_weekday=true",
  "period=30d",
  "period=day&compare=previous_period",
  "period=day&compare=year_over_year&timezone=Asia/Tokyo",
  "start_date=2024-03-09&end_date=2024-03-12&compare=previous_period",
  "start_date=2024-02-20&end_date=2024-03-12&compare=previous_period",
  "start_date=2024-03-11T03:20&end_date=2024-03-11T20:10&compare=previous_period",
];

/** Events of forty days, some of them no pageviews, some no events at all. */
function manyEvents(count: number) {
  let seed = 7;
  const next = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(seed / 65_536) % below;
  };
  const nowUs = timeUs(NOW);
  return Array.from({ length: count }, () => {
    const kind = next(10);
    return pageview({
      site_id: SITES[next(SITES.length - 1)] ?? "",
      at: nowUs - next(40 * 24 * 60) * 60_000_000 - next(1_000_000),
      visitor: `v${next(25)}`,
      name: kind < 2 ? "signup" : "pageview",
      ...(kind === 9 ? { engaged_ms: 5000 } : {}),
    });
  }).sort((a, b) => a.timestamp - b.timestamp);
}

async function withSites(
  use: (parts: {
    readonly of: (eventsMax: number) => AllSites;
    readonly routes: ReturnType<typeof statsRoutes>;
  }) => Promise<void>,
): Promise<void> {
  const test = await openTestReader(manyEvents(3000), { coldShare: 0.7 });
  try {
    const clock = new FakeClock(Date.parse(`${NOW}Z`));
    const settings = (site: string) =>
      Promise.resolve({ ...STANDARD_SETTINGS, zone: ZONES[site] ?? "UTC" });
    const runner = new Runner(test.reader, { settings }, clock, {
      queryTimeoutMs: 30_000,
      cacheTtlMs: 0,
      cacheEntriesMax: 100,
      heavyMax: 10,
    });
    const sums = { of: () => Promise.resolve([]) };
    const of = (eventsMax: number) => new AllSites(runner, test.reader, clock, sums, eventsMax);
    await use({ of, routes: statsRoutes(runner) });
  } finally {
    await test.close();
  }
}

interface SeriesRow {
  readonly date: string;
  readonly visitors: number;
  readonly comparison: { readonly visitors: number } | null;
}

/** Whether a change is noise, by the buckets that have begun. */
function judgedBy(series: readonly SeriesRow[], now: number, before: number): boolean {
  const earlier = series.flatMap(({ comparison }) => comparison?.visitors ?? []);
  // What is compared has as many buckets as have begun.
  const begun = Math.min(series.length, Math.max(earlier.length, 1));
  const visitors = series.map(({ visitors }) => visitors).slice(0, begun);
  return judgeCounts([now, before], [visitors, earlier]).within_noise;
}

Deno.test("AllSites counts of each site what its own reports count", async () => {
  await withSites(async ({ of, routes }) => {
    for (const asked of ASKED) {
      const together = await of(Infinity).numbersOf(SITES, new URLSearchParams(asked));
      assert.deepEqual(together.map(({ site_id }) => site_id), SITES);
      for (const found of together) {
        const query = `site_id=${found.site_id}&${asked}`;
        const { json: main } = await callRoute(routes, `/api/stats/main?${query}`);
        const { json: series } = await callRoute(routes, `/api/stats/timeseries?${query}`);
        const before = main.comparison && {
          visitors: main.comparison.unique_visitors,
          pageviews: main.comparison.total_pageviews,
        };
        const { json: changes } = await callRoute(routes, `/api/stats/changes?${query}`);
        const noise = before && judgedBy(series, main.unique_visitors, before.visitors);
        // Of less than four days `changes` asks for hours.
        if (/7d|30d|24h|=day/.test(asked) && before) {
          assert.equal(noise, changes.metrics.visitors.within_noise, query);
        }
        assert.deepEqual(found, {
          site_id: found.site_id,
          visitors: main.unique_visitors,
          pageviews: main.total_pageviews,
          comparison: before ?? null,
          series: series.map(({ visitors }: { visitors: number }) => visitors),
          ...(before ? { within_noise: noise } : {}),
          ...(before?.visitors && main.meta.data_from ? { data_from: main.meta.data_from } : {}),
        }, query);
      }
      // Of forty days, 30 January to 19 February lacks the first.
      assert.equal(together.some((one) => one.data_from), asked.includes("2024-02-20"), asked);
      assert.ok(together.some(({ visitors }) => visitors > 0), asked);
      const alone = await of(-1).numbersOf(SITES, new URLSearchParams(asked));
      assert.deepEqual(alone, together, `${asked}: asked one by one`);
    }
  });
});

Deno.test("AllSites refuses what cannot be read also where there is no site", async () => {
  await withSites(async ({ of }) => {
    for (const sites of [[], SITES]) {
      const asked = new URLSearchParams("period=never&timezone=Moon");
      await assert.rejects(
        of(Infinity).numbersOf(sites, asked),
        (error: Error) =>
          /Cannot read period/.test(error.message) && /Cannot read timezone/.test(error.message),
      );
    }
  });
});
