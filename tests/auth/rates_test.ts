import { strictEqual as equal, throws } from "node:assert";
import { CallerRates } from "../../src/auth/rates.ts";
import {
  ANONYMOUS_REQUESTS_AT_ONCE,
  ANONYMOUS_REQUESTS_PER_SEC,
  KEY_REQUESTS_AT_ONCE,
  KEY_REQUESTS_PER_SEC,
} from "../../src/core/limits.ts";
import { FakeClock } from "../support/fake_system.ts";

const BUSY = { code: "too_many_requests", headers: { "retry-after": "1" } };

Deno.test("CallerRates allow a key a burst, then its rate", () => {
  const clock = new FakeClock(0);
  const rates = new CallerRates(clock);
  for (let count = 0; count < KEY_REQUESTS_AT_ONCE; count++) rates.takeKey("a");
  throws(() => rates.takeKey("a"), { ...BUSY, message: /this API key sends more than 500 / });
  rates.takeKey("b");
  clock.advance(1000);
  for (let count = 0; count < KEY_REQUESTS_PER_SEC; count++) rates.takeKey("a");
  throws(() => rates.takeKey("a"), BUSY);
});

Deno.test("CallerRates allow an address a burst, then its rate", () => {
  const clock = new FakeClock(0);
  const rates = new CallerRates(clock);
  for (let count = 0; count < ANONYMOUS_REQUESTS_AT_ONCE; count++) {
    rates.takeAnonymous("203.0.113.1");
  }
  throws(() => rates.takeAnonymous("203.0.113.1"), { ...BUSY, message: /this address/ });
  rates.takeAnonymous("203.0.113.2");
  clock.advance(1000);
  for (let count = 0; count < ANONYMOUS_REQUESTS_PER_SEC; count++) {
    rates.takeAnonymous("203.0.113.1");
  }
  throws(() => rates.takeAnonymous("203.0.113.1"), BUSY);
});

Deno.test("CallerRates count an IPv6 /64 as one address", () => {
  const rates = new CallerRates(new FakeClock(0));
  for (let count = 0; count < ANONYMOUS_REQUESTS_AT_ONCE; count++) {
    rates.takeAnonymous(`2001:db8::${count.toString(16)}`);
  }
  throws(() => rates.takeAnonymous("2001:db8::ffff"), BUSY);
  rates.takeAnonymous("2001:db8:0:1::1");
});

Deno.test("forgetIdle() removes callers whose buckets are full again", () => {
  const clock = new FakeClock(0);
  const rates = new CallerRates(clock);
  rates.takeAnonymous("203.0.113.1");
  for (let count = 0; count < 2 * ANONYMOUS_REQUESTS_PER_SEC; count++) {
    rates.takeAnonymous("203.0.113.2");
  }
  rates.takeKey("a");
  equal(rates.size, 3);
  clock.advance(1000);
  rates.forgetIdle();
  equal(rates.size, 1);
  clock.advance(1000);
  rates.forgetIdle();
  equal(rates.size, 0);
});
