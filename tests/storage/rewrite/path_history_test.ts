import assert from "node:assert/strict";
import type { Event } from "../../../src/core/event.ts";
import { type PathRules } from "../../../src/core/paths/rules.ts";
import { sql } from "../../../src/core/sql.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem, seededRandom } from "../../support/fake_system.ts";
import {
  accept,
  EVER,
  faultySystem,
  openFolder,
  withFolder,
} from "../../support/storage/storage.ts";

const SITE = "example.com";
const NEVER = new AbortController().signal;
const RULES: PathRules = {
  trailing_slash: "remove",
  lowercase: true,
  masks: [{ from: "/user/*", to: "/user/:id" }],
};
const DAYS = ["2024-01-13", "2024-01-14", "2024-01-15"];
const PAGES = ["/About/", "/about", "/user/7", "/user/8/", "/caf%c3%a9/", "/plain", "/", "/a'b/"];

/** The rules for these pages, by hand. */
const BY_HAND: Readonly<Record<string, string>> = {
  "/About/": "/about",
  "/about": "/about",
  "/user/7": "/user/:id",
  "/user/8/": "/user/:id",
  "/caf%c3%a9/": "/café",
  "/plain": "/plain",
  "/": "/",
  "/a'b/": "/a'b",
};

/** Events of some days and sites, each with a number of its own. */
function events(count: number): Event[] {
  return Array.from({ length: count }, (_, n) =>
    pageview({
      at: `${DAYS[n % 3]}T10:${String(n % 60).padStart(2, "0")}:00`,
      site_id: n % 5 === 4 ? "other.example" : SITE,
      visitor: `v${n % 7}`,
      page: PAGES[n % PAGES.length] ?? "/",
      props: JSON.stringify({ n }),
    }));
}

async function fill(storage: Storage, all: readonly Event[]): Promise<void> {
  const half = Math.ceil(all.length / 2);
  await accept(storage, all.slice(0, half));
  await storage.flusher.flush({ all: true });
  await accept(storage, all.slice(half));
}

/** Number and page of every event of a site, as text. */
async function pagesOf(storage: Storage, site = SITE): Promise<string[]> {
  const rows = await storage.reader.query(site, EVER, (all) =>
    sql`
    select props ->> 'n' as n, pathname, visitor_id, epoch_us(timestamp) as us from ${all}`);
  return rows.map((row) => `${row["n"]} ${row["pathname"]} ${row["visitor_id"]} ${row["us"]}`)
    .sort();
}

const numbersIn = (lines: readonly string[]) => lines.map((line) => line.split(" ")[0]).sort();

function expected(all: readonly Event[], rewritten: boolean, site = SITE): string[] {
  return all.filter((event) => event.site_id === site).map((event) => {
    const n = JSON.parse(event.props ?? "{}").n;
    const page = rewritten && site === SITE
      ? BY_HAND[event.pathname]
      : event.pathname.replace("%c3%a9", "é");
    return `${n} ${page} ${event.visitor_id} ${event.timestamp}`;
  }).sort();
}

function filesIn(folder: string, sub: string, suffix: string): string[] {
  const found: string[] = [];
  const look = (path: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(path)) {
      if (isDirectory) look(`${path}/${name}`);
      else if (name.endsWith(suffix)) found.push(`${path}/${name}`);
    }
  };
  try {
    look(`${folder}/${sub}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}

Deno.test("PathHistory rewrites what is stored; it is undone or confirmed", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const { pathHistory } = storage;
    const all = events(60);
    await fill(storage, all);
    await pathHistory.begin(SITE, RULES);
    await assert.rejects(() => pathHistory.begin(SITE, RULES), { code: "conflict" });
    await assert.rejects(() => pathHistory.confirm(SITE), /it is rewriting/);
    const running = pathHistory.run(NEVER);
    const reads = await Promise.all(Array.from({ length: 20 }, () => pagesOf(storage)));
    await running;
    // Whoever reads meanwhile finds every event once.
    for (const read of reads) assert.deepEqual(numbersIn(read), numbersIn(expected(all, true)));
    assert.deepEqual(await pagesOf(storage), expected(all, true));
    assert.deepEqual(await pagesOf(storage, "other.example"), expected(all, true, "other.example"));
    const status = pathHistory.status(SITE);
    assert.equal(status?.state, "rewritten");
    assert.equal(status?.events, 48);
    assert.equal(filesIn(folder, "originals", ".original").length, status?.files);
    assert.deepEqual(filesIn(folder, "originals", ".parquet"), []);
    // Neither a second run nor a compaction touches what can be undone.
    const before = filesIn(folder, "events", ".parquet");
    await pathHistory.run(NEVER);
    assert.deepEqual(filesIn(folder, "events", ".parquet"), before);
    await storage.compactor.run(NEVER);
    await pathHistory.undo(SITE);
    await pathHistory.run(NEVER);
    assert.equal(pathHistory.status(SITE), null);
    assert.deepEqual(await pagesOf(storage), expected(all, false));
    assert.deepEqual(filesIn(folder, "originals", ""), []);
    await storage.compactor.run(NEVER);
    assert.deepEqual(await pagesOf(storage), expected(all, false));

    await pathHistory.begin(SITE, RULES);
    await pathHistory.run(NEVER);
    await pathHistory.confirm(SITE);
    await assert.rejects(() => pathHistory.undo(SITE), /it is not rewritten/);
    assert.deepEqual(filesIn(folder, "originals", ""), []);
    await storage.compactor.run(NEVER);
    assert.deepEqual(await pagesOf(storage), expected(all, true));
    await storage.close();
    const again = await openFolder(folder);
    assert.deepEqual(await pagesOf(again), expected(all, true));
    await again.close();
  });
});

Deno.test("Originals are reached by erasure and expiry; nothing comes back", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const { pathHistory, eraser, expiry } = storage;
    const all = events(60);
    await fill(storage, all);
    await pathHistory.begin(SITE, RULES);
    await pathHistory.run(NEVER);
    await eraser.erase(SITE, "2024-01-14", "2024-01-14");
    assert.deepEqual(filesIn(folder, "originals/site_id=example.com/date=2024-01-14", ""), []);
    await expiry.expire(SITE, 1, Date.parse("2024-01-15T12:00:00Z"));
    assert.deepEqual(filesIn(folder, "originals/site_id=example.com/date=2024-01-13", ""), []);
    await pathHistory.undo(SITE);
    await pathHistory.run(NEVER);
    const left = all.filter(({ timestamp }) => timestamp >= Date.parse("2024-01-15") * 1000);
    assert.deepEqual(await pagesOf(storage), expected(left, false));
    await storage.close();
  });
});

Deno.test("Originals that are gone, as after a restore, leave what was made of them", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const all = events(20);
    await fill(storage, all);
    await storage.pathHistory.begin(SITE, RULES);
    await storage.pathHistory.run(NEVER);
    await storage.close();
    await Deno.remove(`${folder}/originals`, { recursive: true });
    const again = await openFolder(folder);
    assert.equal(again.pathHistory.status(SITE)?.files, 0);
    await finish(again, "undo");
    assert.deepEqual(await pagesOf(again), expected(all, true));
    await again.close();
  });
});

/** Begins, unless there is such a job, and goes on until it has ended, as a server would. */
async function finish(storage: Storage, action: "rewrite" | "undo"): Promise<void> {
  const { pathHistory } = storage;
  const state = pathHistory.status(SITE)?.state;
  if (action === "undo" && state !== undefined) await pathHistory.undo(SITE);
  if (action === "rewrite" && state === undefined) await pathHistory.begin(SITE, RULES);
  await pathHistory.run(NEVER);
  assert.equal(pathHistory.status(SITE)?.state ?? null, action === "undo" ? null : "rewritten");
}

Deno.test("PathHistory loses nothing, whichever file operation fails once", async () => {
  await withFolder(async (folder) => {
    // One file: the operations are the same for each.
    const all = events(60).filter(({ timestamp, site_id }) =>
      site_id === SITE && timestamp >= Date.parse("2024-01-15") * 1000
    );
    const { system, faulty } = faultySystem("EIO");
    const storage = await openFolder(folder, system);
    await accept(storage, all);
    await storage.flusher.flush({ all: true });
    let reached = 0;
    for (const action of ["rewrite", "undo"] as const) {
      for (let nth = 1, isOver = false; !isOver; nth++) {
        await finish(storage, action === "rewrite" ? "undo" : "rewrite");
        if (action === "undo") await storage.pathHistory.undo(SITE);
        else await storage.pathHistory.begin(SITE, RULES);
        faulty.count = 0;
        faulty.nth = nth;
        await storage.pathHistory.run(NEVER);
        isOver = faulty.count < nth;
        faulty.nth = 0;
        if (!isOver) reached++;
        const known = numbersIn(expected(all, true));
        assert.deepEqual(numbersIn(await pagesOf(storage)), known, `${action} ${nth}`);
        await system.clock.advance(61_000);
        await finish(storage, action);
        assert.deepEqual(await pagesOf(storage), expected(all, action === "rewrite"));
      }
    }
    assert.ok(reached > 20, `${reached} operations failed`);
    assert.deepEqual(filesIn(folder, "originals", ""), []);
    await storage.close();
  });
});

/** A system whose disk is gone from an operation on, as for a process that is killed there. */
function untilKilled() {
  const { system, faulty } = faultySystem("EIO");
  let nth = Infinity;
  let count = 0;
  const files = Object.fromEntries(
    Object.entries(faulty).map(([name, work]) => [
      name,
      typeof work !== "function"
        ? work
        : (...args: unknown[]) =>
          ++count >= nth
            ? Promise.reject(new Error("EIO: killed"))
            : Reflect.apply(work, faulty, args),
    ]),
  );
  return {
    system: { ...system, files: files as unknown as typeof faulty },
    killAt: (after: number) => nth = count + after,
  };
}

Deno.test("PathHistory continues after a kill at any moment, undoing too", async () => {
  const random = seededRandom(3);
  await withFolder(async (folder) => {
    const all = events(24);
    const filled = await openFolder(folder);
    await fill(filled, all);
    await filled.close();
    for (let round = 0; round < 10; round++) {
      const { system, killAt } = untilKilled();
      const storage = await openFolder(folder, system);
      const { pathHistory } = storage;
      const state = pathHistory.status(SITE)?.state;
      if (state === undefined) await pathHistory.begin(SITE, RULES);
      else if (round % 3 === 2) await pathHistory.undo(SITE);
      const [byte = 0] = random.bytes(1);
      killAt(1 + byte % 60);
      await pathHistory.run(NEVER);
      const known = numbersIn(expected(all, true));
      assert.deepEqual(numbersIn(await pagesOf(storage)), known, `round ${round}`);
      await storage.close().catch(() => {});
      await Deno.remove(`${folder}/.lock`).catch(() => {});
    }
    const last = await openFolder(folder, fakeSystem());
    await finish(last, "rewrite");
    assert.deepEqual(await pagesOf(last), expected(all, true));
    await finish(last, "undo");
    assert.deepEqual(await pagesOf(last), expected(all, false));
    assert.deepEqual(filesIn(folder, "originals", ""), []);
    await last.close();
  });
});
