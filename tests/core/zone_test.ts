import assert from "node:assert/strict";
import { DAY_US, HOUR_US } from "../../src/core/durations.ts";
import { dateOfDay, dayOfDate } from "../../dashboard/grammar/days.js";
import {
  instantOf,
  isZone,
  localDate,
  localUs,
  offsetTransitions,
  offsetUs,
  startOfDate,
} from "../../src/core/zone.ts";

const ZONES = Intl.supportedValuesOf("timeZone");
const at = (iso: string) => Date.parse(iso) * 1000;

/** Local date and time by Intl's parts, independent of offsets. */
function partsOf(zone: string) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  return (us: number): string => {
    const parts = format.formatToParts(us / 1000);
    const get = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
    return `${get("year")}-${get("month")}-${get("day")}T${get("hour")}:${get("minute")}:` +
      get("second");
  };
}

Deno.test("isZone() takes IANA names and refuses everything else", () => {
  for (const zone of ["UTC", "Europe/Berlin", "Etc/GMT+5", "America/Argentina/Ushuaia"]) {
    assert.ok(isZone(zone), zone);
  }
  for (const zone of ["", "Berlin Time", "+01:00", "Europe/Nowhere", "UTC;drop", "x".repeat(100)]) {
    assert.ok(!isZone(zone), zone);
  }
});

Deno.test("localUs() and offsetTransitions() agree with Intl in every zone, hour by hour", () => {
  const from = at("2024-03-30T22:00:00Z");
  const to = from + 8 * DAY_US;
  for (const zone of ZONES) {
    const local = partsOf(zone);
    const transitions = offsetTransitions(zone, from, to);
    for (let us = from; us < to; us += 7 * HOUR_US) {
      const transition = transitions.findLast((one) => one.fromUs <= us);
      const shown = new Date((us + (transition?.offsetUs ?? NaN)) / 1000).toISOString().slice(
        0,
        19,
      );
      assert.equal(shown, local(us), `${zone} ${us}`);
    }
  }
});

Deno.test("offsetTransitions() finds each change to the second", () => {
  const transitions = offsetTransitions(
    "America/New_York",
    at("2024-01-01T00:00Z"),
    at("2025-01-01T00:00Z"),
  );
  assert.deepEqual(
    transitions.slice(1).map((transition) => [transition.fromUs, transition.offsetUs / HOUR_US]),
    [
      [at("2024-03-10T07:00:00Z"), -4],
      [at("2024-11-03T06:00:00Z"), -5],
    ],
  );
  assert.equal(offsetUs("Asia/Kathmandu", 0), 5.5 * HOUR_US);
  assert.equal(offsetUs("Asia/Kathmandu", at("2024-01-01T00:00Z")), 5.75 * HOUR_US);
});

Deno.test("offsetTransitions() asks Intl once for years, however often they are asked for", () => {
  const { prototype } = Intl.DateTimeFormat;
  const own = Object.getOwnPropertyDescriptor(prototype, "format");
  assert.ok(own?.get);
  const format = own.get;
  let asked = 0;
  const counted = function (this: Intl.DateTimeFormat) {
    asked++;
    return format.call(this);
  };
  Object.defineProperty(prototype, "format", { ...own, get: counted });
  try {
    const read = () =>
      offsetTransitions("Europe/Vilnius", at("2014-03-30T01:00:00Z"), at("2024-03-31T01:00:00Z"));
    const first = read();
    assert.equal(first.length, 21);
    const once = asked;
    assert.ok(once >= 3653 && once < 5000, String(once));
    for (let times = 0; times < 1000; times++) assert.deepEqual(read(), first);
    assert.equal(offsetUs("Europe/Vilnius", at("2020-07-01T00:00Z")), 3 * HOUR_US);
    assert.equal(asked, once);
  } finally {
    Object.defineProperty(prototype, "format", own);
  }
});

Deno.test("startOfDate() is the first instant of the date in every zone and season", () => {
  const dates = [
    "2023-12-31",
    "2024-01-01",
    "2024-02-29",
    "2024-03-10",
    "2024-03-31",
    "2024-09-08",
  ];
  for (const zone of ZONES) {
    const local = partsOf(zone);
    for (const date of dates) {
      const start = startOfDate(zone, date);
      assert.equal(local(start).slice(0, 10), date, `${zone} ${date}`);
      assert.ok(local(start - 1_000_000).slice(0, 10) < date, `${zone} before ${date}`);
      assert.equal(localDate(zone, start), date);
    }
  }
});

Deno.test("instantOf() ends a gap, and takes the earlier of a doubled time", () => {
  const local = (iso: string) => at(`${iso}Z`);
  assert.equal(
    instantOf("America/New_York", local("2024-03-10T02:30:00")),
    at("2024-03-10T07:00:00Z"),
  );
  assert.equal(
    instantOf("America/New_York", local("2024-11-03T01:30:00")),
    at("2024-11-03T05:30:00Z"),
  );
  assert.equal(startOfDate("America/Havana", "2024-03-10"), at("2024-03-10T05:00:00Z"));
  assert.equal(
    startOfDate("Pacific/Apia", "2011-12-30"),
    startOfDate("Pacific/Apia", "2011-12-31"),
  );
  assert.equal(localUs("UTC", 5), 5);
});

Deno.test("dayOfDate() and dateOfDay() are each other's opposite", () => {
  for (const day of [-1, 0, 1, 19_782, 20_000, 100_000]) {
    assert.equal(dayOfDate(dateOfDay(day)), day);
  }
  assert.equal(dateOfDay(0), "1970-01-01");
});
