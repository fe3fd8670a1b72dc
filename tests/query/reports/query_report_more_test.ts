// Random requests with everything in everything, against the independent count of
// tests/support/numbers. For hours: deno task compare:long.
import assert from "node:assert/strict";
import { pageview } from "../../support/events.ts";
import { compareSeed } from "../../support/numbers/compare_run.ts";
import { withQuestions } from "../../support/numbers/questions.ts";
import { readRank } from "../../support/numbers/rank.ts";

Deno.test("QUERY equals the brute force, with its comparison, or refuses the filter", async () => {
  const rank = await readRank();
  const first = Number(Deno.env.get("MALLARD_TEST_SEEDS")?.split("-")[0] ?? 1);
  // Of every three seeds, one has hot events and files, the next files and rollups.
  for (const seed of [first, first + 1]) {
    const { answered, refused } = await compareSeed({ seed, visitors: 30, questions: 9, rank });
    assert.ok(answered > 4, `${answered} answered, ${refused} refused`);
  }
});

Deno.test("QUERY has no row past the only one, in an empty range, too", async () => {
  await withQuestions({ events: [pageview({ at: "2024-03-10T10:00" })] }, async ({ get }) => {
    for (const end of ["2024-03-10", "2024-03-11"]) {
      const { json } = await get("query", `&start_date=2024-03-10&end_date=${end}&offset=1`);
      assert.deepEqual([json.results, json.total], [[], 1], end);
    }
  });
});
