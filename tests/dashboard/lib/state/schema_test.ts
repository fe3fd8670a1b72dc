import assert from "node:assert/strict";
import {
  dimensionOf,
  makeNames,
  metricOf,
  rowDimensions,
  type Schema,
} from "../../../../dashboard/lib/state/schema.js";
import { parseState } from "../../../../dashboard/lib/state/state.js";
import { type Catalogue, makeTranslate } from "../../../../dashboard/lib/format/text.js";
import { texts as firstTexts } from "../../../../dashboard/texts/en.js";
import { texts as pageTexts } from "../../../../dashboard/texts/pages/en.js";
import { schemaOf } from "../../../../src/query/schema.ts";

const texts = { ...firstTexts, ...pageTexts };
const schema: Schema = schemaOf();
const names = makeNames(schema, makeTranslate("en", texts as Catalogue, texts as Catalogue));

Deno.test("makeNames() writes by the catalogue, else by the server's label, else the name", () => {
  assert.equal(names("metric", "views_per_visit"), "Views per visit");
  const quacks = { name: "quacks", label: "Quacks", unit: "count", applies_to: "all", better: 1 };
  const own = makeNames(
    { ...schema, metrics: [quacks as Schema["metrics"][number]] },
    makeTranslate("en", texts as Catalogue, texts as Catalogue),
  );
  assert.equal(own("metric", "quacks"), "Quacks");
  assert.equal(own("metric", "unheard"), "unheard");
  assert.equal(names("dimension", "props:plan"), "plan");
});

Deno.test("texts/en.js has a word for every name the server publishes", () => {
  const missing = (kind: string, list: readonly string[]) =>
    list.filter((name) => !Object.hasOwn(texts, `${kind}_${name}`)).map((name) =>
      `${kind}_${name}`
    );
  const timeless = schema.dimensions.filter(({ name, filter }) => filter && !name.includes(":"));
  assert.deepEqual([
    ...missing("metric", schema.metrics.map(({ name }) => name)),
    ...missing("dimension", timeless.map(({ name }) => name)),
    ...missing("operator", schema.operators.map(({ name }) => name)),
    ...missing("period", schema.periods.map(({ name }) => name)),
    ...missing("setting", schema.site_settings.map(({ name }) => name)),
    ...missing("interval", schema.intervals),
    ...missing("compare", schema.comparisons.map(({ name }) => name)),
    ...missing("versus", schema.comparisons.map(({ name }) => name)),
    ...missing("group", schema.dimensions.map(({ group }) => group)),
  ], []);
});

Deno.test("parseState() reads every comparison of the schema", () => {
  const days = "&before_from=2024-02-01&before_to=2024-02-02";
  for (const { name } of schema.comparisons) {
    const { compare, unread } = parseState(`?compare=${name}${days}`);
    assert.deepEqual([compare, unread], [name, []]);
  }
});

Deno.test("dimensionOf() finds properties by key", () => {
  assert.equal(dimensionOf(schema, "props:plan")?.name, "props:plan");
  assert.equal(dimensionOf(schema, "props:plan")?.missing, "(none)");
  assert.equal(dimensionOf(schema, "country")?.group, "locations");
  assert.equal(dimensionOf(schema, "nothing"), undefined);
});

Deno.test("metricOf() has a fallback for an unknown metric", () => {
  assert.equal(metricOf(schema, "bounce_rate").better, -1);
  assert.equal(metricOf(schema, "nothing").unit, "count");
});

Deno.test("rowDimensions() pairs a version with its browser or system", () => {
  assert.deepEqual(rowDimensions(schema, "os_version"), ["os_version", "os"]);
  assert.deepEqual(rowDimensions(schema, "page"), ["page"]);
  assert.deepEqual(rowDimensions(schema, "props:app_version"), ["props:app_version"]);
});
