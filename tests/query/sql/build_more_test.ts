import assert from "node:assert/strict";
import type { OperatorName } from "../../../dashboard/grammar/operators.js";
import { sql } from "../../../src/core/sql.ts";
import { type DimensionRef, DIMENSIONS } from "../../../src/query/dimensions.ts";
import { type CheckedFilter, type Query, queryOf } from "../../../src/query/query.ts";
import { buildQuery } from "../../../src/query/sql/build.ts";
import { planOf } from "../../../src/query/sql/plan.ts";

const DAY = { fromUs: 0, toUs: 86_400_000_000, dates: null };

function statement(filter: CheckedFilter | null, more: Partial<Query> = {}) {
  const query = queryOf({
    site: "example.com",
    nowUs: 0,
    range: DAY,
    zone: "UTC",
    weekStart: 1,
    gapUs: 1_800_000_000,
    goals: [],
    filter,
  }, {
    metrics: ["visitors", "visits", "pageviews", "bounce_rate", "conversion_rate", "events"],
    ...more,
  });
  const { text, values } = buildQuery(query, planOf(query), sql`events`);
  const texts = values.flat().length;
  return { chars: text.length, holes: values.length, texts };
}

Deno.test("buildQuery() makes a statement that hardly grows with the values of a filter", () => {
  const refs = [...Object.keys(DIMENSIONS), "props:plan"] as DimensionRef[];
  const filterable = refs.filter((ref) =>
    !["minute", "hour", "day", "week", "month", "goal"].includes(ref)
  );
  for (const op of ["is", "contains", "starts_with", "contains_not"] as OperatorName[]) {
    for (const dimension of filterable) {
      const of = (count: number): CheckedFilter => ({
        op,
        dimension,
        values: Array.from({ length: count }, (_, index) => `value ${index}`),
      });
      const [one, many] = [statement(of(1)), statement(of(100))];
      const note = `${op} ${dimension}: ${JSON.stringify([one, many])}`;
      assert.ok(many.chars < 1.5 * one.chars, note);
      assert.ok(many.holes < 1.5 * one.holes, note);
      // Each place that tests the filter has its values once.
      assert.ok(many.texts - one.texts <= 99 * 6, note);
    }
  }
});

Deno.test("buildQuery() has the list of sources once in a relation, whatever asks for it", () => {
  const channel = (op: OperatorName, ...values: string[]): CheckedFilter => ({
    op,
    dimension: "channel",
    values,
  });
  const plain = statement(null, { dimensions: ["channel"] });
  const filter: CheckedFilter = {
    op: "and",
    of: [
      channel("contains", "a", "b", "c"),
      channel("matches", "d", "e"),
      { op: "not", of: [channel("is", "f")] },
    ],
  };
  assert.ok(statement(filter, { dimensions: ["channel"] }).texts < 2.2 * plain.texts);
  const own = statement(null, { dimensions: ["channel"], ownColumns: true });
  assert.ok(own.texts <= plain.texts);
});
