import assert from "node:assert/strict";
import fc from "fast-check";
import { addDays, PERIODS } from "../../../../dashboard/lib/period.js";
import {
  DEFAULT_STATE,
  parseState,
  printState,
  VIEWS,
} from "../../../../dashboard/lib/state/state.js";

const day = fc.integer({ min: 0, max: 20_000 }).map((days) => addDays("1990-01-01", days));
const days = fc.tuple(day, fc.integer({ min: 0, max: 365 }))
  .map(([from, count]) => ({ from, to: addDays(from, count) }));
const times = days.map(({ from, to }) => ({ from: `${from}T07:05`, to: `${to}T23:30` }));
const range = fc.option(fc.oneof(days, times), { nil: null });
const condition = fc.record({
  op: fc.constantFrom("is", "is_not", "contains"),
  dimension: fc.constantFrom("page", "props:a,b)"),
  values: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
}, { noNullPrototype: true });

const state = fc.record({
  view: fc.constantFrom(...VIEWS),
  site: fc.string({ maxLength: 40 }),
  period: fc.constantFrom(...PERIODS.map(({ name }) => name)),
  range,
  compare: fc.constantFrom("", "previous_period", "custom"),
  weekdays: fc.boolean(),
  whole: fc.boolean(),
  before: range,
  interval: fc.constantFrom("", "week"),
  metric: fc.stringMatching(/^[a-z_]{1,40}$/),
  filters: fc.array(condition, { maxLength: 3 }),
  tabs: fc.uniqueArray(fc.constantFrom("region", "entry_page", "props:key"), { maxLength: 3 }),
  details: fc.constantFrom("", "page", "props:key"),
  unread: fc.constant([]),
  own: fc.constantFrom<Record<string, string>>({}, { report: "funnel", steps: "page:/,event:b" }),
}, { noNullPrototype: true });

/** A state as its URL can say it: what does not hold beside something else is left out. */
function said(value: typeof DEFAULT_STATE): typeof DEFAULT_STATE {
  const custom = value.compare === "custom";
  const compare = custom && !value.before ? DEFAULT_STATE.compare : value.compare;
  return {
    ...value,
    period: value.range ? DEFAULT_STATE.period : value.period,
    compare,
    weekdays: value.weekdays && compare !== "",
    whole: value.whole && compare !== "",
    before: compare === "custom" ? value.before : null,
  };
}

Deno.test("printState() of the default state is empty", () => {
  assert.equal(printState(DEFAULT_STATE), "");
});

Deno.test("parseState() reads what printState() wrote, whatever the state", () => {
  fc.assert(fc.property(state, (value) => {
    const read = parseState(printState(value));
    assert.deepEqual(read, said(value));
    assert.equal(printState(parseState(printState(read))), printState(read));
  }));
});

Deno.test("parseState() falls back to the default where it cannot read", () => {
  for (
    const search of [
      "?period=32d",
      "?from=2024-02-30&to=2024-03-01",
      "?from=2024-02-02&to=2024-02-01",
      "?from=2024-02-02",
      "?from=2024-02-02T10:00&to=2024-02-02T10:00",
      "?from=2024-02-02T10:00&to=2024-02-03",
      "?compare=custom",
      "?compare=previos_period",
      "?metric=%3Cscript%3E",
      "?view=elsewhere",
      "?filters=is(page",
      "?filters=is(page,a)x",
      "?details=%3Cb%3E",
      "?tabs=,,%3Cb%3E",
      "?interval=weak",
      "?weekdays=x&whole=yes",
      "?Strange=1&x%3D=2",
      "?%E0%A4%A",
    ]
  ) assert.deepEqual({ ...parseState(search), unread: [] }, DEFAULT_STATE, search);
});

Deno.test("parseState() names what it cannot read, and nothing else", () => {
  const named = (search: string) =>
    parseState(search).unread.map(({ part, name, value }) => `${part} ${name}=${value}`);
  assert.deepEqual(
    named("?view=elsewhere&period=99z&filters=is(country&details=%3Cb%3E&from=2024-02-02&own=1"),
    [
      "view view=elsewhere",
      "period period=99z",
      "range from=2024-02-02",
      "filters filters=is(country",
      "details details=<b>",
    ],
  );
  assert.deepEqual(named("?compare=custom&before_from=2024-02-02&before_to=2024-02-01"), [
    "before before_from=2024-02-02",
    "before before_to=2024-02-01",
  ]);
  assert.deepEqual(named("?compare=previos_period"), [
    "compare compare=previos_period",
  ]);
  assert.deepEqual(named("?interval=weak&metric=%3Cb%3E&tabs=page,%3Cb%3E&weekdays=x&whole=yes"), [
    "weekdays weekdays=x",
    "whole whole=yes",
    "interval interval=weak",
    "metric metric=<b>",
    "tabs tabs=page,<b>",
  ]);
  for (
    const search of [
      "",
      "?compare=none",
      "?compare=year_over_year",
      "?view=sql&period=30d&filters=is(page,/)&details=page",
      "?period=7d&from=2024-02-01&to=2024-02-02&view=&filters=",
      "?interval=week&metric=visitors&tabs=region,map&weekdays=1&whole=0",
      "?view=behaviour&report=retention",
      "?why=visitors&why_of=is(page,/)",
      "?before_from=2024-02-01&before_to=2024-02-02",
    ]
  ) assert.deepEqual(named(search), [], search);
});
