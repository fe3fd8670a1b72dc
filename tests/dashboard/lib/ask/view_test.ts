import assert from "node:assert/strict";
import { viewPath } from "../../../../dashboard/lib/ask/view.js";

Deno.test("viewPath() gives what all reports share once, and each the rest", () => {
  const path = viewPath([
    "api/stats/main?site_id=a.example&period=30d&compare=previous_period",
    "api/stats/query?site_id=a.example&period=30d&dimensions=time&filters=is(page,/a%26)",
    "api/stats/breakdown/pages?site_id=a.example&period=7d",
  ]);
  const [address, query] = path.split("?");
  assert.equal(address, "api/stats/view");
  const params = new URLSearchParams(query);
  assert.deepEqual(JSON.parse(params.get("parts") ?? ""), [
    ["main", { period: "30d", compare: "previous_period" }],
    ["query", { period: "30d", dimensions: "time", filters: "is(page,/a&)" }],
    ["breakdown/pages", { period: "7d" }],
  ]);
  params.delete("parts");
  assert.equal(params.toString(), "site_id=a.example");
});
