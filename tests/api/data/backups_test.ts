import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { MINUTE_MS } from "../../../src/core/durations.ts";
import { restore } from "../../../src/storage/backup/restore.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { openApp, type RunningApp } from "../../support/server/running_app.ts";
import { verified } from "../../support/storage/backups.ts";
import { numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";
import { until } from "../../support/wait.ts";

const TEN_MINUTES_MS = 10 * MINUTE_MS;

async function send(app: RunningApp, n: number): Promise<void> {
  const body = JSON.stringify({ d: "example.com", n: "pageview", u: "/", p: { n } });
  equal((await app.send("/api/event", { method: "POST", body })).status, 202);
}

/** The answer of GET /api/backup. */
interface Told {
  readonly interval_hours: number | null;
  readonly running_since: string | null;
  readonly last: {
    readonly made_at: string;
    readonly events: number;
    readonly verified_at: string | null;
    readonly faults: readonly string[];
  } | null;
  readonly fault: string | null;
}

async function stateOf(app: RunningApp): Promise<Told> {
  return await (await app.send("/api/backup")).json();
}

/** Waits for the backup that is being made. */
async function ended(app: RunningApp): Promise<Told> {
  let state = await stateOf(app);
  await until(async () => {
    state = await stateOf(app);
    return state.running_since === null;
  }, "the backup has ended");
  return state;
}

const range = (to: number) => Array.from({ length: to }, (_, index) => index + 1);

Deno.test("backupRoutes() make a consistent backup under load, then incremental ones", async () => {
  await withFolder(async (folder) => {
    const target = `${folder}/backup`;
    const opened = await openApp({ MALLARD_BACKUP_DIR: target }, { folder: `${folder}/live` });
    let asking = 0;
    const app: RunningApp = {
      ...opened,
      send: (path, sent) => {
        asking++;
        return opened.send(path, sent).finally(() => asking--);
      },
    };
    let accepted = 0;
    let flushAt = 40;
    let stop = false;
    const load = (async () => {
      while (!stop) {
        await send(app, accepted + 1);
        accepted++;
        // It flushes each minute; no request may be under way whose time would end.
        if (accepted < flushAt || asking > 0) continue;
        app.system.clock.advance(MINUTE_MS);
        flushAt = accepted + 40;
      }
    })();
    const { files, random } = fakeSystem();
    for (let round = 1; round <= 3; round++) {
      await until(() => accepted >= round * 50, `${round * 50} events are accepted`);
      const before = accepted;
      const begun = await app.send("/api/backup", { method: "POST" });
      equal(begun.status, 202);
      equal(typeof (await begun.json()).running_since, "string");
      const again = await app.send("/api/backup", { method: "POST" });
      equal(again.status, 409);
      match((await again.json()).error, /^Cannot back up: a backup is being made since 2024/);
      const { last, fault } = await ended(app);
      equal(fault, null);
      ok(last);
      deepEqual(last.faults, []);
      equal(typeof last.verified_at, "string");
      ok(last.events >= before && last.events <= accepted + 1, `round ${round}`);
      deepEqual(await verified(target), { events: last.events, faults: [] });
      await restore({ files, random }, target, `${folder}/restored-${round}`);
      const restored = await openFolder(`${folder}/restored-${round}`);
      deepEqual(await numbersOf(restored), range(last.events));
      await restored.close();
    }
    stop = true;
    await load;
    for (let round = 1; round <= 2; round++) {
      equal((await app.send("/api/backup", { method: "POST" })).status, 202);
      equal((await ended(app)).last?.events, accepted);
    }
    const { files: held, copied } = app.system.lines
      .findLast(({ message }) => message === "Backup made")?.fields as Record<string, number>;
    ok(held !== undefined && copied !== undefined && copied < held, `${copied} of ${held} copied`);
    await app.close();
  });
});

Deno.test("backupRoutes() say which setting is missing or wrong", async () => {
  await withFolder(async (folder) => {
    const unset = await openApp();
    const state = await stateOf(unset);
    deepEqual(state, {
      backup_dir: null,
      data_dir: unset.folder,
      interval_hours: null,
      running_since: null,
      last: null,
      kept: [],
      guarded: null,
      fault: null,
    });
    const refused = await unset.send("/api/backup", { method: "POST" });
    equal(refused.status, 409);
    match((await refused.json()).error, /^Cannot back up: no backup_dir is set/);
    await unset.close();
    await Deno.writeTextFile(`${folder}/file`, "");
    const bad = await openApp({ MALLARD_BACKUP_DIR: `${folder}/file/backup` });
    const failed = await bad.send("/api/backup", { method: "POST" });
    equal(failed.status, 503);
    const { error } = await failed.json();
    match(error, /^Cannot back up into .*\/file\/backup: /);
    ok(!/\n|\bat \w+/.test(error), "a sentence, no stack");
    equal((await bad.send("/health/ready")).status, 200);
    deepEqual((await (await bad.send("/health/detailed")).json()).degraded, ["backup_failing"]);
    await bad.close();
  });
});

Deno.test("backupRoutes() ignore a folder in a request", async () => {
  await withFolder(async (folder) => {
    const app = await openApp({ MALLARD_BACKUP_DIR: `${folder}/backup` });
    const body = JSON.stringify({ backup_dir: `${folder}/evil`, folder: `${folder}/evil` });
    const path = `/api/backup?backup_dir=${folder}/evil&dir=${folder}/evil`;
    equal((await app.send(path, { method: "POST", body })).status, 202);
    await ended(app);
    deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["backup"]);
    await app.close();
  });
});

Deno.test("the server makes scheduled backups, and stops during one", async () => {
  await withFolder(async (folder) => {
    const app = await openApp({
      MALLARD_BACKUP_DIR: `${folder}/backup`,
      MALLARD_BACKUP_INTERVAL_HOURS: "2",
    });
    const madeAt = async (want: string) => {
      let last = null as Told["last"];
      await until(async () => {
        ({ last } = await ended(app));
        return last?.made_at === want && last.verified_at !== null;
      }, `a backup of ${want}`);
      return last;
    };
    equal((await stateOf(app)).interval_hours, 2);
    app.system.clock.advance(TEN_MINUTES_MS);
    await madeAt("2024-01-15T12:10:00.000Z");
    await send(app, 1);
    for (let count = 0; count < 12; count++) {
      app.system.clock.advance(TEN_MINUTES_MS);
      // The job reads the same state, before these requests do.
      await stateOf(app);
      await stateOf(app);
    }
    equal((await madeAt("2024-01-15T14:10:00.000Z"))?.events, 1);
    const told = app.system.lines.filter(({ message }) => message === "Backup made");
    equal(told.length, 2, "none before its time");
    equal((await app.send("/api/backup", { method: "POST" })).status, 202);
    await app.close();
    deepEqual((await verified(`${folder}/backup`)).faults, []);
  });
});

Deno.test("a backup folder inside the data folder is refused at start", async () => {
  await withFolder(async (folder) => {
    const env = { MALLARD_BACKUP_DIR: `${folder}/live/backup` };
    let told = "";
    await openApp(env, { folder: `${folder}/live` }).catch((error) => told = error.message);
    match(told, /^Cannot use backup_dir .*: one of it and data_dir contains the other$/);
  });
});
