// `mallard lake import` killed at random moments, and PostgreSQL ended under it: what is in the
// lake at the end is there once, as plain DuckDB reads it.
import assert from "node:assert/strict";
import { startPostgres, stopPostgres } from "../../scripts/lake/parts.ts";
import { fromSource, type Program, runToEnd } from "../../scripts/server_process.ts";
import { seededRandom } from "../support/fake_system.ts";
import { fill, numbered, SUMS, sumsOfFolder } from "../support/lake/data.ts";
import { LACKS_LAKE, newLake, partsOfFile, plainRows } from "../support/lake/lake.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

/** `MALLARD_TEST_KILLS` does more. */
const KILLS = Number(Deno.env.get("MALLARD_TEST_KILLS") ?? "3");
const DAYS = 24;
/** A commit takes 32 partitions; there are 48, each with two files. */
const EVENTS = 8 * DAYS;
const MS_MAX = 300_000;

const partsNow = partsOfFile();

/** How many requests the S3 server has answered. */
async function requests(): Promise<number> {
  const log = await Deno.readTextFile(`${partsNow().folder}/s3.log`);
  return log.split("HTTP/1.1").length;
}

function spawn(program: Program, env: Readonly<Record<string, string>>): Deno.ChildProcess {
  return new Deno.Command(program.command, {
    args: [...program.args, "lake", "import"],
    env: { ...program.env, ...env },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

Deno.test({
  name: "lake import killed at any moment brings every event once",
  ignore: LACKS_LAKE,
  fn: () =>
    withFolder(async (folder) => {
      const dataDir = `${folder}/data`;
      await fill(dataDir, numbered(0, EVENTS, DAYS), { flushes: 2 });
      const env = { ...await newLake(partsNow(), "kills"), MALLARD_DATA_DIR: dataDir };
      const program = fromSource();
      const seed = Number(Deno.env.get("MALLARD_TEST_SEED") ?? Date.now() % 1e9);
      console.log(`Kills by seed ${seed}`);
      const random = seededRandom(seed);
      for (let kill = 0; kill < KILLS; kill++) {
        const from = await requests();
        // A whole import asks about 700 times.
        const after = 1 + Math.floor((random.bytes(1)[0] ?? 0) / 256 * 600);
        const child = spawn(program, env);
        const ended = child.status;
        let isOver = false;
        ended.then(() => isOver = true);
        await until(async () => isOver || await requests() - from >= after, "so many requests");
        if (!isOver) child.kill("SIGKILL");
        await ended;
      }
      const options = { cwd: folder, env, msMax: MS_MAX };
      const last = await runToEnd(program, ["lake", "import"], options);
      assert.equal(last.code, 0, last.stderr + last.stdout);
      const sums = await plainRows(
        partsNow(),
        env,
        `${SUMS} from lake.events group by all order by 1, 2`,
      );
      assert.deepEqual(sums, await sumsOfFolder(dataDir));
      const verified = await runToEnd(program, ["lake", "verify"], options);
      assert.match(verified.stdout, new RegExp(`sound: .* ${EVENTS} events`), verified.stderr);
    }),
});

Deno.test({
  name: "lake import goes on while PostgreSQL is ended and started again under it",
  ignore: LACKS_LAKE,
  fn: () =>
    withFolder(async (folder) => {
      const dataDir = `${folder}/data`;
      await fill(dataDir, numbered(0, EVENTS, DAYS), { flushes: 1 });
      const env = { ...await newLake(partsNow(), "restarts"), MALLARD_DATA_DIR: dataDir };
      const from = await requests();
      const running = runToEnd(fromSource(), ["lake", "import"], {
        cwd: folder,
        env,
        msMax: MS_MAX,
      });
      await until(async () => await requests() - from > 60, "the first files");
      await stopPostgres(partsNow(), "immediate");
      await startPostgres(partsNow());
      const { code, stderr } = await running;
      assert.equal(code, 0, stderr);
      const sums = await plainRows(
        partsNow(),
        env,
        `${SUMS} from lake.events group by all order by 1, 2`,
      );
      assert.deepEqual(sums, await sumsOfFolder(dataDir));
    }),
});
