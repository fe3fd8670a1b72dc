import { deepStrictEqual as deepEqual, equal } from "node:assert/strict";
import { dateOfDay } from "../../../dashboard/grammar/days.js";
import { DAY_MS } from "../../../src/core/durations.ts";
import { rangeOfDays } from "../../../src/core/period.ts";
import type { Event } from "../../../src/core/event.ts";
import { Params } from "../../../src/query/params.ts";
import { REPORTS } from "../../../src/query/reports/reports.ts";
import { pageview } from "../../support/events.ts";
import {
  NOW,
  randomEvents,
  runnerOf,
  SITE,
  statementsOf,
  sumsInMemory,
  withSite,
} from "../../support/numbers/rolled_answers.ts";

/** Counted without SQL: visitors by key, from a local date to before another one. */
function countedOf(events: readonly Event[], zone: string, first: number, end: number) {
  const { fromUs, toUs } = rangeOfDays(zone, first, end);
  const visitors = new Map<string, Set<string>>();
  for (const { props, timestamp, visitor_id, engaged_ms } of events) {
    const isIn = timestamp >= fromUs && timestamp < toUs && engaged_ms === null;
    if (!isIn || !props?.startsWith("{")) continue;
    for (const key of Object.keys(JSON.parse(props))) {
      visitors.set(key, (visitors.get(key) ?? new Set()).add(visitor_id));
    }
  }
  return [...visitors].map(([value, { size }]) => ({ value, visitors: size }))
    .sort((a, b) => b.visitors - a.visitors || (a.value < b.value ? -1 : 1));
}

for (const [zone, idDays] of [["UTC", 1], ["Asia/Kathmandu", 1], ["UTC", 0]] as const) {
  const reads = `keys of properties of closed days are sums, in ${zone}, ids of ${idDays} days`;
  Deno.test(`${reads}, and those that events have`, async () => {
    const late = pageview({ at: NOW * 1000 - 1, visitor: "late", props: '{"late":1}' });
    await withSite({ zone, idDays }, 5, async ({ storage, system, site }) => {
      await storage.append([late]);
      const closed = sumsInMemory(storage, system);
      const runner = runnerOf(storage, system, site, true, undefined, closed);
      const events = [...randomEvents(5, idDays, true), late];
      const today = Math.floor(NOW / DAY_MS);
      for (const days of [2, 3, 9, 9, 9, 18]) {
        for (const end of [today + 1, today - 3]) {
          const range = `start_date=${dateOfDay(end - days)}&end_date=${dateOfDay(end)}`;
          const text = `site_id=${SITE}&${range}&dimension=props&limit=50`;
          let found;
          const texts = await statementsOf(storage, async () => {
            const params = new Params(new URLSearchParams(`${text}&timezone=${zone}`));
            found = await runner.answer("values", REPORTS.values, SITE, params);
          });
          deepEqual(found, countedOf(events, zone, end - days, end), range);
          equal(texts.at(-1)?.includes("where shape = "), true, range);
          await closed.make();
        }
      }
    }, { isEngaged: true });
  });
}
