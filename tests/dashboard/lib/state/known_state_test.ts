import assert from "node:assert/strict";
import { knownState } from "../../../../dashboard/lib/state/known_state.js";
import { NO_SCHEMA, type Schema } from "../../../../dashboard/lib/state/schema.js";
import { parseState, printState } from "../../../../dashboard/lib/state/state.js";
import { Params } from "../../../../src/query/params.ts";
import { parseReportRequest, STANDARD_SETTINGS } from "../../../../src/query/parse.ts";
import { schemaOf } from "../../../../src/query/schema.ts";

const schema: Schema = schemaOf();
const page = await Deno.readTextFile(
  new URL("../../../../dashboard/pages/behaviour.js", import.meta.url),
);
const reports = [...page.matchAll(/\{ name: "(\w+)", draw/g)].map(([, name]) => name);

Deno.test("knownState() names what no schema has, and uses the usual", () => {
  const search = "?metric=visitorss&details=bogus&tabs=foo,region,bar&why=fame&why_of=is(page,/)" +
    "&steps=page:/";
  const read = parseState(search);
  const known = knownState(read, schema);
  assert.deepEqual(
    { ...known, unread: [] },
    parseState("?tabs=region&steps=page:/"),
  );
  assert.deepEqual(known.unread.map(({ part, name, value }) => `${part} ${name}=${value}`), [
    "metric metric=visitorss",
    "details details=bogus",
    "tabs tabs=foo,region,bar",
    "own why=fame",
  ]);
  assert.match(printState(known), /metric=visitorss/);
  assert.equal(knownState(known, schema), known);
  for (
    const [search, text] of [
      ["?view=behaviour&report=flw&page=/a", "report=flw"],
      // A part of a question that is not understood would be another question.
      ["?page=/a&why=visitors&why_of=is(page", "why_of=is(page"],
    ] as const
  ) {
    const { own, unread } = knownState(parseState(search), schema);
    assert.deepEqual(own, { page: "/a" });
    assert.deepEqual(unread.map(({ part, name, value }) => [part, `${name}=${value}`]), [
      ["own", text],
    ]);
  }
});

Deno.test("knownState() leaves every name of the schema, and all before there is one", () => {
  const strange = parseState("?metric=visitorss&details=bogus&tabs=foo&why=fame");
  assert.equal(knownState(strange, NO_SCHEMA), strange);
  assert.equal(reports.length, 5);
  // A site may have no such tile, goal or property.
  for (
    const search of [
      "",
      "?metric=conversions",
      "?details=props:never&tabs=map,props:never,currency,goal",
      "?filters=is(goal,Nothing)",
      ...reports.map((name) => `?view=behaviour&report=${name}`),
      "?why=visitors&why_of=is(page,/)",
      ...schema.metrics.map(({ name }) => `?metric=${name}&why=${name}`),
      ...schema.dimensions.filter(({ filter, name }) => filter && !name.includes(":"))
        .map(({ name }) => `?details=${name}&tabs=${name}`),
    ]
  ) {
    const read = parseState(search);
    assert.equal(knownState(read, schema), read, search);
  }
});

Deno.test("knownState() leaves an interval out that makes more points than there can be", () => {
  const intervalOf = (search: string) => {
    const read = parseState(search);
    const known = knownState(read, schema);
    assert.equal(knownState(known, schema), known);
    return [known.interval, known.unread.map(({ name, value }) => `${name}=${value}`).join()];
  };
  for (const period of ["28d", "30d", "month", "year", "12mo"]) {
    assert.deepEqual(intervalOf(`?period=${period}&interval=minute`), ["", "interval=minute"]);
  }
  assert.deepEqual(intervalOf("?interval=minute"), ["", "interval=minute"]);
  assert.deepEqual(intervalOf("?from=2024-01-01&to=2026-06-01&interval=hour"), [
    "",
    "interval=hour",
  ]);
  assert.equal(intervalOf("?from=2026-01-01T00:00&to=2026-01-15T00:00&interval=minute")[0], "");
  for (
    const search of [
      ...["day", "yesterday", "24h", "7d"].map((period) => `?period=${period}&interval=minute`),
      "?period=12mo&interval=hour",
      "?from=2026-01-01&to=2026-01-13&interval=minute",
      // A young site has few hours, and few minutes in a range of times.
      ...["day", "hour", "minute"].map((interval) => `?period=all&interval=${interval}`),
      "?from=2026-01-01T20:00&to=2026-01-14T08:00&interval=minute",
    ]
  ) {
    const [interval, unread] = intervalOf(search);
    assert.ok(interval !== "" && unread === "", search);
  }
});

Deno.test("knownState() leaves no interval out that the server answers", () => {
  const nowMs = Date.UTC(2023, 1, 1, 12);
  for (const { name: period } of schema.periods) {
    for (const interval of schema.intervals) {
      const params = new Params(new URLSearchParams({ period, interval }));
      const rules = { ...STANDARD_SETTINGS, firstUs: nowMs * 1000 };
      parseReportRequest(params, "a.example", nowMs * 1000, rules);
      const answers = faultOf(() => params.check()) === null;
      const left = knownState(parseState(`?period=${period}&interval=${interval}`), schema);
      assert.equal(left.interval === interval, answers, `${period} ${interval}`);
    }
  }
});

function faultOf(run: () => void): unknown {
  try {
    run();
    return null;
  } catch (error) {
    return error;
  }
}
