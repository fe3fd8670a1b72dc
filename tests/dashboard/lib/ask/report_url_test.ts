import assert from "node:assert/strict";
import { intervalChoices, reportUrl } from "../../../../dashboard/lib/ask/report_url.js";
import { DEFAULT_STATE } from "../../../../dashboard/lib/state/state.js";
import { schemaOf } from "../../../../src/query/schema.ts";

const today = "2026-03-20";
const SITE = { site_id: "example.com" };
const choicesOf = (state: Partial<typeof DEFAULT_STATE>) =>
  intervalChoices({ schema: schemaOf(), state: { ...DEFAULT_STATE, ...state }, today });

Deno.test("intervalChoices() fits the widths to the length of the period", () => {
  assert.deepEqual(choicesOf({ period: "7d" }), { choices: ["hour", "day"], usual: "day" });
  assert.deepEqual(choicesOf({ period: "all" }).choices, ["day", "week", "month"]);
});

Deno.test("intervalChoices() starts a range of days at its narrowest width", () => {
  const range = { from: "2026-01-01", to: "2026-02-01" };
  assert.deepEqual(choicesOf({ range }), { choices: ["day", "week"], usual: "day" });
});

Deno.test("reportUrl() compares with the elapsed time, or on wish with the whole range", () => {
  const full = (state: Partial<typeof DEFAULT_STATE>) => {
    const app = { site: SITE, state: { ...DEFAULT_STATE, ...state } };
    const url = reportUrl(app, "main", {}, { compare: true }) ?? "";
    return new URLSearchParams(url.split("?")[1]).get("compare_full");
  };
  const compare = "previous_period";
  assert.equal(full({ compare }), null);
  assert.equal(full({ compare, whole: true }), "true");
  assert.equal(full({ compare: "", whole: true }), null);
});
