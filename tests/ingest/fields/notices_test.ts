import assert from "node:assert";
import { texts } from "../../../dashboard/texts/pages/en.js";
import { DROPS } from "../../../src/ingest/drop_reasons.ts";
import { NOTICES } from "../../../src/ingest/fields/notices.ts";

Deno.test("NOTICES and DROPS have words on the dashboard", () => {
  const keys = [
    ...Object.keys(NOTICES).map((notice) => `field_${notice}`),
    ...Object.keys(DROPS).map((reason) => `drop_${reason}`),
  ];
  assert.deepStrictEqual(keys.filter((key) => !Object.hasOwn(texts, key)), []);
});
