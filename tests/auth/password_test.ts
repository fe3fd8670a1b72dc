import { ok, rejects, strictEqual as equal } from "node:assert";
import { argon2id } from "hash-wasm";
import {
  hashPassword,
  isPasswordHash,
  PasswordHasher,
  resetPassword,
} from "../../src/auth/password.ts";
import { fakeSystem, seededRandom } from "../support/fake_system.ts";
import { openOwner, ownerStore } from "../support/server/owner.ts";

Deno.test("PasswordHasher computes Argon2id and verifies its own hashes", async () => {
  const hasher = new PasswordHasher(seededRandom(7));
  const expected = await argon2id({
    password: "correct horse",
    salt: seededRandom(7).bytes(16),
    memorySize: 19_456,
    iterations: 2,
    parallelism: 1,
    hashLength: 32,
    outputType: "encoded",
  });
  const hash = await hasher.hash("correct horse");
  equal(hash, expected);
  equal(await hasher.verify(hash, "correct horse"), true);
  equal(await hasher.verify(hash, "correct horsE"), false);
  equal(await hasher.verify(hash, ""), false);
  ok(hash !== await hasher.hash("correct horse"), "every hash has its own salt");
  hasher.close();
});

Deno.test("PasswordHasher verifies hashes of other costs", async () => {
  const hasher = new PasswordHasher(seededRandom(7));
  const hash = await argon2id({
    password: "correct horse",
    salt: seededRandom(8).bytes(32),
    memorySize: 64,
    iterations: 3,
    parallelism: 4,
    hashLength: 64,
    outputType: "encoded",
  });
  equal(await hasher.verify(hash, "correct horse"), true);
  equal(await hasher.verify(hash, "wrong horse"), false);
  hasher.close();
});

Deno.test("PasswordHasher normalizes Unicode before hashing", async () => {
  const hasher = new PasswordHasher(seededRandom(7));
  const hash = await hasher.hash("pass\u00e9word");
  equal(await hasher.verify(hash, "passe\u0301word"), true);
  hasher.close();
});

Deno.test("PasswordHasher does not block the main thread", async () => {
  const hasher = new PasswordHasher(seededRandom(7));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await hasher.hash("correct horse");
  clearInterval(timer);
  hasher.close();
  ok(turns > 3, `${turns} turns of the event loop while hashing`);
});

Deno.test("PasswordHasher rejects queued requests on close, and works again after", async () => {
  const hasher = new PasswordHasher(seededRandom(7));
  const waiting = hasher.hash("correct horse");
  hasher.close();
  await rejects(waiting, /stopping/);
  ok(isPasswordHash(await hasher.hash("correct horse")));
  hasher.close();
});

Deno.test("isPasswordHash() accepts only hashes that can be verified", () => {
  const salt = "c29tZXNhbHRzb21lc2FsdA";
  const hash = "A".repeat(43);
  ok(isPasswordHash(`$argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash}`));
  for (
    const text of [
      "correct horse",
      "$argon2id$",
      `$argon2i$v=19$m=19456,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=16$m=19456,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=9999999,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=7,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=19456,t=0,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=19456,t=2,p=0$${salt}$${hash}`,
      `$argon2id$v=19$m=19456,t=2,p=1$${salt}$`,
      `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash}\n`,
    ]
  ) {
    equal(isPasswordHash(text), false, text);
  }
});

Deno.test("resetPassword() replaces or removes the stored password", async () => {
  const owner = await openOwner();
  await owner.call("POST", "/api/auth/setup", { body: { password: "first password" } });
  owner.close();
  const { clock, random } = fakeSystem();
  const store = ownerStore(`${owner.folder}/mallard.sqlite`);
  await rejects(resetPassword(store, clock, random, "short"), /5 characters/);
  equal(await resetPassword(store, clock, random, "second password"), true);
  const again = await openOwner({ folder: owner.folder });
  const logIn = async (password: string) =>
    (await again.call("POST", "/api/auth/login", { body: { password } })).status;
  equal(await logIn("first password"), 401);
  equal(await logIn("second password"), 200);
  again.close();
  equal(await resetPassword(store, clock, random, null), true);
  equal(await resetPassword(store, clock, random, null), false);
  store.close();
  const last = await openOwner({ folder: owner.folder });
  equal(last.auth.configured, false);
  last.close();
});

Deno.test("hashPassword() refuses what setup would refuse", async () => {
  await rejects(hashPassword(seededRandom(1), "1234567"), /7 characters/);
});
