import assert from "node:assert/strict";
import type { Event } from "../../../src/core/event.ts";
import { type VitalName, type VitalNumbers, VITALS } from "../../../src/query/reports/vitals.ts";
import { pageview } from "../../support/events.ts";
import { withQuestions } from "../../support/numbers/questions.ts";
import { randomEventsOf } from "../../support/numbers/random_questions.ts";
import { readRank } from "../../support/numbers/rank.ts";

const SPAN = "&start_date=2024-01-01&end_date=2025-01-31&limit=1000";
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

Deno.test("VITALS has no numbers without loads, and refuses what loads cannot tell", async () => {
  const events = [pageview({ at: "2024-03-10T10:00", visitor: "a" })];
  await withQuestions({ events }, async ({ get }) => {
    const { status, json } = await get("vitals", SPAN);
    assert.equal(status, 200);
    assert.deepEqual([json.rows, rounded(json.vitals)], [[], rounded(vitalsOf([]))]);
    const filters = ["is(source,Google)", "is(goal,Big)", "has_done(is(page,/a))", "is(name,x)"];
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
