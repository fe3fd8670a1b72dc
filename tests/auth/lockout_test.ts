import { strictEqual as equal, throws } from "node:assert";
import { Lockout } from "../../src/auth/lockout.ts";
import { FakeClock } from "../support/fake_system.ts";

function lockout(options: { attemptsMax?: number; keysMax?: number } = {}) {
  const clock = new FakeClock(1_000_000);
  return { clock, locks: new Lockout(clock, { attemptsMax: 2, lockSecs: 10, ...options }) };
}

Deno.test("Lockout removes failures after the lockout time", () => {
  const { clock, locks } = lockout();
  locks.begin("192.0.2.1").failed();
  clock.advance(10_000);
  locks.begin("192.0.2.1").failed();
  locks.begin("192.0.2.1").failed();
  throws(() => locks.begin("192.0.2.1"), { code: "too_many_requests" });
  clock.advance(10_000);
  locks.begin("192.0.2.1").end();
  equal(locks.size, 0);
});

Deno.test("Lockout starts again after a success, and ignores attempts without a result", () => {
  const { locks } = lockout();
  locks.begin("192.0.2.1").failed();
  locks.begin("192.0.2.1").passed();
  equal(locks.size, 0);
  for (let count = 0; count < 5; count++) locks.begin("192.0.2.1").end();
  locks.begin("192.0.2.1").failed();
  locks.begin("192.0.2.1").end();
  const attempt = locks.begin("192.0.2.1");
  attempt.failed();
  attempt.passed();
  attempt.end();
  throws(() => locks.begin("192.0.2.1"), { code: "too_many_requests" });
});

Deno.test("Lockout counts attempts in progress", () => {
  const { locks } = lockout();
  const first = locks.begin("192.0.2.1");
  locks.begin("192.0.2.1");
  throws(() => locks.begin("192.0.2.1"), { headers: { "retry-after": "1" } });
  first.passed();
  locks.begin("192.0.2.1");
});

Deno.test("Lockout is off with a limit of 0 attempts", () => {
  const { locks } = lockout({ attemptsMax: 0 });
  for (let count = 0; count < 100; count++) locks.begin("192.0.2.1").failed();
  equal(locks.size, 0);
});

Deno.test("Lockout remembers a bounded number of addresses and drops the oldest", () => {
  const { clock, locks } = lockout({ keysMax: 3 });
  for (let count = 0; count < 100; count++) {
    locks.begin(`192.0.2.${count}`).failed();
    locks.begin(`192.0.2.${count}`).failed();
    clock.advance(1);
    equal(locks.size, Math.min(count + 1, 3));
  }
  throws(() => locks.begin("192.0.2.99"), { code: "too_many_requests" });
  throws(() => locks.begin("192.0.2.97"), { code: "too_many_requests" });
  locks.begin("192.0.2.96");
});

Deno.test("forgetExpired() removes an address when its lockout ends, not before", () => {
  const { clock, locks } = lockout();
  locks.begin("192.0.2.1").failed();
  locks.begin("192.0.2.1").failed();
  locks.begin("192.0.2.2").failed();
  const open = locks.begin("192.0.2.3");
  clock.advance(9_999);
  locks.forgetExpired();
  equal(locks.size, 3);
  throws(() => locks.begin("192.0.2.1"), { code: "too_many_requests" });
  clock.advance(1);
  locks.forgetExpired();
  equal(locks.size, 1, "an attempt under way");
  open.failed();
  equal(locks.size, 1);
  clock.advance(10_000);
  locks.forgetExpired();
  equal(locks.size, 0);
});
