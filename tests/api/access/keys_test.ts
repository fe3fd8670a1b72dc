import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { createHash } from "node:crypto";
import { openOwner } from "../../support/server/owner.ts";

Deno.test("keyRoutes() make, list and revoke keys", async () => {
  const owner = await openOwner();
  const made = await owner.call("POST", "/api/keys", { body: { name: "🦆", scope: "ReadOnly" } });
  equal(made.status, 201);
  const { key, key_hash } = made.body;
  deepEqual(made.body, { key, key_hash, name: "🦆", scope: "ReadOnly" });
  ok(/^mm_[0-9a-f]{32}$/.test(String(key)));
  equal(key_hash, createHash("sha256").update(String(key)).digest("hex"));
  const listed = (await owner.call("GET", "/api/keys")).body;
  const row = { key_hash, name: "🦆", scope: "ReadOnly", created_at: "2024-01-15T12:00:00.000Z" };
  deepEqual(listed, [{ ...row, revoked: false }]);

  equal((await owner.call("DELETE", `/api/keys/${"0".repeat(64)}`)).status, 404);
  equal((await owner.call("DELETE", "/api/keys/%27%20or%201=1")).status, 404);
  const revoked = await owner.call("DELETE", `/api/keys/${key_hash}`);
  deepEqual([revoked.status, revoked.body], [200, { status: "revoked" }]);
  deepEqual((await owner.call("GET", "/api/keys")).body, [{ ...row, revoked: true }]);
  owner.close();
});

Deno.test("keyRoutes() answer 400 to an invalid name or scope", async () => {
  const owner = await openOwner();
  const good = { name: "n", scope: "Admin" };
  for (
    const body of [
      {},
      { ...good, name: "" },
      { ...good, name: "x".repeat(129) },
      { ...good, name: 1 },
      { ...good, scope: "admin" },
      { ...good, scope: "toString" },
      { ...good, scope: null },
      { name: "n" },
      "[",
    ]
  ) {
    equal((await owner.call("POST", "/api/keys", { body })).status, 400, JSON.stringify(body));
  }
  equal((await owner.call("POST", "/api/keys", { body: { ...good, name: "\u0000" } })).status, 400);
  const controlled = { ...good, name: "b\u0000u\u009fild\n" };
  equal((await owner.call("POST", "/api/keys", { body: controlled })).body["name"], "build");
  const longest = { ...good, name: "🦆".repeat(128) };
  equal((await owner.call("POST", "/api/keys", { body: longest })).status, 201);
  owner.close();
});
