import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { KEY_REQUESTS_AT_ONCE, KEY_REQUESTS_PER_SEC } from "../../src/core/limits.ts";
import { openOwner, type Owner } from "../support/server/owner.ts";

const FAR = { peer: "198.51.100.7" };

function read(owner: Owner, headers: Record<string, string>) {
  return owner.call("GET", "/read", { ...FAR, headers });
}

async function openWithPassword(): Promise<Owner> {
  return await openOwner({ admin_password: "correct horse" });
}

Deno.test("ApiKeys give each scope its rights until they are revoked", async () => {
  const owner = await openWithPassword();
  const reader = await owner.keys.create("reader", "ReadOnly");
  const admin = await owner.keys.create("admin", "Admin");
  const keys = (key: string) =>
    owner.call("GET", "/api/keys", { ...FAR, headers: { "x-api-key": key } });
  equal((await read(owner, { "x-api-key": reader.key })).status, 200);
  equal((await read(owner, { authorization: `Bearer ${reader.key}` })).status, 200);
  equal((await read(owner, { authorization: `bearer ${reader.key}` })).status, 200);
  equal((await keys(reader.key)).status, 403);
  equal((await keys(admin.key)).status, 200);
  const mixed = { authorization: "Basic bW06bW0=", "x-api-key": reader.key };
  equal((await read(owner, mixed)).status, 200, "a proxy's own Authorization is no key");
  await owner.keys.revoke(admin.key_hash);
  equal((await keys(admin.key)).status, 401);
  equal((await read(owner, { "x-api-key": admin.key })).status, 401);
  equal((await read(owner, { "x-api-key": reader.key })).status, 200);
  owner.close();
});

Deno.test("ApiKeys reject keys that only resemble a valid one", async () => {
  const owner = await openWithPassword();
  const { key, key_hash } = await owner.keys.create("n", "Admin");
  for (
    const wrong of [
      key_hash,
      `mm_${key_hash}`,
      key.slice(0, -1),
      `${key}0`,
      key.toUpperCase(),
      key.slice(3),
      "mm_",
      "",
      `mm_${"0".repeat(10_000)}`,
      "Bearer",
    ]
  ) {
    equal((await read(owner, { "x-api-key": wrong })).status, 401, wrong.slice(0, 80));
    equal((await read(owner, { authorization: `Bearer ${wrong}` })).status, 401);
  }
  equal((await read(owner, { authorization: key })).status, 401);
  owner.close();
});

Deno.test("ApiKeys stay valid or revoked across restarts; no clear key is on disk", async () => {
  const owner = await openWithPassword();
  const kept = await owner.keys.create("kept", "ReadOnly");
  const revoked = await owner.keys.create("revoked", "Admin");
  await owner.keys.revoke(revoked.key_hash);
  owner.close();
  const bytes = await Deno.readFile(`${owner.folder}/mallard.sqlite`);
  const text = new TextDecoder("latin1").decode(bytes);
  ok(text.includes(kept.key_hash));
  ok(!text.includes(kept.key) && !text.includes(kept.key.slice(3)));
  const again = await openOwner({ folder: owner.folder, admin_password: "correct horse" });
  equal((await read(again, { "x-api-key": kept.key })).status, 200);
  equal((await read(again, { "x-api-key": revoked.key })).status, 401);
  again.close();
});

Deno.test("an API key over its rate gets 429; others do not", async () => {
  const owner = await openWithPassword();
  const busy = { "x-api-key": (await owner.keys.create("busy", "ReadOnly")).key };
  const calm = { "x-api-key": (await owner.keys.create("calm", "ReadOnly")).key };
  for (let count = 0; count < KEY_REQUESTS_AT_ONCE; count++) {
    equal((await read(owner, busy)).status, 200);
  }
  const { status, headers } = await read(owner, busy);
  deepEqual([status, headers.get("retry-after")], [429, "1"]);
  equal((await read(owner, calm)).status, 200);
  owner.system.clock.advance(1000);
  for (let count = 0; count < KEY_REQUESTS_PER_SEC; count++) {
    equal((await read(owner, busy)).status, 200);
  }
  equal((await read(owner, busy)).status, 429);
  owner.close();
});
