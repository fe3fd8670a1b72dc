import { strictEqual as equal } from "node:assert";
import { Sessions } from "../../src/auth/sessions.ts";
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
