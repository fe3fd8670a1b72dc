import {
  deepStrictEqual as deepEqual,
  notStrictEqual,
  ok,
  strictEqual as equal,
} from "node:assert";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/core/durations.ts";
import { RandomSalts, type SharedSalts } from "../../../src/ingest/identity/salts.ts";
import { Store } from "../../../src/storage/state/store.ts";
import { FakeClock, seededRandom } from "../../support/fake_system.ts";
import { withFolder } from "../../support/storage/storage.ts";

const START = Date.UTC(2024, 0, 16, 22, 30);
const RULES = { idDays: () => 1, visitGapMs: () => 30 * MINUTE_MS };
const VISITOR = { site: "example.com", address: "203.0.113.1", userAgent: "Browser" };

/** Salts that servers have in common, in this process. */
class Common {
  readonly rows = new Map<string, string>();
  readonly said: string[] = [];
  isCutOff = false;

  of(): SharedSalts {
    const reach = () => {
      if (this.isCutOff) throw new Error("out of reach");
    };
    return {
      take: async (days, given) => {
        await Promise.resolve();
        reach();
        for (const [period, salt] of given) {
          const key = `${days} ${period}`;
          if (!this.rows.has(key)) this.rows.set(key, salt);
        }
        return new Map([...given.keys()].map((at) => [at, this.rows.get(`${days} ${at}`) ?? ""]));
      },
      destroy: async (days, before) => {
        await Promise.resolve();
        reach();
        for (const key of this.rows.keys()) {
          const [of, period] = key.split(" ").map(Number);
          if (of === days && Number(period) < before) this.rows.delete(key);
        }
      },
      log: (level, message) => {
        if (level === "error") this.said.push(message);
      },
    };
  }
}

interface Server {
  readonly clock: FakeClock;
  readonly common: Common;
  salts: RandomSalts;
  restart(): Promise<void>;
  id(): string;
}

/** Lets `work` ask two servers, the clock of the second 4 minutes ahead. */
async function withServers(
  days: number,
  work: (one: Server, other: Server, step: (ms: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const rows = new Map<string, string>();
    const stores: Store[] = [];
    const open = async (index: number): Promise<Server> => {
      const clock = new FakeClock(START + index * 4 * MINUTE_MS);
      const store = await Store.open(`${folder}/${index}.sqlite`);
      stores.push(store);
      const common = Object.assign(new Common(), { rows });
      const made = () =>
        RandomSalts.open(
          store,
          clock,
          seededRandom(index + 1),
          days,
          { ...RULES, idDays: () => days },
          [],
          () => true,
          common.of(),
        );
      const server: Server = {
        clock,
        common,
        salts: await made(),
        restart: async () => {
          server.salts = await made();
        },
        id: () => server.salts.idOf(VISITOR, clock.nowMs()),
      };
      return server;
    };
    const [one, other] = [await open(0), await open(1)];
    const step = async (ms: number) => {
      for (const server of [one, other]) {
        server.clock.advance(ms);
        await server.salts.rotate();
      }
    };
    try {
      await work(one, other, step);
    } finally {
      for (const store of stores) await store.close();
    }
  });
}

for (const days of [1, 7, 30]) {
  Deno.test(`RandomSalts of two servers give one id, for ids of ${days} days`, () =>
    withServers(days, async (one, other, step) => {
      const ids = new Set<string>();
      for (let hour = 0; hour < 35 * 24; hour++) {
        equal(one.id(), other.id(), `after ${hour} hours`);
        ids.add(one.id());
        await step(HOUR_MS);
        if (hour % 100 === 50) await other.restart();
      }
      equal(ids.size, days === 1 ? 36 : days === 7 ? 6 : 2);
      // Now, and what begins within two days.
      ok(one.common.rows.size <= 3, [...one.common.rows.keys()].join(", "));
      deepEqual([...one.common.said, ...other.common.said], []);
    }));
}

Deno.test("RandomSalts give the same ids through two days without a connection", () =>
  withServers(1, async (one, other, step) => {
    one.common.isCutOff = true;
    for (let hour = 0; hour < 49; hour++) {
      equal(one.id(), other.id(), `after ${hour} hours`);
      if (hour === 30) await one.restart();
      await step(HOUR_MS);
    }
    deepEqual(one.common.said, []);
  }));

Deno.test("RandomSalts without a connection for longer are a server's own, and it says so", () =>
  withServers(1, async (one, other, step) => {
    one.common.isCutOff = true;
    for (let hour = 0; hour < 80; hour++) await step(HOUR_MS);
    notStrictEqual(one.id(), other.id());
    equal(one.common.said.length, 2, "one for each day");
    ok(/Made visitor ids that other servers do not know/.test(one.common.said[0] ?? ""));
    await one.restart();
    notStrictEqual(one.id(), other.id());
    one.common.isCutOff = false;
    await step(31 * MINUTE_MS);
    equal(one.id(), other.id());
  }));

Deno.test("RandomSalts keep the id of a visit that is under way when a server is back", () =>
  withServers(1, async (one, other, step) => {
    one.common.isCutOff = true;
    // Until half an hour before midnight.
    for (let minutes = 0; minutes < 73 * 60; minutes += 30) await step(30 * MINUTE_MS);
    const before = one.id();
    one.common.isCutOff = false;
    const later = { ...VISITOR, address: "203.0.113.2" };
    const idOf = ({ salts, clock }: Server) => salts.idOf(later, clock.nowMs());
    for (let minutes = 0; minutes < 60; minutes += 10) {
      await step(10 * MINUTE_MS);
      equal(one.id(), before, "also over the change of ids");
      equal(idOf(one), idOf(other), "but of no other visitor");
    }
    await step(31 * MINUTE_MS);
    notStrictEqual(one.id(), before);
    equal(one.id(), other.id());
  }));

Deno.test("RandomSalts that two cut-off servers made are one when both are back", () =>
  withServers(1, async (one, other, step) => {
    for (const { common } of [one, other]) common.isCutOff = true;
    for (let hour = 0; hour < 80; hour++) await step(HOUR_MS);
    notStrictEqual(one.id(), other.id());
    for (const { common } of [one, other]) common.isCutOff = false;
    const kept = one.id();
    await step(31 * MINUTE_MS);
    equal(one.id(), other.id());
    equal(one.id(), kept, "who came first goes on with its own");
    for (const key of one.common.rows.keys()) {
      ok(Number(key.split(" ")[1]) >= Math.floor(one.clock.nowMs() / DAY_MS) - 1, key);
    }
  }));
