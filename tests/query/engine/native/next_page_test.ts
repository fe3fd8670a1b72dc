import assert from "node:assert/strict";
import { sql } from "../../../../src/core/sql.ts";
import { nextPages } from "../../../../src/query/engine/native/next_page.ts";
import {
  bruteNextPages,
  byVisitor,
  randomEvents,
  withNulls,
} from "../../../support/numbers/behavioral_brute.ts";
import {
  EVENTS,
  TEST_SEEDS,
  THOROUGH,
  withEvents,
} from "../../../support/numbers/behavioral_db.ts";

const HOUR = 3_600_000_000;

for (const seed of TEST_SEEDS) {
  for (const ties of [0, 0.4]) {
    Deno.test(`nextPages() equals the brute force, seed ${seed}, ties ${ties}`, async () => {
      const events = randomEvents({
        seed: seed + 400,
        visitors: THOROUGH ? 5000 : 1500,
        eventsMax: 12,
        fromUs: Date.UTC(2024, 2, 4) * 1000,
        spanUs: 12 * HOUR,
        gapsUs: [1, 1_000_000, HOUR, 25 * HOUR],
        ties,
      });
      const visitors = [...byVisitor(withNulls(events)).values()];
      await withEvents(events, async (ask) => {
        for (const page of ["/", "/a", "/d/1", "/nowhere"]) {
          const expected = bruteNextPages(visitors, page);
          assert.ok(expected.length > 3 || page === "/nowhere");
          for (const [limit, offset] of [[10, 0], [2, 1]] as const) {
            assert.deepEqual(
              await ask(sql`select * from ${nextPages(EVENTS, page, limit, offset)}`),
              expected.slice(offset, offset + limit),
            );
          }
        }
      });
    });
  }
}
