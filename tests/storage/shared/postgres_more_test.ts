// A stop beside a PostgreSQL that answers nothing.
import assert from "node:assert/strict";
import { realSystem } from "../../../src/runtime/system.ts";
import { Postgres } from "../../../src/storage/shared/postgres.ts";
import { lakeTest, openOverLake, optionsOf, partsOfFile } from "../../support/lake/lake.ts";
import { until } from "../../support/wait.ts";

const partsNow = partsOfFile();
const system = realSystem({ format: "text", levelMin: "error" });

/** Sends a signal to a process, unless it has ended. */
function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The parent of a process; NaN where it has ended. */
function parentOf(pid: number): number {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return NaN;
  }
}

/** Does work while no process of PostgreSQL goes on. */
async function whileHanging(work: () => Promise<void>): Promise<void> {
  const text = Deno.readTextFileSync(`${partsNow().folder}/postgres/postmaster.pid`);
  const first = Number(text.split("\n")[0]);
  // It starts no further ones then.
  signal(first, "SIGSTOP");
  const all = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name));
  const pids = [first, ...all.filter((pid) => pid > 0 && parentOf(pid) === first)];
  for (const pid of pids) signal(pid, "SIGSTOP");
  try {
    await work();
  } finally {
    for (const pid of pids.toReversed()) signal(pid, "SIGCONT");
  }
}

lakeTest("Postgres that is closed waits for no connection", partsNow, async (env) => {
  const postgres = new Postgres(optionsOf(env), "test", system.clock);
  await whileHanging(async () => {
    const waiting = [
      postgres.session(),
      postgres.transaction("Cannot ask", (run) => run("select 1")),
    ];
    for (const one of waiting) one.catch(() => {});
    postgres.close();
    for (const one of waiting) await assert.rejects(one, /the connection was closed/);
  });
});

lakeTest(
  "a server closes mallard.sqlite beside a PostgreSQL that hangs",
  partsNow,
  async (env, folder) => {
    const storage = await openOverLake(folder, env);
    await until(() => storage.shared?.isReached === true, "what the servers share");
    await whileHanging(async () => {
      let isClosed = false;
      storage.close().then(() => isClosed = true);
      await until(() => isClosed, "the end");
      // Whoever closes it last removes its log.
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assert.deepEqual(names.filter((name) => /sqlite/.test(name)), ["mallard.sqlite"]);
    });
  },
);
