import assert from "node:assert/strict";
import { printFilters } from "../../../dashboard/grammar/filter.js";
import { isPicked, toggleRow } from "../../../dashboard/lib/toggle_filter.js";

const VERSION = ["browser_version", "browser"];

Deno.test("toggleRow() keeps all values of a row, lets go, leaves out what has all", () => {
  const kept = toggleRow([], VERSION, ["18.5", "Safari"], false);
  assert.equal(printFilters(kept), "is(browser_version,18.5);is(browser,Safari)");
  assert.ok(isPicked(kept, VERSION, ["18.5", "Safari"]));
  assert.ok(!isPicked(kept, VERSION, ["17.7", "Safari"]));
  assert.deepEqual(toggleRow(kept, VERSION, ["18.5", "Safari"], false), []);
  const more = toggleRow(kept, VERSION, ["17.7", "Safari"], false);
  assert.equal(printFilters(more), "is(browser,Safari);is(browser_version,18.5,17.7)");
  assert.equal(
    printFilters(toggleRow([], VERSION, ["18.5", "Safari"], true)),
    "not(and(is(browser_version,18.5),is(browser,Safari)))",
  );
  assert.equal(printFilters(toggleRow([], ["page"], ["/"], true)), "is_not(page,/)");
});
