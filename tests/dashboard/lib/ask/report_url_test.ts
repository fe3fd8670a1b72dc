import assert from "node:assert/strict";
import {
  intervalChoices,
  intervalOf,
  noteWidths,
  reportUrl,
  widthsOf,
} from "../../../../dashboard/lib/ask/report_url.js";
import { DEFAULT_STATE } from "../../../../dashboard/lib/state/state.js";
import { boundsOf } from "../../../../dashboard/lib/period.js";
import { Params } from "../../../../src/query/params.ts";
import { parseReportRequest, STANDARD_SETTINGS } from "../../../../src/query/parse.ts";
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

Deno.test("intervalChoices() names the width that the server gives a range", () => {
  const asked = (from: string, to: string) => {
    const state = { ...DEFAULT_STATE, range: { from, to } };
    const interval = intervalOf(state);
    const { start, end } = boundsOf(state.range);
    const given = { start_date: start, end_date: end };
    const params = { ...given, ...(interval === "" ? {} : { interval }) };
    const now = Date.UTC(2026, 2, 20) * 1000;
    const { interval: got } = parseReportRequest(
      new Params(new URLSearchParams(params)),
      "a.example",
      now,
      STANDARD_SETTINGS,
    );
    assert.equal(choicesOf(state).usual, got, `${from} ${to}`);
    return got;
  };
  assert.equal(asked("2026-03-18", "2026-03-18"), "hour");
  assert.equal(asked("2026-03-17", "2026-03-18"), "day");
  assert.equal(asked("2026-03-05", "2026-03-18"), "day");
  assert.equal(asked("2021-03-05", "2026-03-18"), "month");
  assert.equal(asked("2024-01-05", "2026-03-18"), "week");
  assert.equal(asked("2026-03-18T10:00", "2026-03-18T12:00"), "minute");
  assert.equal(asked("2026-03-18T10:00", "2026-03-18T12:01"), "hour");
  assert.equal(asked("2026-03-16T10:00", "2026-03-18T10:00"), "hour");
  assert.equal(asked("2026-03-16T10:00", "2026-03-18T10:01"), "day");
});

Deno.test("widthsOf() are those of the chart as long as it is of the same state", () => {
  const of = (state: typeof DEFAULT_STATE) => widthsOf({ schema: schemaOf(), state, today });
  const all = { ...DEFAULT_STATE, period: "all" };
  const usual = { choices: ["day", "week", "month"], value: "month" };
  assert.deepEqual(of(all), usual);
  const drawn = { choices: ["day", "week", "month"], value: "day" };
  noteWidths(all, drawn);
  assert.deepEqual(of(all), drawn);
  assert.deepEqual(of({ ...all }), usual);
  assert.equal(of({ ...all, interval: "week" }).value, "week");
});
