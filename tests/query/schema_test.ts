import assert from "node:assert/strict";
import { schemaOf } from "../../src/query/schema.ts";
import { schemaRoutes } from "../../src/api/stats/schema.ts";
import { pageview } from "../support/events.ts";
import { withQuestions } from "../support/numbers/questions.ts";
import { callRoute } from "../support/server/routes.ts";

const schema = schemaOf();

Deno.test("schemaOf() lists what every request understands", async () => {
  await withQuestions({ events: [pageview({ at: "2024-03-10T10:00" })] }, async ({ get }) => {
    for (const { name } of schema.metrics) {
      assert.equal((await get("query", `&metrics=${name}`)).status, 200, name);
    }
    for (const { name, filter } of schema.dimensions) {
      const ref = name.replace("KEY", "plan");
      assert.equal((await get("query", `&period=day&dimensions=${ref}`)).status, 200, name);
      const { status } = await get("main", `&filters=is(${ref},x)`);
      assert.equal(status, filter ? 200 : 400, name);
    }
    for (const { name, values } of schema.operators) {
      const value = { none: "", some: ",x", number: ",1" }[values];
      assert.equal((await get("main", `&filters=${name}(page${value})`)).status, 200, name);
    }
    for (const { name } of schema.trees) {
      assert.equal((await get("main", `&filters=${name}(is(page,x))`)).status, 200, name);
    }
    for (const { name } of schema.periods) {
      assert.equal((await get("main", `&period=${name}`)).status, 200, name);
    }
  });
});

Deno.test("schemaOf() has a sentence for everything", () => {
  const rows = [
    ...schema.metrics,
    ...schema.dimensions,
    ...schema.operators,
    ...schema.periods,
    ...schema.params,
    ...schema.reports,
    ...schema.site_settings,
    ...schema.channels,
  ];
  for (const { name, doc } of rows) assert.ok(doc.length > 1, name);
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
  for (const list of [schema.metrics, schema.dimensions, schema.operators, schema.reports]) {
    assert.equal(new Set(names(list)).size, list.length);
  }
});

Deno.test("schemaRoutes() answers it as JSON", async () => {
  const { status, json } = await callRoute(schemaRoutes(), "/api/schema");
  assert.equal(status, 200);
  assert.deepEqual(json, JSON.parse(JSON.stringify(schema)));
});
