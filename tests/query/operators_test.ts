import assert from "node:assert/strict";
import { sql } from "../../src/core/sql.ts";
import { conditionSql } from "../../src/query/operators.ts";
import { type OperatorName, OPERATORS } from "../../dashboard/grammar/operators.js";
import { withEvents } from "../support/numbers/behavioral_db.ts";

type Case = readonly [
  op: OperatorName,
  value: string | null,
  values: readonly string[],
  expected: boolean,
  caseSensitive?: boolean,
];

const CASES: readonly Case[] = [
  ["is", "a", ["a", "b"], true],
  ["is", "A", ["a"], false],
  ["is", "A", ["a"], true, false],
  ["is", null, ["(none)"], true],
  ["is", null, ["(NONE)"], true, false],
  ["is", null, ["a"], false],
  ["is_not", null, ["a"], true],
  ["is_not", null, ["(none)"], false],
  ["is_not", "a", ["a", "b"], false],
  ["contains", "Hello", ["ELL"], true],
  ["contains", "Hello", ["ELL"], false, true],
  ["contains", "100%", ["%"], true],
  ["contains", "100x", ["%"], false],
  ["contains", "a_b", ["_"], true],
  ["contains", "axb", ["a_b"], false],
  ["contains", null, ["none"], false],
  ["contains_not", null, ["x"], true],
  ["contains_not", "xy", ["x"], false],
  ["starts_with", "/blog/a", ["/BLOG"], true],
  ["starts_with", "x/blog", ["/blog"], false],
  ["matches", "/user/12", ["^/user/\\d+$"], true],
  ["matches", "/USER/12", ["^/user/"], false],
  ["matches", "/USER/12", ["^/user/"], true, false],
  ["matches", null, [".*"], false],
  ["matches_not", null, [".*"], true],
  ["at_least", "10.5", ["10.5"], true],
  ["at_least", "9", ["10"], false],
  ["at_least", "ten", ["1"], false],
  ["at_least", null, ["-1"], false],
  ["at_most", "10", ["10"], true],
  ["at_most", "11", ["10"], false],
  ["is_set", "", [], true],
  ["is_set", null, [], false],
  ["is_not_set", null, [], true],
];

const MORE = Array.from({ length: 20 }, (_, index) => `never ${index}`);

Deno.test("conditionSql() says yes or no, never NULL, for each operator", async () => {
  await withEvents([], async (ask) => {
    for (const [op, value, values, expected, caseSensitive] of CASES) {
      const expr = sql`${value}::varchar`;
      const condition = conditionSql(op, expr, values, { missing: "(none)", caseSensitive });
      // Many values take another form; none of those that are added is met by any text.
      const many = conditionSql(
        op,
        expr,
        OPERATORS[op].values === "some" ? [...values, ...MORE] : values,
        {
          missing: "(none)",
          caseSensitive,
        },
      );
      const rows = await ask(sql`select ${condition} as met, ${many} as met_of_many`);
      const note = JSON.stringify([op, value, values, caseSensitive]);
      assert.deepEqual(rows[0], { met: expected, met_of_many: expected }, note);
    }
  });
  const tried = new Set(CASES.map(([op]) => op));
  assert.deepEqual(Object.keys(OPERATORS).filter((op) => !tried.has(op as OperatorName)), []);
});
