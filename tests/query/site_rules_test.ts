import assert from "node:assert/strict";
import { filterToJson } from "../../src/core/filter_json.ts";
import { filterOf } from "../support/parsed.ts";
import { rulesOfSites } from "../../src/query/site_rules.ts";
import { openSites } from "../support/storage/sites.ts";

Deno.test("rulesOfSites() brings zone, week, timeout, goals and segments", async () => {
  const { sites } = await openSites();
  await sites.put("example.com", {
    timezone: "Asia/Kathmandu",
    week_start: "sunday",
    visit_timeout_minutes: 10,
  });
  await sites.add("example.com", "goal", { name: "Buy", body: { event: "buy" } });
  const filter = filterOf("is(source,Google)");
  const body = { filter: filterToJson(filter) };
  const segment = await sites.add("example.com", "segment", { name: "Search", body });
  const rules = await rulesOfSites(sites).settings("example.com");
  assert.deepEqual([rules.zone, rules.weekStart, rules.gapUs], ["Asia/Kathmandu", 7, 600_000_000]);
  assert.deepEqual(rules.goals, [{
    name: "Buy",
    filter: { op: "is", dimension: "name", values: ["buy"] },
  }]);
  assert.deepEqual(rules.segments.get("Search"), filter);
  assert.deepEqual(rules.segments.get(String(segment.id)), filter);
});

Deno.test("rulesOfSites() leaves out a segment that can no longer be read", async () => {
  const { sites } = await openSites();
  await sites.add("example.com", "segment", {
    name: "Old",
    body: { filter: ["is", "gone", ["x"]] },
  });
  const rules = await rulesOfSites(sites).settings("example.com");
  assert.equal(rules.segments.size, 0);
  assert.equal(rules.zone, "UTC");
});

Deno.test("rulesOfSites() reads each item once, and again when it was changed", async () => {
  const { sites } = await openSites();
  const draft = (source: string) => ({
    name: "Search",
    body: { filter: filterToJson(filterOf(`is(source,${source})`)) },
  });
  const item = await sites.add("example.com", "segment", draft("Google"));
  const rules = rulesOfSites(sites);
  const filter = async () => (await rules.settings("example.com")).segments.get("Search");
  const first = await filter();
  assert.strictEqual(await filter(), first);
  await sites.change(item, draft("Bing"));
  assert.deepEqual(await filter(), filterOf("is(source,Bing)"));
});
