import assert, { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { createHmac } from "node:crypto";
import { DAY_MS } from "../../../src/core/durations.ts";
import { ID_DAYS } from "../../../src/ingest/identity/id_period.ts";
import {
  derivedIdentity,
  destroyAllSalts,
  forgetfulIdentity,
  type Identity,
  type Visitor,
} from "../../../src/ingest/identity/identity.ts";
import { VisitorIds } from "../../../src/ingest/identity/visitor_id.ts";
import { Store } from "../../../src/storage/state/store.ts";
import { FakeClock, seededRandom } from "../../support/fake_system.ts";
import { withFolder } from "../../support/storage.ts";

/** A Monday on which a period of 30 days begins, too. */
const START = (4 + 30 * 7 * 94) * DAY_MS;
const DAYS: Readonly<Record<string, number>> = { daily: 1, weekly: 7, monthly: 30 };
const daysOf = (site: string) => DAYS[site] ?? 1;

function visitor(site: string, address = "203.0.113.1"): Visitor {
  return { site, address, userAgent: "Browser" };
}

/** For how many of the days from START on an id stays what it was on the first. */
async function daysKept(
  identity: Identity,
  site: string,
  past: boolean,
  pass: (day: number) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const idOn = (day: number) => {
    const atMs = START + day * DAY_MS + DAY_MS / 2;
    return past ? identity.pastIdOf(visitor(site), atMs) : identity.idOf(visitor(site), atMs, atMs);
  };
  await pass(0);
  const first = idOn(0);
  for (let day = 1; day < 100; day++) {
    await pass(day);
    if (idOn(day) !== first) return day;
  }
  return Infinity;
}

Deno.test("derivedIdentity() is the contract's hash of the secret by the first day", async () => {
  const identity = derivedIdentity(new VisitorIds("secret"), daysOf);
  const hmac = (key: string, text: string) => createHmac("sha256", key).update(text).digest("hex");
  const expected = (date: string) =>
    hmac(hmac("mallard-metrics-salt", `secret:${date}`), "203.0.113.1|Browser");
  const thursday = Date.UTC(2024, 0, 18, 13);
  equal(identity.idOf(visitor("daily"), thursday, thursday), expected("2024-01-18"));
  equal(identity.idOf(visitor("weekly"), thursday, thursday), expected("2024-01-15"));
  for (const past of [false, true]) {
    equal(await daysKept(identity, "daily", past), 1);
    equal(await daysKept(identity, "weekly", past), 7);
    equal(await daysKept(identity, "monthly", past), 30);
    equal(await daysKept(identity, "never declared", past), 1);
  }
  await identity.turn();
});

Deno.test("derivedIdentity() goes by the stored time, so that a day's ids are the day's", () => {
  const identity = derivedIdentity(new VisitorIds("secret"), daysOf);
  const midnight = Date.UTC(2024, 0, 16);
  const before = identity.idOf(visitor("daily"), midnight - 1, midnight + 5);
  equal(before, identity.idOf(visitor("daily"), midnight - 60_000, midnight - 60_000));
  assert.notStrictEqual(before, identity.idOf(visitor("daily"), midnight, midnight));
});

async function withForgetful(
  work: (world: { identity: Identity; clock: FakeClock; store: Store }) => Promise<void>,
  days = daysOf,
): Promise<void> {
  await withFolder(async (folder) => {
    const clock = new FakeClock(START);
    const store = await Store.open(`${folder}/mallard.sqlite`);
    try {
      const identity = await forgetfulIdentity(
        store,
        clock,
        seededRandom(1),
        () => Promise.resolve([]),
        days,
        { visitGapMs: 30 * 60_000 },
      );
      await work({ identity, clock, store });
    } finally {
      await store.close();
    }
  });
}

Deno.test("forgetfulIdentity() keeps an id for the days of the visitor's site", async () => {
  for (const [site, days] of [...Object.entries(DAYS), ["never declared", 1]] as const) {
    await withForgetful(async ({ identity, clock }) => {
      const pass = async (day: number) => {
        clock.advance(START + day * DAY_MS + DAY_MS / 2 - clock.nowMs());
        await identity.turn();
      };
      equal(await daysKept(identity, site, false, pass), days, site);
      equal(await daysKept(identity, site, true), days, `${site}, of the past`);
    });
  }
});

Deno.test("forgetfulIdentity() gives ids that no two sites or periods share", async () => {
  await withForgetful(async ({ identity }) => {
    const ids = ["daily", "other daily", "weekly", "monthly"].flatMap((site) => [
      identity.idOf(visitor(site), START, START),
      identity.pastIdOf(visitor(site), START),
      identity.idOf(visitor(site, "203.0.113.2"), START, START),
    ]);
    equal(new Set(ids).size, ids.length);
    ok(ids.every((id) => /^[0-9a-f]{64}$/.test(id)));
    await identity.turn();
  });
});

Deno.test("forgetfulIdentity() follows a change of the days of a site at once", async () => {
  let days = 1;
  await withForgetful(async ({ identity, clock }) => {
    const idOn = async (day: number) => {
      clock.advance(START + day * DAY_MS - clock.nowMs());
      await identity.turn();
      return identity.idOf(visitor("site"), clock.nowMs(), clock.nowMs());
    };
    assert.notStrictEqual(await idOn(0), await idOn(1));
    days = 7;
    equal(await idOn(2), await idOn(3));
    days = 1;
    assert.notStrictEqual(await idOn(4), await idOn(5));
  }, () => days);
});

Deno.test("destroyAllSalts() leaves no salt of any length", async () => {
  await withForgetful(async ({ store }) => {
    const kept = async () =>
      await Promise.all(ID_DAYS.map((days) => store.run("getFact", `visitor_salts_${days}`)));
    ok((await kept()).every((text) => /[0-9a-f]{64}/.test(text ?? "")));
    await destroyAllSalts(store);
    deepEqual(await kept(), ["{}", "{}", "{}"]);
  });
});
