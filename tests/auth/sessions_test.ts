import { ok, strictEqual as equal } from "node:assert";
import { Sessions, SignedSessions } from "../../src/auth/sessions.ts";
import { FakeClock, seededRandom } from "../support/fake_system.ts";

Deno.test("Sessions keep a bounded number of logins and drop the oldest", () => {
  const sessions = new Sessions(new FakeClock(0), seededRandom(1), 60);
  const tokens = Array.from({ length: 1003 }, () => sessions.open());
  equal(new Set(tokens).size, 1003);
  equal(tokens.filter((token) => sessions.has(token)).length, 1000);
  equal(sessions.has(tokens[2] ?? ""), false);
  equal(sessions.has(tokens[3] ?? ""), true);
});

Deno.test("Sessions end one login and no other", () => {
  const sessions = new Sessions(new FakeClock(0), seededRandom(1), 60);
  const [first, second] = [sessions.open(), sessions.open()];
  sessions.end(first);
  sessions.end("nonsense");
  equal(sessions.has(first), false);
  equal(sessions.has(second), true);
  equal(sessions.has(second.toUpperCase()), false);
});

Deno.test("Sessions last as long as they should, wherever the wall clock is set", () => {
  for (const jump of [1e12, -1e12]) {
    const clock = new FakeClock(0);
    const sessions = new Sessions(clock, seededRandom(1), 60);
    const token = sessions.open();
    clock.advance(59_000);
    clock.jump(jump);
    equal(sessions.has(token), true);
    clock.advance(1000);
    equal(sessions.has(token), false);
  }
});

Deno.test("SignedSessions are known to every server with the key, as long as they last", () => {
  const clock = new FakeClock(1_700_000_000_000);
  const open = (seed: number, key: string) =>
    new SignedSessions(clock, seededRandom(seed), 60, key);
  const [one, other, stranger] = [open(1, "key"), open(2, "key"), open(3, "another")];
  const token = one.open();
  ok(/^[0-9a-f]{64}$/.test(token));
  equal(other.has(token), true);
  equal(stranger.has(token), false);
  for (let at = 0; at < token.length; at++) {
    const digit = token[at] === "0" ? "1" : "0";
    equal(other.has(token.slice(0, at) + digit + token.slice(at + 1)), false, `digit ${at}`);
  }
  for (const bad of ["", token.toUpperCase(), token.slice(1), `${token}0`]) {
    equal(other.has(bad), bad === token, bad);
  }
  clock.advance(59_000);
  equal(other.has(token), true);
  clock.advance(1000);
  equal(other.has(token), false);
});

Deno.test("SignedSessions end one login, or all, and tell others which", () => {
  const clock = new FakeClock(1_700_000_000_000);
  const [one, other] = [1, 2].map((seed) =>
    new SignedSessions(clock, seededRandom(seed), 60, "key")
  );
  ok(one && other);
  const [first, second] = [one.open(), one.open()];
  const ended = one.end(first);
  ok(ended);
  equal(one.end(first), null);
  equal(one.end("0".repeat(64)), null);
  equal(one.has(first), false);
  equal(other.has(first), true, "it has not been told");
  other.takeUp([ended]);
  equal(other.has(first), false);
  equal(other.has(second), true);
  one.endAll();
  equal(one.has(second), false);
  one.renew("new key");
  other.renew("new key");
  equal(other.has(second), false);
  equal(other.has(one.open()), true);
});
