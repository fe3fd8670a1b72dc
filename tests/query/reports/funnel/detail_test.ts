import assert from "node:assert/strict";
import type { Event } from "../../../../src/core/event.ts";
import type { FunnelDetail } from "../../../../src/query/reports/funnel/detail.ts";
import {
  bruteAnyOrder,
  type BruteAttempt,
  bruteConsecutive,
  bruteFunnel,
  bruteVisits,
  byVisitor,
  type Meets,
  randomEvents,
} from "../../../support/numbers/behavioral_brute.ts";
import { TEST_SEEDS } from "../../../support/numbers/behavioral_db.ts";
import { withQuestions } from "../../../support/numbers/questions.ts";

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const GAP = 30 * MINUTE;
const FROM = Date.UTC(2024, 2, 9, 0) * 1000;
const TO = FROM + 24 * HOUR;

const page = (path: string): Meets => (event) =>
  event.event_name === "pageview" && event.pathname === path;
const steps: readonly Meets[] = [page("/"), page("/a"), (event) => event.event_name === "signup"];
const QUERY = "&steps=page:/,page:/a,event:signup&window=2+hours&detail=true&limit=5" +
  "&start_date=2024-03-09&end_date=2024-03-10";

const BRUTES: Record<string, (own: readonly Event[]) => BruteAttempt | null> = {
  in_order: (own) => bruteFunnel(own, steps, 2 * HOUR),
  any_order: (own) => bruteAnyOrder(own, steps, 2 * HOUR),
  consecutive: (own) => bruteConsecutive(own, steps, 2 * HOUR, () => true),
};

/** Linear interpolation between the nearest ranks. */
function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)] as number;
  const high = sorted[Math.ceil(place)] as number;
  return (low + (high - low) * (place - Math.floor(place))) / 1e6;
}

function tally(values: readonly (string | null)[]): [string | null, number][] {
  const counts = new Map<string | null, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) =>
    m - n || (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1)
  );
}

const close = (a: number | null, b: number | null) =>
  a === b || (a !== null && b !== null && Math.abs(a - b) <= 1e-9 * Math.abs(b));

for (const seed of TEST_SEEDS) {
  Deno.test(`askFunnelDetail() equals the brute force, seed ${seed}`, async () => {
    const events = randomEvents({
      seed: seed + 600,
      visitors: 2000,
      eventsMax: 14,
      fromUs: FROM - 6 * HOUR,
      spanUs: 30 * HOUR,
      gapsUs: [1, 1_000_000, 10 * MINUTE, GAP, GAP + 1, HOUR, 3 * HOUR],
      ties: 0,
    });
    const visitors = [...byVisitor(events).values()];
    await withQuestions({ events }, async ({ get }) => {
      for (const [order, brute] of Object.entries(BRUTES)) {
        const attempts = visitors.flatMap((all) => {
          const own = all.filter((event) => event.timestamp >= FROM && event.timestamp < TO);
          const attempt = brute(own);
          return attempt ? [{ all, own, ...attempt }] : [];
        });
        const answer: FunnelDetail =
          (await get("funnel", `${QUERY}&order=${order}&by=source`)).json;
        for (const [index, step] of answer.steps.entries()) {
          const here = attempts.filter((attempt) => attempt.reached > index);
          assert.equal(step.visitors, here.length);
          const took = index === 0
            ? []
            : here.map(({ stepUs }) => (stepUs[index] as number) - (stepUs[index - 1] as number));
          assert.ok(close(step.median_secs, quantile(took, 0.5)), `${order} median`);
          assert.ok(close(step.p90_secs, quantile(took, 0.9)), `${order} 90 %`);
          const went = here.filter(({ reached }) => reached === index + 1 && reached < 3).map(
            ({ own, stepUs }) => {
              const last = stepUs.at(-1) as number;
              return own.find((event) =>
                event.event_name === "pageview" && event.timestamp > last &&
                event.timestamp <= last + GAP
              )?.pathname ?? null;
            },
          );
          assert.deepEqual(
            step.went_to.map(({ page, visitors }) => [page, visitors]),
            tally(went).slice(0, 5),
            order,
          );
        }
        // The source is that of the visit the first step lies in, also before the range.
        const sourceOf = ({ all, stepUs }: (typeof attempts)[number]) => {
          const visit = bruteVisits(all, GAP).find((one) =>
            one.some((event) => event.timestamp === stepUs[0])
          );
          return visit?.[0]?.referrer_source ?? "Direct / None";
        };
        const sources = new Map(
          tally(attempts.map(sourceOf)).map(([source, count]) => [
            source,
            [count, 2, 3].map((value, index) =>
              index === 0
                ? value
                : attempts.filter((one) => sourceOf(one) === source && one.reached >= value).length
            ),
          ]),
        );
        assert.deepEqual(
          answer.values.map(({ value, visitors }) => [value, visitors]),
          [...sources],
          order,
        );
      }
    });
  });
}
