import assert from "node:assert/strict";
import { printFilters } from "../../../dashboard/grammar/filter.js";
import { isPicked, pickedRow } from "../../../dashboard/lib/toggle_filter.js";

const VERSION = ["browser_version", "browser"];

Deno.test("pickedRow() keeps all values of a row, lets go, leaves out what has all", () => {
  const kept = pickedRow([], VERSION, ["18.5", "Safari"], false);
  assert.equal(printFilters(kept), "is(browser_version,18.5);is(browser,Safari)");
  assert.ok(isPicked(kept, VERSION, ["18.5", "Safari"]));
  assert.ok(!isPicked(kept, VERSION, ["17.7", "Safari"]));
  assert.deepEqual(pickedRow(kept, VERSION, ["18.5", "Safari"], false), []);
  const more = pickedRow(kept, VERSION, ["17.7", "Safari"], false);
  assert.equal(printFilters(more), "is(browser,Safari);is(browser_version,18.5,17.7)");
  assert.equal(
    printFilters(pickedRow([], VERSION, ["18.5", "Safari"], true)),
    "not(and(is(browser_version,18.5),is(browser,Safari)))",
  );
  assert.equal(printFilters(pickedRow([], ["page"], ["/"], true)), "is_not(page,/)");
});
