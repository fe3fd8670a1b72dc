import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { DAY_MS, MINUTE_MS } from "../../../src/core/durations.ts";
import { VISITORS_CARRIED_MAX } from "../../../src/core/limits.ts";
import type { SeenVisitor } from "../../../src/ingest/identity/carried_visits.ts";
import { destroySalts, RandomSalts } from "../../../src/ingest/identity/salts.ts";
import type { Visitor } from "../../../src/ingest/identity/visitor_id.ts";
import { Store } from "../../../src/storage/state/store.ts";
import { FakeClock, seededRandom } from "../../support/fake_system.ts";
import { withFolder } from "../../support/storage/storage.ts";

const MIDNIGHT = Date.UTC(2024, 0, 16);

const SITE = "example.com";
const RULES = { idDays: () => 1, visitGapMs: () => 30 * MINUTE_MS };

interface World {
  readonly clock: FakeClock;
  readonly store: Store;
  readonly folder: string;
  salts: RandomSalts;
  open(seen?: readonly SeenVisitor[]): Promise<RandomSalts>;
  /** Lets minutes pass, with the job that runs each minute. */
  pass(minutes: number): Promise<void>;
  /** The id of visitor `name` now. */
  id(name?: string, site?: string): string;
  /** Everything on disk, as text. */
  disk(): Promise<string>;
}

function visitor(address: string, site = SITE, userAgent = "Browser"): Visitor {
  return { site, address, userAgent };
}

async function withSalts(
  startMs: number,
  work: (world: World) => Promise<void>,
  days = 1,
): Promise<void> {
  await withFolder(async (folder) => {
    const clock = new FakeClock(startMs);
    const store = await Store.open(`${folder}/mallard.sqlite`);
    let seed = 0;
    const open = (seen: readonly SeenVisitor[] = []) =>
      RandomSalts.open(store, clock, seededRandom(++seed), days, RULES, seen);
    const world: World = {
      clock,
      store,
      folder,
      salts: await open(),
      open,
      async pass(minutes) {
        for (let minute = 0; minute < minutes; minute++) {
          clock.advance(MINUTE_MS);
          await world.salts.rotate();
        }
      },
      id: (name = "203.0.113.1", site = SITE) =>
        world.salts.idOf(visitor(name, site), clock.nowMs()),
      async disk() {
        let text = "";
        for await (const { name, isFile } of Deno.readDir(folder)) {
          if (!isFile) continue;
          text += new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/${name}`));
        }
        return text;
      },
    };
    try {
      await work(world);
    } finally {
      await store.close();
    }
  });
}

async function saltsOnDisk({ store }: World, days = 1): Promise<string[]> {
  return Object.values(JSON.parse(await store.run("getMeta", `visitor_salts_${days}`) ?? "{}"));
}

Deno.test("RandomSalts give one id a day to a browser at a site, and no other", async () => {
  await withSalts(MIDNIGHT + 8 * 60 * MINUTE_MS, async (world) => {
    const first = world.id();
    ok(/^[0-9a-f]{64}$/.test(first));
    await world.pass(60);
    equal(world.id(), first);
    const others = [
      world.id("203.0.113.2"),
      world.id("203.0.113.1", "other.example"),
      world.salts.idOf(visitor("203.0.113.1", SITE, "Other"), world.clock.nowMs()),
    ];
    equal(new Set([first, ...others]).size, 4);
    world.clock.advance(DAY_MS);
    await world.salts.rotate();
    ok(world.id() !== first);
  });
});

Deno.test("RandomSalts do not split a visit over midnight", async () => {
  await withSalts(MIDNIGHT - 20 * MINUTE_MS, async (world) => {
    const [staying, silent] = [world.id("a"), world.id("b")];
    await world.pass(30);
    const newcomer = world.id("c");
    equal(world.id("a"), staying, "10 minutes after midnight");
    await world.pass(30);
    equal(world.id("a"), staying, "a gap of exactly 30 minutes");
    ok(world.id("b") !== silent, "60 minutes of silence end a visit");
    equal(world.id("c"), newcomer);
    await world.pass(29);
    equal(world.id("a"), staying);
    await world.pass(31);
    const next = world.id("a");
    ok(next !== staying, "31 minutes of silence end a visit");
    await world.pass(1);
    equal(world.id("a"), next);
  });
});

Deno.test("RandomSalts destroy a salt on disk when no visit needs it any more", async () => {
  await withSalts(MIDNIGHT - 10 * MINUTE_MS, async (world) => {
    world.id("a");
    const [salt = ""] = await saltsOnDisk(world);
    ok((await world.disk()).includes(salt), "it was on disk");
    await world.pass(15);
    world.id("a");
    await world.pass(30);
    ok((await saltsOnDisk(world)).includes(salt), "the visit may still go on");
    await world.pass(1);
    ok(!(await saltsOnDisk(world)).includes(salt));
    ok(!(await world.disk()).includes(salt), "not a byte of it is left");
    equal((await saltsOnDisk(world)).length, 1);
  });
});

Deno.test("RandomSalts keep no salt for a visit without end", async () => {
  await withSalts(MIDNIGHT - 10 * MINUTE_MS, async (world) => {
    const first = world.id("a");
    const [salt = ""] = await saltsOnDisk(world);
    for (let hours = 0; hours < 24; hours++) {
      for (let tens = 0; tens < 6; tens++) {
        await world.pass(10);
        equal(world.id("a"), first);
      }
    }
    await world.pass(20);
    ok(world.id("a") !== first);
    ok(!(await world.disk()).includes(salt));
  });
});

Deno.test("RandomSalts go on after a restart, over midnight too", async () => {
  await withSalts(MIDNIGHT - 10 * MINUTE_MS, async (world) => {
    const [staying, silent] = [world.id("a"), world.id("b")];
    const seenMs = world.clock.nowMs();
    world.salts = await world.open([[SITE, staying, seenMs]]);
    equal(world.id("a"), staying);
    world.clock.advance(15 * MINUTE_MS);
    world.salts = await world.open([[SITE, staying, seenMs]]);
    equal(world.id("a"), staying);
    ok(world.id("b") !== silent);
    world.clock.advance(3 * DAY_MS);
    const before = await saltsOnDisk(world);
    world.salts = await world.open();
    const disk = await world.disk();
    ok(before.every((salt) => !disk.includes(salt)), "a late start destroys what is too old");
  });
});

Deno.test("RandomSalts have the next salt on disk before it is needed", async () => {
  await withSalts(MIDNIGHT - 90 * MINUTE_MS, async (world) => {
    equal((await saltsOnDisk(world)).length, 1);
    await world.pass(31);
    equal((await saltsOnDisk(world)).length, 2);
    world.clock.advance(61 * MINUTE_MS);
    const id = world.id();
    world.salts = await world.open();
    equal(world.id(), id, "the same salt after a restart that came before the job");
  });
});

Deno.test("RandomSalts keep an id from Monday to Sunday where it lasts 7 days", async () => {
  const start = Date.UTC(2024, 0, 22);
  await withSalts(start, async (world) => {
    const first = world.id();
    for (let day = 1; day < 7; day++) {
      world.clock.advance(DAY_MS);
      await world.salts.rotate();
      equal(world.id(), first);
    }
    world.clock.advance(DAY_MS);
    await world.salts.rotate();
    ok(world.id() !== first);
  }, 7);
});

Deno.test("RandomSalts carry a bounded number of visitors on, the latest", async () => {
  await withSalts(MIDNIGHT - 10 * MINUTE_MS, async (world) => {
    const [early, late] = [world.id("early"), world.id("late")];
    const nowMs = world.clock.nowMs();
    const others = Array.from({ length: VISITORS_CARRIED_MAX - 1 }, (_, n): SeenVisitor => [
      SITE,
      `visitor ${n}`,
      nowMs - 1,
    ]);
    world.salts = await world.open([[SITE, early, nowMs - 2], ...others, [SITE, late, nowMs]]);
    world.clock.advance(15 * MINUTE_MS);
    equal(world.id("late"), late);
    ok(world.id("early") !== early, "it gave way");
  });
});

Deno.test("RandomSalts give events of the past an id for this process only", async () => {
  await withSalts(MIDNIGHT, async (world) => {
    const past = (salts: RandomSalts, atMs: number) => salts.pastIdOf(visitor("a"), atMs);
    const first = past(world.salts, MIDNIGHT - DAY_MS);
    equal(past(world.salts, MIDNIGHT - 1), first);
    ok(past(world.salts, MIDNIGHT) !== first);
    ok(past(world.salts, MIDNIGHT) !== world.id("a"));
    ok(past(await world.open(), MIDNIGHT - 1) !== first);
  });
});

Deno.test("destroySalts() leaves nothing of the salts of a length that is not used", async () => {
  await withSalts(MIDNIGHT, async (world) => {
    const salts = await saltsOnDisk(world);
    await destroySalts(world.store, [7, 30]);
    deepEqual(await saltsOnDisk(world), salts);
    await destroySalts(world.store, [1]);
    deepEqual(await saltsOnDisk(world), []);
    const disk = await world.disk();
    ok(salts.length > 0 && salts.every((salt) => !disk.includes(salt)));
  });
});

Deno.test("RandomSalts destroy nothing while the clock is in doubt", async () => {
  await withSalts(MIDNIGHT + 8 * 60 * MINUTE_MS, async ({ clock, store }) => {
    let isTrusted = true;
    const open = () =>
      RandomSalts.open(store, clock, seededRandom(9), 1, RULES, [], () => isTrusted);
    const id = (salts: RandomSalts) => salts.idOf(visitor("a"), clock.nowMs());
    let salts = await open();
    const first = id(salts);
    isTrusted = false;
    clock.jump(400 * DAY_MS);
    await salts.rotate();
    ok(id(salts) !== first);
    salts = await open();
    clock.jump(-400 * DAY_MS);
    isTrusted = true;
    await salts.rotate();
    equal(id(salts), first, "the clock is right again, and so is the id");
  });
});
