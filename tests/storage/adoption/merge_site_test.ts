// Merging two ids of a site in a real folder: nothing is lost or doubled, whatever fails.
import {
  deepStrictEqual as deepEqual,
  match,
  ok,
  rejects,
  strictEqual as equal,
} from "node:assert";
import * as duckdb from "@duckdb/node-api";
import { fromSource } from "../../../scripts/server_process.ts";
import { type Event, utcDate } from "../../../src/core/event.ts";
import type { Files, System } from "../../../src/core/types.ts";
import { type Merged, mergeSite } from "../../../src/storage/adoption/merge_site.ts";
import { pageview } from "../../support/events.ts";
import { runCommand } from "../../support/command.ts";
import { until } from "../../support/wait.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { forEachFault } from "../../support/storage/faults.ts";
import {
  accept,
  copyTree,
  EVER,
  faultyFiles,
  numbersOf,
  openFolder,
  withFolder,
} from "../../support/storage/storage.ts";

const OLD = "Case.Example";
const NEW = "case.example";
const loadDuckDb = () => Promise.resolve(duckdb);

function event(site_id: string, n: number, date: string): Event {
  const second = String(n).padStart(2, "0");
  return pageview({ site_id, at: `${date} 10:00:${second}`, props: JSON.stringify({ n }) });
}

/** A folder with both ids, in files of two days and in the journal; both have items. */
async function twoSites(folder: string): Promise<void> {
  const storage = await openFolder(folder);
  const { store } = storage;
  await accept(storage, [
    event(OLD, 1, "2024-01-15"),
    event(NEW, 2, "2024-01-15"),
    event(OLD, 3, "2024-01-16"),
  ]);
  await storage.flusher.flush();
  await accept(storage, [event(OLD, 4, "2024-01-15")]);
  await storage.flusher.flush();
  await accept(storage, [event(OLD, 5, "2024-01-16"), event(NEW, 6, "2024-01-17")]);
  const put = (site_id: string, settings: object) =>
    store.run("putSiteSettings", { site_id, settings: JSON.stringify(settings), created_at: 1 });
  await put(OLD, { timezone: "Europe/Berlin" });
  for (const [site_id, name] of [[OLD, "Buy"], [OLD, "Both"], [NEW, "Both"]] as const) {
    const times = { created_at: 1, updated_at: 1 };
    await store.run("addItem", {
      site_id,
      kind: "goal",
      name,
      body: `{"of":"${site_id}"}`,
      ...times,
    });
  }
  const drop = { date: "2024-01-15", reason: "robot", name: "x" };
  await store.run("addDrops", [{ ...drop, site_id: OLD, count: 2 }, {
    ...drop,
    site_id: NEW,
    count: 3,
  }]);
  await storage.close();
}

function merge(folder: string, files?: Files): Promise<Merged> {
  const system: System = files ? fakeSystem({ files }) : fakeSystem();
  const host = { pid: Deno.pid, memoryBytes: null, loadDuckDb };
  const options = { dataDir: folder, memory_limit: null, threads: null };
  return mergeSite(system, host, options, { from: OLD, into: NEW });
}

/** Files that fail below a folder alone: elsewhere they lock DATA_DIR for this process. */
function failingBelow(folder: string, faulty: Files): Files {
  const files = fakeSystem().files;
  const chosen = (path: string) => path.startsWith(folder) ? faulty : files;
  return {
    ...files,
    rename: (from, to) => chosen(from).rename(from, to),
    remove: (path) => chosen(path).remove(path),
    makeDir: (path) => chosen(path).makeDir(path),
    sync: (path) => chosen(path).sync(path),
    list: (path) => chosen(path).list(path),
    size: (path) => chosen(path).size(path),
  };
}

Deno.test("mergeSite() gives events, settings, items and counts to the other id", async () => {
  await withFolder(async (folder) => {
    await twoSites(folder);
    deepEqual(await merge(folder), { events: 3, faults: [], left: [] });
    const storage = await openFolder(folder);
    const { store, reader } = storage;
    deepEqual(await numbersOf(storage, NEW), [1, 2, 3, 4, 5, 6]);
    deepEqual(await numbersOf(storage, OLD), []);
    deepEqual(reader.sites(), [NEW]);
    deepEqual((await store.run("listSiteSettings", undefined)).map((row) => row.site_id), [NEW]);
    const items = await store.run("listItems", undefined);
    deepEqual(items.map(({ site_id, name, body }) => [site_id, name, body]), [
      [NEW, "Buy", `{"of":"${OLD}"}`],
      [NEW, "Both", `{"of":"${NEW}"}`],
    ]);
    const range = { site_id: NEW, firstDate: "2024-01-01", lastDate: "2024-12-31" };
    deepEqual(await store.run("listDrops", range), [{ reason: "robot", name: "x", count: 5 }]);
    const paths = (await store.run("listFiles", undefined)).map(({ path }) => path).sort();
    ok(paths.every((path) => path.startsWith(`site_id=${NEW}/`)), paths.join());
    await storage.flusher.flush();
    await storage.close();
    const again = await openFolder(folder);
    deepEqual(await numbersOf(again, NEW), [1, 2, 3, 4, 5, 6]);
    await again.close();
    await rejects(merge(folder), /Cannot merge Case.Example: there is nothing of it/);
    const busy = await openFolder(folder);
    await accept(busy, [event(OLD, 7, "2024-01-15")]);
    const job = { state: "rewritten", rules: "{}", started_at: 1, skipped: 0 } as const;
    await busy.store.run("putPathJob", { site_id: NEW, ...job });
    await busy.close();
    await rejects(merge(folder), /first confirm or undo the path rules of case.example/);
  });
});

Deno.test("mergeSite() loses and doubles nothing when any file operation fails", async () => {
  await withFolder(async (origin) => {
    const storage = await openFolder(origin);
    await accept(storage, [event(OLD, 1, "2024-01-15"), event(NEW, 2, "2024-01-15")]);
    await storage.flusher.flush();
    await accept(storage, [event(OLD, 3, "2024-01-15")]);
    await storage.close();
    await forEachFault(async (nth, fault) => {
      let isFailed = false;
      await withFolder(async (folder) => {
        await copyTree(origin, folder);
        const faulty = Object.assign(faultyFiles(fakeSystem().files, fault), { nth });
        await merge(folder, failingBelow(`${folder}/events/site_id=`, faulty)).catch(() => {});
        isFailed = faulty.count >= nth;
        await merge(folder).catch((error) => match(error.message, /nothing of it/));
        const after = await openFolder(folder);
        deepEqual(await numbersOf(after, NEW), [1, 2, 3], `after operation ${nth}`);
        deepEqual(after.reader.spellings.several(), [], `after operation ${nth}`);
        await after.close();
      });
      return isFailed;
    });
  });
});

Deno.test("mallard sites lists and merges ids that differ in case, and no others", async () => {
  await withFolder(async (folder) => {
    await twoSites(folder);
    const run = (...args: string[]) => runCommand(folder, "sites", args, { loadDuckDb });
    match((await run("list")).text, /^same Case.Example case.example$/m);
    for (const names of [[OLD], [OLD, OLD], [OLD, "other.example"], [OLD, NEW, NEW], []]) {
      await rejects(run("merge", ...names), /Cannot (merge|read the site)/);
    }
    const { text, ok: isOk } = await run("merge", OLD, NEW);
    equal(isOk, true);
    equal(text, "Merged Case.Example into case.example: 3 events of files were rewritten\n");
    ok(!(await run("list")).text.includes("same"));
    const storage = await openFolder(folder);
    equal((await storage.reader.query(NEW, EVER, (events) => events)).length, 6);
    await storage.close();
  });
});

Deno.test("mallard sites merge is finished by the next one when it is killed", async () => {
  await withFolder(async (folder) => {
    const days = Array.from({ length: 40 }, (_, day) => utcDate(Date.UTC(2024, 0, 1 + day) * 1000));
    const numbers = [...days.keys()];
    const storage = await openFolder(folder);
    await accept(storage, days.map((date, n) => event(OLD, n, date)));
    await accept(storage, [pageview({ site_id: NEW, at: 0, props: '{"n":-1}' })]);
    await storage.flusher.flush();
    await storage.close();
    for (const files of [1, 20]) {
      const program = fromSource();
      const child = new Deno.Command(program.command, {
        args: [...program.args, "sites", "merge", OLD, NEW],
        clearEnv: true,
        env: { ...program.env, MALLARD_DATA_DIR: folder },
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      let hasEnded = false;
      const status = child.status.finally(() => hasEnded = true);
      const merged = `${folder}/events/site_id=${NEW}`;
      await until(
        async () => hasEnded || (await Array.fromAsync(Deno.readDir(merged))).length > files,
        "files are merged",
      );
      try {
        child.kill("SIGKILL");
      } catch {
        // It had ended already.
      }
      await status;
      const between = await openFolder(folder);
      const there = [...await numbersOf(between, NEW), ...await numbersOf(between, OLD)];
      deepEqual(there.sort((a, b) => a - b), [-1, ...numbers]);
      await between.close();
    }
    await merge(folder).catch((error) => match(error.message, /nothing of it/));
    const after = await openFolder(folder);
    deepEqual(await numbersOf(after, NEW), [-1, ...numbers]);
    deepEqual(after.reader.spellings.several(), []);
    await after.close();
  });
});
