import assert from "node:assert/strict";
import { keywordsOf } from "../../../src/storage/lake/connection.ts";
import { addressOf } from "../../../src/storage/shared/address.ts";

Deno.test("addressOf() reads what libpq reads", () => {
  const { tls: _, ...place } = addressOf(
    keywordsOf("postgresql://o%27neil@db.example.com:5433/my%20lake"),
  );
  assert.deepEqual(place, {
    host: "db.example.com",
    port: 5433,
    user: "o'neil",
    database: "my lake",
  });
  const { tls, ...pairs } = addressOf("host=/run/pg user = 'a \\'b\\\\' dbname=x\\ y");
  assert.deepEqual(pairs, { host: "/run/pg", user: "a 'b\\", database: "x y" });
  assert.deepEqual(tls, { options: false, isOptional: false });
  assert.equal(addressOf("").host, "/var/run/postgresql");
});

Deno.test("addressOf() encrypts as libpq's sslmode says", () => {
  const tls = (mode: string) => addressOf(`host=db sslmode=${mode}`).tls;
  assert.equal(tls("disable").options, false);
  assert.equal(addressOf("host=db").tls.isOptional, true);
  assert.deepEqual(tls("require"), { options: { rejectUnauthorized: false }, isOptional: false });
  assert.deepEqual(tls("verify-full"), {
    options: { rejectUnauthorized: true },
    isOptional: false,
  });
  assert.throws(() => tls("verify-all"), /sslmode=verify-all, which is none of PostgreSQL's modes/);
});
