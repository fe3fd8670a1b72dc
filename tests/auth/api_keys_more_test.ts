import assert from "node:assert/strict";
import { ApiKeys } from "../../src/auth/api_keys.ts";
import { realSystem } from "../../src/runtime/system.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { openShared } from "../support/lake/shared.ts";

const { clock, random } = realSystem({ format: "text", levelMin: "error" });

lakeTest("ApiKeys find no key by a text that is no hash", partsOfFile(), async (env, folder) => {
  const { shared, close } = await openShared(env, folder, "one");
  try {
    const keys = await ApiKeys.open(shared, clock, random, []);
    const { key, key_hash } = await keys.create("k", "Admin");
    for (const text of ["\0", `${key_hash}\0`, "0".repeat(64)]) {
      assert.equal(await keys.revoke(text), false, JSON.stringify(text));
    }
    assert.equal(keys.find(key)?.key_hash, key_hash);
    assert.equal(await keys.revoke(key_hash), true);
    assert.equal(keys.find(key), null);
  } finally {
    await close();
  }
});
