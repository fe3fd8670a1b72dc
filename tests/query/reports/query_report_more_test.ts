// Random requests with everything in everything, against the independent count of
// tests/support/numbers. For hours: deno task compare:long.
import assert from "node:assert/strict";
import { pageview } from "../../support/events.ts";
import { compareSeed } from "../../support/numbers/compare_run.ts";
import { withQuestions } from "../../support/numbers/questions.ts";
import { readRank } from "../../support/numbers/rank.ts";

Deno.test("QUERY equals the brute force, with its comparison, or refuses the filter", async () => {
  const rank = await readRank();
  const seed = Number(Deno.env.get("MALLARD_TEST_SEEDS")?.split("-")[0] ?? 1);
  const { answered, refused } = await compareSeed({ seed, visitors: 40, questions: 16, rank });
  assert.ok(answered > 7, `${answered} answered, ${refused} refused`);
});

Deno.test("QUERY has no row past the only one, in an empty range, too", async () => {
  await withQuestions({ events: [pageview({ at: "2024-03-10T10:00" })] }, async ({ get }) => {
    for (const end of ["2024-03-10", "2024-03-11"]) {
      const { json } = await get("query", `&start_date=2024-03-10&end_date=${end}&offset=1`);
      assert.deepEqual([json.results, json.total], [[], 1], end);
    }
  });
});
