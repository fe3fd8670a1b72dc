import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert";
import { ownerStore } from "../../../support/server/owner.ts";

async function openStore() {
  return ownerStore(`${await Deno.makeTempDir()}/mallard.sqlite`);
}

const key = {
  key_hash: "aa",
  name: "n",
  scope: "ReadOnly" as const,
  created_at: 1,
  revoked: false,
};

Deno.test("setPassword() keeps one password and replaces it only when told to", async () => {
  const store = await openStore();
  equal(await store.run("getPassword", undefined), null);
  equal(await store.run("setPassword", { hash: "a", atMs: 1.5, replace: false }), true);
  equal(await store.run("setPassword", { hash: "b", atMs: 2, replace: false }), false);
  equal(await store.run("getPassword", undefined), "a");
  equal(await store.run("setPassword", { hash: "c", atMs: 3, replace: true }), true);
  equal(await store.run("getPassword", undefined), "c");
  equal(await store.run("clearPassword", undefined), true);
  equal(await store.run("clearPassword", undefined), false);
  store.close();
});

Deno.test("addKeys() takes over a revocation, and never undoes one or changes a key", async () => {
  const store = await openStore();
  await store.run("addKeys", [key]);
  await store.run("addKeys", [{ ...key, scope: "Admin", name: "other" }]);
  deepEqual(await store.run("listKeys", undefined), [key]);
  await store.run("addKeys", [{ ...key, revoked: true }]);
  await store.run("addKeys", [key]);
  deepEqual(await store.run("listKeys", undefined), [{ ...key, revoked: true }]);
  equal(await store.run("revokeKey", "bb"), false);
  equal(await store.run("revokeKey", "aa"), true);
  store.close();
});

Deno.test("addKeys() adds all keys or none", async () => {
  const store = await openStore();
  const damaged = { ...key, key_hash: "bb", scope: "Root" as "Admin" };
  await rejects(store.run("addKeys", [key, damaged]), /CHECK/);
  deepEqual(await store.run("listKeys", undefined), []);
  store.close();
});

Deno.test("listErasures() tells the newest first, at most as many as asked", async () => {
  const store = await openStore();
  const erasure = (at: number) => ({
    erased_at: at,
    site_id: "a",
    start_date: "2024-01-01",
    end_date: "2024-01-02",
    db_records_deleted: 1,
    parquet_partitions_deleted: 2,
    caller: "key",
  });
  for (const at of [1, 2, 3]) await store.run("addErasure", erasure(at));
  deepEqual(await store.run("listErasures", 2), [erasure(3), erasure(2)]);
  store.close();
});
