import assert, { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { createHmac } from "node:crypto";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/core/durations.ts";
import type { IdentityRules, SeenVisitor } from "../../../src/ingest/identity/carried_visits.ts";
import { ID_DAYS } from "../../../src/sites/id_period.ts";
import {
  continuingVisitors,
  derivedIdentity,
  destroyAllSalts,
  type Identity,
  randomIdentity,
} from "../../../src/ingest/identity/identity.ts";
import { type Visitor, VisitorIds } from "../../../src/ingest/identity/visitor_id.ts";
import { Store } from "../../../src/storage/state/store.ts";
import { FakeClock, seededRandom } from "../../support/fake_system.ts";
import { withFolder } from "../../support/storage/storage.ts";

/** A Monday on which a period of 30 days begins, too. */
const START = (4 + 30 * 7 * 94) * DAY_MS;
const DAYS: Readonly<Record<string, number>> = { daily: 1, weekly: 7, monthly: 30 };
const daysOf = (site: string) => DAYS[site] ?? 1;
const GAP_MINUTES: Readonly<Record<string, number>> = { patient: 240, hasty: 1 };
const RULES: IdentityRules = {
  idDays: daysOf,
  visitGapMs: (site) => (GAP_MINUTES[site] ?? 30) * MINUTE_MS,
};

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

Deno.test("derivedIdentity() is the documented hash of the secret by the first day", async () => {
  const identity = derivedIdentity(new VisitorIds("secret"), new FakeClock(START), RULES);
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
  await identity.rotate();
});

Deno.test("derivedIdentity() uses the stored time, so that ids change with the stored day", () => {
  const identity = derivedIdentity(new VisitorIds("secret"), new FakeClock(START), RULES);
  const midnight = Date.UTC(2024, 0, 16);
  const before = identity.idOf(visitor("daily"), midnight - 1, midnight + 5);
  equal(before, identity.idOf(visitor("daily"), midnight - 60_000, midnight - 60_000));
  const [late, next] = [midnight + 31 * MINUTE_MS, midnight + 32 * MINUTE_MS];
  const after = identity.idOf(visitor("daily"), late, late);
  assert.notStrictEqual(before, after);
  equal(identity.idOf(visitor("daily"), midnight, next), after);
});

async function withRandom(
  work: (world: { identity: Identity; clock: FakeClock; store: Store }) => Promise<void>,
  days = daysOf,
): Promise<void> {
  await withFolder(async (folder) => {
    const clock = new FakeClock(START);
    const store = await Store.open(`${folder}/mallard.sqlite`);
    try {
      const identity = await randomIdentity(
        store,
        clock,
        seededRandom(1),
        { ...RULES, idDays: days },
      );
      await work({ identity, clock, store });
    } finally {
      await store.close();
    }
  });
}

Deno.test("randomIdentity() keeps an id for the days of the visitor's site", async () => {
  for (const [site, days] of [...Object.entries(DAYS), ["never declared", 1]] as const) {
    await withRandom(async ({ identity, clock }) => {
      const pass = async (day: number) => {
        clock.advance(START + day * DAY_MS + DAY_MS / 2 - clock.nowMs());
        await identity.rotate();
      };
      equal(await daysKept(identity, site, false, pass), days, site);
      equal(await daysKept(identity, site, true), days, `${site}, of the past`);
    });
  }
});

Deno.test("randomIdentity() gives ids that no two sites or periods share", async () => {
  await withRandom(async ({ identity }) => {
    const ids = ["daily", "other daily", "weekly", "monthly"].flatMap((site) => [
      identity.idOf(visitor(site), START, START),
      identity.pastIdOf(visitor(site), START),
      identity.idOf(visitor(site, "203.0.113.2"), START, START),
    ]);
    equal(new Set(ids).size, ids.length);
    ok(ids.every((id) => /^[0-9a-f]{64}$/.test(id)));
    await identity.rotate();
  });
});

Deno.test("randomIdentity() follows a change of the days of a site at once", async () => {
  let days = 1;
  await withRandom(async ({ identity, clock }) => {
    const idOn = async (day: number) => {
      clock.advance(START + day * DAY_MS - clock.nowMs());
      await identity.rotate();
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
  await withRandom(async ({ store }) => {
    const kept = async () =>
      await Promise.all(ID_DAYS.map((days) => store.run("getMeta", `visitor_salts_${days}`)));
    ok((await kept()).every((text) => /[0-9a-f]{64}/.test(text ?? "")));
    await destroyAllSalts(store);
    deepEqual(await kept(), ["{}", "{}", "{}"]);
  });
});

interface World {
  readonly clock: FakeClock;
  /** The identity, opened again, as after a restart, with the visitors who were seen. */
  reopen(seen?: readonly SeenVisitor[]): Promise<void>;
  id(site?: string, address?: string): string;
  pass(minutes: number): Promise<void>;
}

/** Runs the same for both kinds of identity. */
async function withBoth(startMs: number, work: (world: World) => Promise<void>): Promise<void> {
  for (const kind of ["derived", "random"]) {
    await withFolder(async (folder) => {
      const clock = new FakeClock(startMs);
      const store = await Store.open(`${folder}/mallard.sqlite`);
      const open = async (seen: readonly SeenVisitor[]) =>
        kind === "derived"
          ? derivedIdentity(new VisitorIds("secret"), clock, RULES, seen)
          : await randomIdentity(store, clock, seededRandom(1), RULES, seen);
      let identity = await open([]);
      try {
        await work({
          clock,
          reopen: async (seen = []) => void (identity = await open(seen)),
          id: (site = "daily", address = "203.0.113.1") =>
            identity.idOf(visitor(site, address), clock.nowMs(), clock.nowMs()),
          async pass(minutes) {
            for (let minute = 0; minute < minutes; minute++) {
              clock.advance(MINUTE_MS);
              await identity.rotate();
            }
          },
        });
      } finally {
        await store.close();
      }
    });
  }
}

const MIDNIGHT = START + 8 * DAY_MS;

Deno.test("both kinds of identity keep the id of a visit over midnight", async () => {
  await withBoth(MIDNIGHT - 10 * MINUTE_MS, async ({ id, pass }) => {
    const [staying, leaving] = [id(), id("daily", "203.0.113.2")];
    await pass(15);
    equal(id(), staying, "5 minutes after midnight");
    await pass(20);
    equal(id(), staying, "25 minutes after midnight");
    assert.notStrictEqual(id("daily", "203.0.113.2"), leaving, "35 minutes of silence end a visit");
    await pass(30);
    equal(id(), staying, "a pause of exactly the visit timeout");
    await pass(31);
    assert.notStrictEqual(id(), staying, "the next visit has the id of its day");
  });
});

Deno.test("both kinds of identity carry a visit for as long as its site's timeout", async () => {
  await withBoth(MIDNIGHT - 100 * MINUTE_MS, async ({ id, pass }) => {
    const [patient, hasty, usual] = [id("patient"), id("hasty"), id("daily")];
    await pass(99);
    equal(id("hasty"), hasty);
    await pass(2);
    assert.notStrictEqual(id("hasty"), hasty, "2 minutes of silence at a timeout of 1");
    await pass(100);
    equal(id("patient"), patient, "201 minutes of silence at a timeout of 240");
    assert.notStrictEqual(id("daily"), usual);
  });
});

Deno.test("both kinds of identity carry a visit of one site only", async () => {
  await withBoth(MIDNIGHT - 5 * MINUTE_MS, async ({ id, pass }) => {
    const here = id("daily");
    await pass(10);
    const elsewhere = id("other daily");
    equal(id("daily"), here);
    await pass(60);
    equal(id("other daily") === elsewhere, true, "the id of the new day stays");
    assert.notStrictEqual(elsewhere, here);
  });
});

Deno.test("both kinds of identity carry a visit over one change at most", async () => {
  await withBoth(MIDNIGHT - 5 * MINUTE_MS, async ({ id, pass }) => {
    const first = id();
    let changes = 0;
    let last = first;
    for (let minutes = 0; minutes < 30 * 60; minutes += 20) {
      await pass(20);
      const now = id();
      if (now !== last) changes += 1;
      last = now;
    }
    // A visit of 30 hours: the old id ends at the second midnight.
    equal(changes, 1);
    assert.notStrictEqual(last, first);
  });
});

Deno.test("both kinds of identity keep the id of a long visit to the next midnight", async () => {
  await withBoth(MIDNIGHT - 5 * MINUTE_MS, async ({ id, pass }) => {
    const first = id();
    for (let minutes = 0; minutes < 24 * 60 - 20; minutes += 20) {
      await pass(20);
      equal(id(), first);
    }
    await pass(31);
    assert.notStrictEqual(id(), first, "31 minutes of silence end it");
  });
});

Deno.test("continuingVisitors() and live ids agree where stored times are full hours", async () => {
  const rules = { ...RULES, roundsToHour: true };
  const clock = new FakeClock(MIDNIGHT - 5 * MINUTE_MS);
  const open = (seen: readonly SeenVisitor[]) =>
    derivedIdentity(new VisitorIds("secret"), clock, rules, seen);
  const idOf = (identity: Identity) =>
    identity.idOf(visitor("daily"), Math.floor(clock.nowMs() / HOUR_MS) * HOUR_MS, clock.nowMs());
  const living = open([]);
  const first = idOf(living);
  const stored: SeenVisitor = ["daily", first, MIDNIGHT - HOUR_MS];
  for (const [minutes, isSame] of [[25, true], [9, true], [10, false]] as const) {
    clock.advance(minutes * MINUTE_MS);
    const seen = await continuingVisitors(
      ["daily"],
      (_, fromMs) => Promise.resolve([stored].filter(([, , atMs]) => atMs >= fromMs)),
      clock.nowMs(),
      rules,
    );
    equal(idOf(open(seen)) === first, isSame, `after a restart, ${minutes}`);
  }
  clock.advance(-14 * MINUTE_MS);
  equal(idOf(living), first);
});

Deno.test("both kinds of identity carry visits over a restart", async () => {
  await withBoth(MIDNIGHT - 10 * MINUTE_MS, async ({ id, pass, reopen, clock }) => {
    const before = id();
    const seen: SeenVisitor[] = [["daily", before, clock.nowMs()]];
    await reopen(seen);
    await pass(20);
    await reopen(seen);
    equal(id(), before);
    await reopen();
    assert.notStrictEqual(id(), before, "of a visit that nobody remembers");
  });
});

Deno.test("continuingVisitors() asks for sites near a change only, by their timeout", async () => {
  const asked: [string, number][] = [];
  const seenSince = (site: string, fromMs: number) => {
    asked.push([site, fromMs]);
    return Promise.resolve([[site, "id", fromMs] as const]);
  };
  const sites = ["daily", "weekly", "patient", "hasty"];
  const at = async (nowMs: number, carriedSites: ReadonlySet<string> | null = null) => {
    asked.length = 0;
    await continuingVisitors(sites, seenSince, nowMs, RULES, carriedSites);
    return asked.map(([site, fromMs]) => [site, (nowMs - fromMs) / MINUTE_MS]);
  };
  deepEqual(await at(MIDNIGHT + 23 * 60 * MINUTE_MS), [["daily", 30], ["patient", 240], [
    "hasty",
    1,
  ]]);
  deepEqual(
    await at(MIDNIGHT - 20 * MINUTE_MS),
    [["daily", 30], ["weekly", 30], ["patient", 240], ["hasty", 1]],
    "of a week that began a day before",
  );
  deepEqual(await at(MIDNIGHT + 60 * MINUTE_MS), [["daily", 30], ["patient", 240], ["hasty", 1]]);
  const recorded = new Set(["daily"]);
  deepEqual(await at(MIDNIGHT + 30 * MINUTE_MS, recorded), [["daily", 30], ["patient", 240]]);
  deepEqual(await at(MIDNIGHT + 300 * MINUTE_MS, recorded), [["daily", 30]]);
  deepEqual(await at(MIDNIGHT + 300 * MINUTE_MS, new Set()), [], "nothing was carried so long");
});
