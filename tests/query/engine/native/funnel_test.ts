import assert from "node:assert/strict";
import { type Sql, sql } from "../../../../src/core/sql.ts";
import type { FunnelSpec } from "../../../../src/query/engine/engine.ts";
import { funnelAttempts, funnelReached } from "../../../../src/query/engine/native/funnel.ts";
import { compileSteps, mayOverlap } from "../../../../src/query/steps.ts";
import {
  bruteAnyOrder,
  type BruteAttempt,
  bruteConsecutive,
  bruteFunnel,
  byVisitor,
  type Meets,
  plainEvent,
  randomEvents,
  withNulls,
} from "../../../support/numbers/behavioral_brute.ts";
import {
  EVENTS,
  TEST_SEEDS,
  THOROUGH,
  withEvents,
} from "../../../support/numbers/behavioral_db.ts";
import { valueOf } from "../../../support/parsed.ts";

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const FROM = Date.UTC(2024, 2, 29, 22) * 1000;
const GAPS = [1, 2, 999_999, 1_000_000, MINUTE, HOUR - 1, HOUR, HOUR + 1, 25 * HOUR];

const page = (path: string): Meets => (event) =>
  event.event_name === "pageview" && event.pathname === path;
const named = (name: string): Meets => (event) => event.event_name === name;
const blog: Meets = (event) =>
  event.event_name === "pageview" && /^\/d\/[^/]*$/.test(event.pathname);
const anyPage: Meets = (event) => event.event_name === "pageview" && event.pathname !== null;
const anyView: Meets = (event) => event.event_name === "pageview";
const pro: Meets = (event) =>
  event.event_name === "purchase" && JSON.parse(event.props ?? "{}").plan === "pro";

const FUNNELS: readonly { steps: string; meets: readonly Meets[]; onlyPages: boolean }[] = [
  { steps: "page:/a", meets: [page("/a")], onlyPages: true },
  { steps: "page:/a,page:/b", meets: [page("/a"), page("/b")], onlyPages: true },
  {
    steps: "page:/,page:/a,event:signup",
    meets: [page("/"), page("/a"), named("signup")],
    onlyPages: false,
  },
  {
    steps: "page:/a,page:/a,page:/b,page:/a",
    meets: [page("/a"), page("/a"), page("/b"), page("/a")],
    onlyPages: true,
  },
  {
    steps: "page:/**,page:/d/*,event:purchase[plan=pro],page:/c,event:purchase",
    meets: [anyPage, blog, pro, page("/c"), named("purchase")],
    onlyPages: false,
  },
  {
    steps: "page:/d/*,page:/**,page:/b,page:/**,page:/**,event:click,page:/**",
    meets: [blog, anyPage, page("/b"), anyPage, anyPage, named("click"), anyPage],
    onlyPages: false,
  },
];

async function differences(
  ask: (query: Sql) => Promise<Record<string, unknown>[]>,
  spec: FunnelSpec,
  expected: ReadonlyMap<string, BruteAttempt | null>,
): Promise<string[]> {
  const rows = await ask(
    sql`select visitor_id, reached, began_us, done_us, step_us::varchar as step_us
      from ${funnelAttempts(EVENTS, spec)}`,
  );
  const found = new Map(rows.map((row) => [row["visitor_id"] as string, row]));
  assert.equal(found.size, rows.length);
  const short = await ask(sql`select visitor_id, reached from ${funnelReached(EVENTS, spec)}`);
  const far = (row: Record<string, unknown>) => `${row["visitor_id"]} ${row["reached"]}`;
  assert.deepEqual(short.map(far).sort(), rows.map(far).sort(), "reached alone");
  const faults: string[] = [];
  for (const [visitor, attempt] of expected) {
    const row = found.get(visitor);
    const wanted = attempt && {
      visitor_id: visitor,
      reached: attempt.reached,
      began_us: attempt.stepUs[0],
      done_us: attempt.stepUs.at(-1),
      step_us: `[${attempt.stepUs.join(", ")}]`,
    };
    if (JSON.stringify(row ?? null) !== JSON.stringify(wanted)) {
      faults.push(`${JSON.stringify(row)} instead of ${JSON.stringify(wanted)}`);
    }
  }
  return faults;
}

for (const seed of TEST_SEEDS) {
  for (const ties of [0, 0.3]) {
    const options = {
      seed,
      visitors: THOROUGH ? 2000 : 600,
      eventsMax: 24,
      fromUs: FROM,
      spanUs: 6 * HOUR,
      gapsUs: GAPS,
      ties,
    };
    const name =
      `funnelAttempts() and funnelReached() equal the brute force, seed ${seed}, ties ${ties}`;
    Deno.test(name, async () => {
      const events = randomEvents(options);
      const visitors = [...byVisitor(withNulls(events))];
      await withEvents(events, async (ask) => {
        for (const { steps: text, meets, onlyPages } of FUNNELS) {
          const steps = valueOf(compileSteps(text, () => undefined));
          for (const windowUs of THOROUGH ? [1_000_000, HOUR, 26 * HOUR] : [HOUR]) {
            const spec = {
              steps: steps.map((step) => step.condition),
              windowUs,
              overlap: mayOverlap(steps),
              considered: onlyPages ? sql`event_name = 'pageview'` : sql`true`,
            };
            const considered: Meets = onlyPages ? anyView : () => true;
            const run = async (
              label: string,
              order: FunnelSpec["order"],
              brute: (own: (typeof visitors)[number][1]) => BruteAttempt | null,
              heavyFrom?: number,
            ) => {
              const expected = new Map(visitors.map(([id, own]) => [id, brute(own)]));
              const extra = heavyFrom === undefined ? {} : { heavyFrom };
              const faults = await differences(ask, { ...spec, order, ...extra }, expected);
              assert.deepEqual(faults.slice(0, 3), [], `${label} ${text} ${windowUs}`);
            };
            const chain = (own: (typeof visitors)[number][1]) => bruteFunnel(own, meets, windowUs);
            await run("lists", "in_order", chain);
            await run("running maxima", "in_order", chain, 0);
            await run("mixed", "in_order", chain, 5);
            await run("any", "any_order", (own) => bruteAnyOrder(own, meets, windowUs));
            await run(
              "consecutive",
              "consecutive",
              (own) => bruteConsecutive(own, meets, windowUs, considered),
            );
          }
        }
      });
    });
  }
}

Deno.test("funnelAttempts() follows 20 steps and a visitor with 50,000 events", async () => {
  const pages = Array.from({ length: 20 }, (_, index) => `/s${index}`);
  const events = Array.from({ length: 50_000 }, (_, index) =>
    plainEvent({
      visitor_id: "robot",
      timestamp: FROM + index * 1_000_000,
      pathname: pages[(index * 7) % 20] as string,
    }));
  pages.forEach((pathname, index) =>
    events.push(plainEvent({ visitor_id: "reader", timestamp: FROM + index * MINUTE, pathname }))
  );
  const steps = valueOf(
    compileSteps(pages.map((path) => `page:${path}`).join(","), () => undefined),
  );
  await withEvents(events, async (ask) => {
    for (const overlap of [false, true]) {
      const rows = await ask(
        sql`select visitor_id, reached, done_us - began_us as took_us from ${
          funnelAttempts(EVENTS, {
            steps: steps.map((step) => step.condition),
            windowUs: 19 * MINUTE,
            order: "in_order",
            overlap,
            considered: sql`true`,
          })
        } order by visitor_id`,
      );
      assert.deepEqual(rows, [
        { visitor_id: "reader", reached: 20, took_us: 19 * MINUTE },
        { visitor_id: "robot", reached: 20, took_us: 57_000_000 },
      ]);
    }
  });
});
