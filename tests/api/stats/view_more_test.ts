// Lists of one view are asked for together.
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { statsRoutes } from "../../../src/api/stats/stats.ts";
import { viewRoutes } from "../../../src/api/stats/view.ts";
import { RecentVisits } from "../../../src/query/rollups/recent_visits.ts";
import { Draw } from "../../support/numbers/random_questions.ts";
import {
  eventOf,
  type Open,
  runnerOf,
  SITE,
  statementsOf,
  withSite,
} from "../../support/numbers/rolled_answers.ts";
import { callRoute, EVERYONE } from "../../support/server/routes.ts";

type Part = readonly [name: string, params: Record<string, string>];

const METRICS = "visitors,pageviews,percentage";
const listOf = (dimensions: string, metrics = METRICS): Part => [
  "query",
  { metrics, dimensions, limit: dimensions === "name" ? "10" : "9" },
];
const LISTS: readonly Part[] = [
  listOf("page"),
  listOf("source"),
  listOf("country"),
  listOf("name", "visitors,events,percentage"),
  listOf("device"),
  listOf("browser"),
  listOf("os"),
];
const COMMON = `site_id=${SITE}&period=7d&compare=previous_period`;

/** What a view and its parts' own routes say, and the lists that each asked DuckDB for. */
async function asked(
  { storage, system, site }: Open,
  recent: RecentVisits,
  parts: readonly Part[],
  common = COMMON,
) {
  const runner = runnerOf(storage, system, site, true, recent);
  const ask = async (work: () => Promise<unknown[]>) => {
    let found: unknown[] = [];
    const texts = await statementsOf(storage, async () => void (found = await work()));
    return { found, lists: texts.filter((text) => text.includes("total_rows")).length };
  };
  const together = await ask(async () => {
    const path = `/api/stats/view?${common}&parts=${encodeURIComponent(JSON.stringify(parts))}`;
    const { text } = await callRoute(viewRoutes(runner, system.clock), path, { access: EVERYONE });
    const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
    return lines.sort((a, b) => a.part - b.part).map(({ body }) => body);
  });
  const alone = await ask(async () => {
    const answers: unknown[] = [];
    for (const [name, own] of parts) {
      const path = `/api/stats/${name}?${common}&${new URLSearchParams(own)}`;
      answers.push((await callRoute(statsRoutes(runner), path, { access: EVERYONE })).json);
    }
    return answers;
  });
  deepEqual(together.found, alone.found);
  return { together: together.lists, alone: alone.lists };
}

Deno.test("a view asks for its lists in two statements, and says what each says", async () => {
  await withSite({ zone: "America/New_York", idDays: 1 }, 31, async (open) => {
    const { storage, system } = open;
    const recent = new RecentVisits(storage, system.clock, system.log);
    const draw = new Draw(31);
    for (let turn = 0; turn < 3; turn++) {
      const { together, alone } = await asked(open, recent, LISTS);
      deepEqual([together, alone], [2, 14]);
      system.clock.advance(10_000);
      const at = Math.floor(system.clock.nowMs() * 1000);
      await storage.append([eventOf(draw, at, `late ${turn}`, turn, "Bing")]);
    }
    const two = await asked(open, recent, LISTS.slice(0, 2), COMMON.replace(/&compare.*/, ""));
    equal(two.together, 1);
    const others: Part[] = [["main", {}], ...LISTS.slice(0, 2), ["query", { dimensions: "time" }]];
    const mixed = await asked(open, recent, others);
    ok(mixed.together <= mixed.alone - 2, JSON.stringify(mixed));
  });
});

Deno.test("a view asks for each list by itself where they have filters, or are long", async () => {
  await withSite({ zone: "UTC", idDays: 1 }, 32, async (open) => {
    const recent = new RecentVisits(open.storage, open.system.clock, open.system.log);
    const lists = LISTS.slice(0, 3);
    const filtered = await asked(open, recent, lists, `${COMMON}&filters=is(page,/a)`);
    equal(filtered.together, filtered.alone);
    const long = lists.map(([name, own]): Part => [name, { ...own, limit: "101" }]);
    const { together, alone } = await asked(open, recent, long);
    equal(together, alone);
    const paged = await asked(open, recent, lists, `${COMMON}&offset=1`);
    equal(paged.together, paged.alone);
  }, { isEngaged: false });
});
