import assert from "node:assert/strict";
import {
  isoInZone,
  v2Interval,
  v2Range,
  v2TrimmedRange,
} from "../../../../src/query/formats/plausible_v2/range.ts";
import { valueOf } from "../../../support/parsed.ts";

const at = (iso: string) => Date.parse(iso) * 1000;
const MOMENT = { nowUs: at("2024-03-10T15:30:20Z"), zone: "UTC", firstUs: at("2023-05-06T07:00Z") };

Deno.test("v2Range() leaves today and the running month out of counted ranges", () => {
  const expected: Record<string, [string, string]> = {
    day: ["2024-03-10", "2024-03-11"],
    "7d": ["2024-03-03", "2024-03-10"],
    "28d": ["2024-02-11", "2024-03-10"],
    "5d": ["2024-03-05", "2024-03-10"],
    month: ["2024-03-01", "2024-04-01"],
    "6mo": ["2023-09-01", "2024-03-01"],
    "12mo": ["2023-03-01", "2024-03-01"],
    "1mo": ["2024-02-01", "2024-03-01"],
    year: ["2024-01-01", "2025-01-01"],
    all: ["2023-05-06", "2024-03-11"],
  };
  for (const [name, [from, to]] of Object.entries(expected)) {
    assert.deepEqual(valueOf(v2Range(name, MOMENT)).dates, { from, to }, name);
  }
  const day = valueOf(v2Range("24h", MOMENT));
  assert.deepEqual([day.fromUs, day.toUs], [at("2024-03-09T15:31Z"), at("2024-03-10T15:31Z")]);
});

Deno.test("v2Range() includes the end of a pair", () => {
  const dates = v2Range(["2024-03-01", "2024-03-03"], { ...MOMENT, zone: "Europe/Berlin" }).value;
  assert.deepEqual(dates, {
    fromUs: at("2024-02-29T23:00Z"),
    toUs: at("2024-03-03T23:00Z"),
    dates: { from: "2024-03-01", to: "2024-03-04" },
  });
  const times = ["2024-01-01T12:00:00+02:00", "2024-01-01T15:59:59+02:00"];
  assert.deepEqual(v2Range(times, MOMENT).value, {
    fromUs: at("2024-01-01T10:00:00Z"),
    toUs: at("2024-01-01T14:00:00Z"),
    dates: null,
  });
});

Deno.test("v2Range() says what is wrong", () => {
  const wrong = [
    "32x",
    "0d",
    "9999d",
    "",
    5,
    ["2024-01-01"],
    ["2024-01-02", "2024-01-01"],
    ["2024-02-30", "2024-03-01"],
    ["2024-01-01", "2024-01-01T00:00:00Z"],
    ["2024-01-01T00:00:00", "2024-01-01T01:00:00"],
    ["2024-01-01", null],
  ];
  for (const value of wrong) assert.equal(typeof v2Range(value, MOMENT).fault, "string");
});

Deno.test("isoInZone() shows an instant with the offset that holds there", () => {
  assert.equal(isoInZone(at("2024-03-31T00:59:59Z"), "Europe/Berlin"), "2024-03-31T01:59:59+01:00");
  assert.equal(isoInZone(at("2024-03-31T01:00:00Z"), "Europe/Berlin"), "2024-03-31T03:00:00+02:00");
  assert.equal(
    isoInZone(at("2024-01-01T00:00:00Z"), "America/St_Johns"),
    "2023-12-31T20:30:00-03:30",
  );
});

Deno.test("v2Interval() widens with the range", () => {
  const of = (name: string) => v2Interval(valueOf(v2Range(name, MOMENT)));
  assert.deepEqual(["day", "7d", "91d", "12mo"].map(of), ["hour", "day", "day", "month"]);
});

Deno.test("v2TrimmedRange() ends running days with the hour, months and years with the day", () => {
  const trimmed = (name: string, moment: typeof MOMENT) => {
    const { fromUs, toUs } = v2TrimmedRange(name, valueOf(v2Range(name, moment)), moment);
    return [fromUs, toUs];
  };
  assert.deepEqual(trimmed("day", MOMENT), [at("2024-03-10T00:00Z"), at("2024-03-10T16:00Z")]);
  assert.deepEqual(trimmed("month", MOMENT), [at("2024-03-01T00:00Z"), at("2024-03-11T00:00Z")]);
  assert.deepEqual(trimmed("year", MOMENT), [at("2024-01-01T00:00Z"), at("2024-03-11T00:00Z")]);
  assert.deepEqual(trimmed("7d", MOMENT), [at("2024-03-03T00:00Z"), at("2024-03-10T00:00Z")]);
  // At 16:30 in New York, on the day its clock went forward.
  const zoned = { ...MOMENT, nowUs: at("2024-03-10T20:30Z"), zone: "America/New_York" };
  assert.deepEqual(trimmed("day", zoned), [at("2024-03-10T05:00Z"), at("2024-03-10T21:00Z")]);
  assert.deepEqual(trimmed("year", zoned), [at("2024-01-01T05:00Z"), at("2024-03-11T04:00Z")]);
});
