import assert from "node:assert/strict";
import { allSitesRoutes } from "../../../src/api/stats/all_sites.ts";
import type { Access } from "../../../src/core/access.ts";
import { AllSites } from "../../../src/query/all_sites/all_sites.ts";
import { withQuestions } from "../../support/numbers/questions.ts";
import { pageview } from "../../support/events.ts";
import { callRoute, EVERYONE } from "../../support/server/routes.ts";

/** Visitors of each site today; one more view each of the second. */
const VISITORS: Readonly<Record<string, number>> = {
  "a.example": 1,
  "b.example": 3,
  "c.example": 2,
};
const IDS = [...Object.keys(VISITORS), "d.example"];
const NAMES: Readonly<Record<string, string>> = { "d.example": "A Bakery" };
const EVENTS = Object.entries(VISITORS).flatMap(([site_id, count]) =>
  Array.from(
    { length: count },
    (_, n) => pageview({ at: "2024-03-10T10:00", visitor: `v${n}`, site_id }),
  )
);
const STRANGER: Access = {
  who: "nobody",
  rights: new Set(["public", "read"]),
  sites: ["C.example"],
};
const KEY: Access = { ...EVERYONE, who: "key", sites: ["a.example", "d.example"] };

interface Answer {
  readonly total: Record<string, number>;
  readonly sites: readonly { readonly site_id: string; readonly visitors: number }[];
}

async function asked(
  use: (
    ask: (query: string, access?: Access) => Promise<Answer & { error: string }>,
  ) => Promise<void>,
): Promise<void> {
  await withQuestions({ events: EVENTS }, async ({ runner, clock, test }) => {
    const sums = { of: () => Promise.resolve([]) };
    const settings = (id: string) => ({ name: NAMES[id] ?? null });
    const routes = allSitesRoutes(
      new AllSites(runner, test.reader, clock, sums),
      { settings },
      () => IDS,
    );
    await use(async (query, access = EVERYONE) =>
      (await callRoute(routes, `/api/stats/sites?${query}`, { access })).json
    );
  });
}

const idsIn = ({ sites }: Answer) => sites.map(({ site_id }) => site_id);

Deno.test("allSitesRoutes() answer the sites that the caller may read, and no other", async () => {
  await asked(async (ask) => {
    assert.deepEqual(idsIn(await ask("")), IDS);
    assert.deepEqual(idsIn(await ask("", STRANGER)), ["c.example"]);
    assert.deepEqual((await ask("", STRANGER)).total, { sites: 1, visitors: 2, pageviews: 2 });
    assert.deepEqual(idsIn(await ask("search=example", KEY)), ["a.example", "d.example"]);
    assert.deepEqual(idsIn(await ask("", { ...STRANGER, sites: [] })), []);
  });
});

Deno.test("allSitesRoutes() sort, find and page, and always add up what was found", async () => {
  await asked(async (ask) => {
    assert.deepEqual(idsIn(await ask("sort=visitors")), [
      "b.example",
      "c.example",
      "a.example",
      "d.example",
    ]);
    const page = await ask("sort=pageviews&limit=2&offset=1");
    assert.deepEqual(idsIn(page), ["c.example", "a.example"]);
    assert.deepEqual(page.total, { sites: 4, visitors: 6, pageviews: 6 });
    assert.deepEqual(idsIn(await ask("search=BAKERY")), ["d.example"]);
    assert.deepEqual(idsIn(await ask("offset=4")), []);
  });
});

Deno.test("allSitesRoutes() refuse what is not the same for every site", async () => {
  await asked(async (ask) => {
    const refused = async (query: string) => (await ask(query)).error;
    assert.match(await refused("sort=size&limit=0"), /Cannot read limit: .*; Cannot read sort/);
    assert.match(await refused("compare=custom"), /custom is for one site/);
    assert.match(await refused("timezone=Moon"), /no IANA time zone/);
    assert.match(await refused("compare=never"), /Cannot read compare/);
  });
});
