import assert from "node:assert/strict";
import { sql } from "../../src/core/sql.ts";
import { compileSteps, mayOverlap, spanUsOf, stepOfText } from "../../src/query/steps.ts";
import { plainEvent } from "../support/numbers/behavioral_brute.ts";
import { valueOf } from "../support/parsed.ts";
import { EVENTS, withEvents } from "../support/numbers/behavioral_db.ts";

const noGoal = () => undefined;

/** Steps, and which of the events below they meet. */
const STEPS: readonly [string, string][] = [
  ["page:/", "a"],
  ["page:/blog/*", "b"],
  ["page:/blog/**", "bc"],
  ["page:/**", "abcdefh"],
  ["page:/bl*", ""],
  ["page:/a\\,b", "d"],
  ["page:/star\\*", "e"],
  ["page:/[x]", "f"],
  ["page:/dot.", ""],
  ["event:buy", "ghi"],
  ["event:buy[plan=pro]", "g"],
  ["event:buy[plan!=pro]", "hi"],
  ["event:buy[plan~RE]", "h"],
  ["event:buy[amount>=10]", "g"],
  ["event:buy[amount<10, plan=free]", "h"],
  ["event:buy[a/b\\~c=x\\]y]", "g"],
  ["event:pageview[plan=pro]", "a"],
  ["page:/**[plan=pro]", "a"],
  ["event:pageview", "abcdefh"],
];

Deno.test("stepOfText() makes conditions that meet the events they should", async () => {
  const props = (value: unknown) => JSON.stringify(value);
  const of = (id: string, pathname: string, event_name = "pageview", text: string | null = null) =>
    plainEvent({ visitor_id: id, timestamp: 1, pathname, event_name, props: text });
  const events = [
    of("a", "/", "pageview", props({ plan: "pro" })),
    of("b", "/blog/x"),
    of("c", "/blog/x/y"),
    of("d", "/a,b"),
    of("e", "/star*"),
    of("f", "/[x]"),
    of("g", "/", "buy", props({ plan: "pro", amount: 10, "a/b~c": "x]y" })),
    of("h", "/dotx", "buy", props({ plan: "free", amount: "9.5" })),
    of("i", "/", "buy", "{no json"),
    of("h", "/dotx"),
  ];
  await withEvents(events, async (ask) => {
    for (const [text, met] of STEPS) {
      const { condition } = valueOf(stepOfText(text, noGoal));
      const rows = await ask(
        sql`select string_agg(distinct visitor_id, '' order by visitor_id) as met
          from ${EVENTS} where ${condition}`,
      );
      assert.equal(rows[0]?.["met"] ?? "", met, text);
    }
  });
});

Deno.test("compileSteps() takes what looks like SQL as a plain value", async () => {
  const hostile = ["'; drop table events; --", "\\", "%", "$1", "\u0000", "(?i)", "é\u{1f600}"];
  const events = hostile.map((name, index) =>
    plainEvent({ visitor_id: `v${index}`, timestamp: index, event_name: `x${name}x` })
  );
  await withEvents(events, async (ask) => {
    for (const [index, name] of hostile.entries()) {
      const text = `x${name}x`.replaceAll("\\", "\\\\");
      const [step] = valueOf(compileSteps(`event:${text}`, noGoal));
      const rows = await ask(
        sql`select visitor_id from ${EVENTS} where ${step?.condition ?? sql`false`}`,
      );
      assert.deepEqual(rows, [{ visitor_id: `v${index}` }], name);
    }
  });
});

Deno.test("stepOfText() refuses what is no step", () => {
  for (
    const text of [
      "",
      "a",
      "page",
      "page:",
      "event:",
      "goal:x",
      "PAGE:/a",
      "event:a[b>x]",
      "event:a[=x]",
      "event:a[a=1,a=2,a=3,a=4,a=5,a=6]",
      `event:${"x".repeat(257)}`,
      `event:${"😀".repeat(257)}`,
      `page:/${"x".repeat(2048)}`,
      `event:a[b=${"x".repeat(513)}]`,
    ]
  ) {
    assert.equal(typeof stepOfText(text, noGoal).fault, "string", text.slice(0, 40));
  }
  assert.match(compileSteps("page:/a", noGoal, 2).fault ?? "", /1 steps where 2 to 20/);
  assert.equal(valueOf(stepOfText(`event:${"x".repeat(256)}`, noGoal)).kind, "event");
  // As many characters as the tracker may send.
  assert.equal(valueOf(stepOfText(`event:${"😀".repeat(256)}`, noGoal)).kind, "event");
  assert.equal(valueOf(stepOfText(`page:/${"x".repeat(2047)}`, noGoal)).kind, "page");
});

Deno.test("mayOverlap() is false only where no event can meet two steps", () => {
  const overlap = (text: string) => mayOverlap(valueOf(compileSteps(text, noGoal)));
  assert.equal(overlap("page:/a,page:/b,event:a,event:b"), false);
  assert.equal(overlap("page:/a,page:/a"), true);
  assert.equal(overlap("page:/a,page:/*"), true);
  assert.equal(overlap("page:/a,event:pageview"), true);
  assert.equal(overlap("event:a[x=1],event:a[x=2]"), true);
});

Deno.test("spanUsOf() gives microseconds", () => {
  assert.equal(valueOf(spanUsOf("1 second")), 1_000_000);
  assert.equal(valueOf(spanUsOf("366 days")), 366 * 86_400_000_000);
  assert.equal(typeof spanUsOf("soon").fault, "string");
});

Deno.test("compileSteps() bounds the size of all its patterns and those of goals together", () => {
  const stars = (count: number) => `page:/${"a*".repeat(count)}`;
  const many = (step: string) => Array(20).fill(step).join(",");
  const fault = /^the regular expressions are too large: about \d+ instructions, more than 10000$/;
  assert.equal(compileSteps(many(stars(5)), noGoal).fault, undefined);
  assert.match(compileSteps(many(stars(400)), noGoal).fault ?? "", fault);
  assert.match(stepOfText(stars(1000), noGoal).fault ?? "", fault);
  const goal = () => ({ condition: sql`true`, columns: [], instructions: 600 });
  assert.equal(compileSteps("goal:a,goal:b", goal).fault, undefined);
  assert.match(compileSteps(many("goal:a"), goal).fault ?? "", fault);
});
