import assert from "node:assert/strict";
import type { Event } from "../../../src/core/event.ts";
import { type VitalName, type VitalNumbers, VITALS } from "../../../src/query/reports/vitals.ts";
import { pageview } from "../../support/events.ts";
import { withQuestions } from "../../support/numbers/questions.ts";
import { placesOf } from "../../support/numbers/brute.ts";
import { randomEventsOf } from "../../support/numbers/random_questions.ts";
import { readRank } from "../../support/numbers/rank.ts";

const SPAN = "&start_date=2024-01-01&end_date=2025-01-31&limit=1000";
const GAP_US = 30 * 60_000_000;
const DAY_US = 86_400_000_000;
const NAMES = Object.keys(VITALS) as VitalName[];

interface Told {
  readonly vitals: Readonly<Record<VitalName, VitalNumbers>>;
  readonly rows: readonly { value: string; loads: number; vitals: Told["vitals"] }[];
}

/** Between the two nearest values, in proportion to the distance from them. */
function quantile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null;
  const at = (sorted.length - 1) * share;
  const [below = 0, above = below] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

function numbersOf(events: readonly Event[], name: VitalName): VitalNumbers {
  const { column, scale, good, poor } = VITALS[name];
  const all = events.flatMap((event) => event[column] ?? []).map((value) => value / scale);
  all.sort((a, b) => a - b);
  const goods = all.filter((value) => value <= good).length;
  const poors = all.filter((value) => value > poor).length;
  const p75 = quantile(all, 0.75);
  const rating = p75 === null ? null : p75 <= good ? "good" : p75 > poor ? "poor" : null;
  return {
    samples: all.length,
    p50: quantile(all, 0.5),
    p75,
    p95: quantile(all, 0.95),
    rating: rating ?? (p75 === null ? null : "needs_improvement"),
    good: goods,
    needs_improvement: all.length - goods - poors,
    poor: poors,
  };
}

/** Rounded, for the two divide in another order. */
function rounded(vitals: Told["vitals"]): unknown {
  const round = (value: unknown) =>
    typeof value === "number" ? Math.round(value * 1e6) / 1e6 : value;
  return NAMES.map((name) => Object.values(vitals[name]).map(round));
}

function vitalsOf(events: readonly Event[]): Told["vitals"] {
  const rows = NAMES.map((name) => [name, numbersOf(events, name)] as const);
  return Object.fromEntries(rows) as Told["vitals"];
}

Deno.test("VITALS equals the brute force, whole, by each dimension and with a filter", async () => {
  const rank = await readRank();
  for (const [seed, coldShare] of [[1, 0], [2, 0.6]] as const) {
    const events = randomEventsOf(seed, 60, rank);
    const loads = events.filter((event) =>
      event.engaged_ms !== null && NAMES.some((name) => event[VITALS[name].column] !== null)
    );
    assert.ok(loads.length > 30);
    const keys: Readonly<Record<string, (event: Event) => string>> = {
      page: ({ pathname }) => pathname,
      country: ({ country_code }) => country_code ?? "(not set)",
      hostname: ({ hostname }) => hostname ?? "(not set)",
    };
    await withQuestions({ events, coldShare }, async ({ get }) => {
      for (const [by, keyOf] of Object.entries(keys)) {
        for (const [filters, isIn] of FILTERS) {
          const { status, json } = await get("vitals", `${SPAN}&by=${by}${filters}`);
          assert.equal(status, 200, JSON.stringify(json));
          const told: Told = json;
          const own = loads.filter(isIn);
          assert.deepEqual(rounded(told.vitals), rounded(vitalsOf(own)), `${seed} ${filters}`);
          const groups = Map.groupBy(own, keyOf);
          const expected = [...groups].sort(([a, one], [b, other]) =>
            other.length - one.length || (a < b ? -1 : 1)
          );
          assert.deepEqual(
            told.rows.map(({ value, loads, vitals }) => [value, loads, rounded(vitals)]),
            expected.map(([value, list]) => [value, list.length, rounded(vitalsOf(list))]),
            `${seed} ${by} ${filters}`,
          );
        }
      }
    });
  }
});

const FILTERS: readonly (readonly [query: string, isIn: (event: Event) => boolean])[] = [
  ["", () => true],
  ["&filters=is(page,/a)", ({ pathname }) => pathname === "/a"],
  [
    "&filters=or(is(page,/),is_not(country,DE))",
    ({ pathname, country_code }) => pathname === "/" || country_code !== "DE",
  ],
];

/** Filters on visits and events, with what a load and the events of its visit must be. */
const VISIT_FILTERS: readonly (readonly [
  filter: string,
  isIn: (load: Event, visit: readonly Event[]) => boolean,
])[] = [
  [
    "is(referrer_source,google)",
    (_, [first]) => first?.referrer_source?.toLowerCase() === "google",
  ],
  ["is(name,signup)", (_, visit) => visit.some(({ event_name }) => event_name === "signup")],
  ["is_not(name,pageview)", (_, visit) => visit.some((one) => one.event_name !== "pageview")],
  ["has_not_done(is(page,/a))", (_, visit) => visit.every(({ pathname }) => pathname !== "/a")],
  [
    "and(is(page,/a),is(utm_medium,email))",
    ({ pathname }, [first]) => pathname === "/a" && first?.utm_medium === "email",
  ],
  [
    "and(is_not(country,DE),or(is(referrer_source,google),is(name,signup)))",
    ({ country_code }, visit) =>
      country_code !== "DE" &&
      visit.some((one) =>
        visit[0]?.referrer_source?.toLowerCase() === "google" || one.event_name === "signup"
      ),
  ],
];

/** The events of the visit that a load belongs to; undefined where there is none. */
function visitOf(load: Event, visits: ReturnType<typeof placesOf>): readonly Event[] | undefined {
  const before = visits.map(({ visit }) => visit).filter(({ visitor, startUs }) =>
    visitor === load.visitor_id && startUs <= load.timestamp
  ).sort((a, b) => b.startUs - a.startUs);
  const [last] = before;
  const seenUs = Math.min(load.engaged_ms ?? 0, 3_600_000) * 1000;
  const isTheirs = last !== undefined && load.timestamp - seenUs - last.endUs <= GAP_US &&
    load.timestamp < (Math.floor(last.startUs / DAY_US) + 2) * DAY_US;
  return isTheirs ? last.events : undefined;
}

Deno.test("VITALS of visits equal the brute force, by filters on visits and events", async () => {
  const rank = await readRank();
  for (const [seed, coldShare] of [[3, 0], [4, 0.6]] as const) {
    const events = randomEventsOf(seed, 90, rank);
    const places = placesOf(events, GAP_US, rank);
    const loads = events.filter((event) =>
      event.engaged_ms !== null && NAMES.some((name) => event[VITALS[name].column] !== null)
    );
    await withQuestions({ events, coldShare }, async ({ get }) => {
      let found = 0;
      for (const [filter, isIn] of VISIT_FILTERS) {
        const { status, json } = await get("vitals", `${SPAN}&filters=${filter}`);
        assert.equal(status, 200, JSON.stringify(json));
        const own = loads.filter((load) => {
          const visit = visitOf(load, places);
          return visit !== undefined && isIn(load, visit);
        });
        assert.deepEqual(rounded(json.vitals), rounded(vitalsOf(own)), `${seed} ${filter}`);
        const counts = json.rows.map((row: Told["rows"][number]) => [row.value, row.loads]).sort();
        const groups = Map.groupBy(own, ({ pathname }) => pathname);
        assert.deepEqual(counts, [...groups].map(([page, list]) => [page, list.length]).sort());
        found += own.length;
      }
      assert.ok(found > 20, `${found}`);
    });
  }
});

Deno.test("VITALS has no numbers without loads, and refuses what loads cannot tell", async () => {
  const events = [pageview({ at: "2024-03-10T10:00", visitor: "a" })];
  await withQuestions({ events }, async ({ get }) => {
    const { status, json } = await get("vitals", SPAN);
    assert.equal(status, 200);
    assert.deepEqual([json.rows, rounded(json.vitals)], [[], rounded(vitalsOf([]))]);
    const ofVisits = ["is(goal,Big)", "is(source,Google)", "has_done(is(page,/a))", "is(name,x)"];
    for (const filter of ofVisits) {
      const { status, json } = await get("vitals", `${SPAN}&filters=${filter}`);
      assert.deepEqual([status, json.rows], [200, []], filter);
    }
    const filters = [
      "or(is(page,/a),is(source,Google))",
      "not(and(is(country,DE),is(name,x)))",
    ];
    for (const filter of filters) {
      const refused = await get("vitals", `${SPAN}&filters=${filter}`);
      assert.equal(refused.status, 400, filter);
      assert.match(refused.json.error, /Cannot filter web vitals|segment|goal/);
    }
    for (const by of ["source", "day", "entry_page", "name"]) {
      assert.equal((await get("vitals", `${SPAN}&by=${by}`)).status, 400, by);
    }
  });
});
