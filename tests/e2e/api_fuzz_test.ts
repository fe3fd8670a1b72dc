// The description of the API against the running server, by schemathesis: a few examples of each
// operation. `deno task check:api` asks more.
import assert from "node:assert/strict";
import { findSchemathesis, fuzzApi } from "../../scripts/checks/api_fuzz.ts";

const folder = await Deno.makeTempDir({ prefix: "mallard-api-" });
const schemathesis = await findSchemathesis(folder);
if (schemathesis === null) {
  console.log("Skipping schemathesis: it cannot be installed from PyPI here");
  await Deno.remove(folder, { recursive: true });
}

Deno.test({
  name: "no answer is a 5xx or has a status that the description lacks",
  ignore: schemathesis === null,
  fn: async () => {
    try {
      const { ok, output } = await fuzzApi(schemathesis ?? "", folder, { examples: 2 });
      assert.ok(ok, output.slice(-6000));
      assert.match(output, /\d{3,} generated, \d{3,} passed/, output.slice(-2000));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
