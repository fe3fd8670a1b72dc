import assert from "node:assert/strict";
import { openTestReader } from "../../support/events.ts";
import { goldenEvents, goldenFiles, keptGolden } from "../../support/numbers/golden.ts";

Deno.test("Relations make the statements and answers of tests/golden", async () => {
  const test = await openTestReader(goldenEvents(), { coldShare: 0.5 });
  try {
    for (const [name, text] of await goldenFiles(test)) {
      assert.equal(text, await keptGolden(name), `${name}; deno task golden rewrites it`);
    }
  } finally {
    await test.close();
  }
});
