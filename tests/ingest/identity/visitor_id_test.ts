import assert from "node:assert/strict";
import { DAY_MS } from "../../../src/core/durations.ts";
import { loadSecret, VisitorIds } from "../../../src/ingest/identity/visitor_id.ts";
import { fakeSystem } from "../../support/fake_system.ts";

const NOON_MS = Date.UTC(2024, 0, 15, 12);
const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0";

/** HMAC-SHA256 in hex by the Web's own crypto: another implementation than the one under test. */
async function hmac(key: string, message: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", encoder.encode(key), algorithm, false, [
    "sign",
  ]);
  const signed = await crypto.subtle.sign("HMAC", imported, encoder.encode(message));
  return new Uint8Array(signed).toHex();
}

async function expected(secret: string, date: string, address: string, agent: string) {
  return await hmac(await hmac("mallard-metrics-salt", `${secret}:${date}`), `${address}|${agent}`);
}

Deno.test("of() is the keyed hash of address and user agent under the day's key", async () => {
  const cases = [
    ["secret", "203.0.113.7", AGENT],
    ["", "2001:db8::1", ""],
    ["ein Geheimnis: größer", "198.51.100.9", "ünïcode | agent"],
    ["long ".repeat(100), "203.0.113.7", "x".repeat(1000)],
  ] as const;
  for (const [secret, address, agent] of cases) {
    const id = new VisitorIds(secret).of(NOON_MS, address, agent);
    assert.equal(id, await expected(secret, "2024-01-15", address, agent));
    assert.match(id, /^[0-9a-f]{64}$/);
  }
});

Deno.test("of() changes at midnight UTC and not before", async () => {
  const ids = new VisitorIds("secret");
  const midnightMs = Date.UTC(2024, 0, 16);
  const id = (atMs: number) => ids.of(atMs, "203.0.113.7", AGENT);
  assert.equal(id(midnightMs - 1), id(NOON_MS));
  assert.notEqual(id(midnightMs), id(NOON_MS));
  assert.equal(id(midnightMs), await expected("secret", "2024-01-16", "203.0.113.7", AGENT));
});

Deno.test("of() is right for days in any order, leap days and long ago", async () => {
  const ids = new VisitorIds("secret");
  const days = ["2024-02-29", "2024-03-01", "1969-12-31", "2024-02-28", "2024-02-29", "2031-01-01"];
  for (const date of days) {
    const atMs = Date.parse(`${date}T23:59:59.999Z`);
    assert.equal(
      ids.of(atMs, "203.0.113.7", AGENT),
      await expected("secret", date, "203.0.113.7", AGENT),
      date,
    );
  }
});

Deno.test("of() differs by address, browser and secret", () => {
  const ids = new VisitorIds("secret");
  const all = [
    ids.of(NOON_MS, "203.0.113.7", AGENT),
    ids.of(NOON_MS, "203.0.113.8", AGENT),
    ids.of(NOON_MS, "203.0.113.7", `${AGENT} `),
    ids.of(NOON_MS + DAY_MS, "203.0.113.7", AGENT),
    new VisitorIds("Secret").of(NOON_MS, "203.0.113.7", AGENT),
  ];
  assert.equal(new Set(all).size, all.length);
});

async function inFolder(run: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await Deno.makeTempDir();
  try {
    await run(dataDir);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

Deno.test("loadSecret() makes a secret once, readable by its owner only", async () => {
  await inFolder(async (dataDir) => {
    const { files, random } = fakeSystem();
    const options = { dataDir, fromEnvironment: null };
    const made = await loadSecret(files, random, options);
    assert.match(made, /^[0-9a-f]{64}$/);
    assert.equal(await loadSecret(files, fakeSystem({ seed: 2 }).random, options), made);
    const { mode } = await Deno.stat(`${dataDir}/.secret`);
    if (Deno.build.os !== "windows") assert.equal(mode! & 0o777, 0o600);
    assert.deepEqual([...Deno.readDirSync(dataDir)].map(({ name }) => name), [".secret"]);
  });
});

Deno.test("loadSecret() reads a kept secret without the line end", async () => {
  await inFolder(async (dataDir) => {
    const { files, random } = fakeSystem();
    for (const written of ["an old secret", "an old secret\n", "an old secret\r\n"]) {
      await Deno.writeTextFile(`${dataDir}/.secret`, written);
      const secret = await loadSecret(files, random, { dataDir, fromEnvironment: null });
      assert.equal(secret, "an old secret");
    }
  });
});

Deno.test("loadSecret() takes a kept secret from the eyes of others", async () => {
  await inFolder(async (dataDir) => {
    const { files, random } = fakeSystem();
    await Deno.writeTextFile(`${dataDir}/.secret`, "an old secret", { mode: 0o644 });
    await loadSecret(files, random, { dataDir, fromEnvironment: null });
    assert.equal((await Deno.stat(`${dataDir}/.secret`)).mode! & 0o777, 0o600);
  });
});

Deno.test("loadSecret() lets the environment win, and writes nothing then", async () => {
  await inFolder(async (dataDir) => {
    const { files, random } = fakeSystem();
    const secret = await loadSecret(files, random, { dataDir, fromEnvironment: "mine" });
    assert.equal(secret, "mine");
    assert.deepEqual([...Deno.readDirSync(dataDir)], []);
  });
});

Deno.test("loadSecret() replaces an empty file", async () => {
  await inFolder(async (dataDir) => {
    const { files, random } = fakeSystem();
    await Deno.writeTextFile(`${dataDir}/.secret`, "\n");
    const secret = await loadSecret(files, random, { dataDir, fromEnvironment: null });
    assert.match(secret, /^[0-9a-f]{64}$/);
  });
});
