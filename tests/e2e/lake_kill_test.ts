// `mallard lake import` killed at random moments, with PostgreSQL ended under it, with an S3 server
// that refuses every fourth request, and beside a server that collects: what is in the lake at the
// end is there once, as plain DuckDB reads it.
import assert from "node:assert/strict";
import { faultyS3 } from "../../scripts/lake/faulty_s3.ts";
import { startPostgres, startS3, stopPostgres, stopS3 } from "../../scripts/lake/parts.ts";
import { fromSource, type Program, runToEnd, ServerProcess } from "../../scripts/server_process.ts";
import { seededRandom } from "../support/fake_system.ts";
import { fill, numbered, SUMS, sumsOfFolder } from "../support/lake/data.ts";
import { newLake, plainRows } from "../../scripts/lake/plain.ts";
import { LACKS_LAKE, partsOfFile } from "../support/lake/lake.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

/** `MALLARD_TEST_KILLS` does more. */
const KILLS = Number(Deno.env.get("MALLARD_TEST_KILLS") ?? "3");
const DAYS = 24;
/** A commit takes 32 partitions; there are 48, each with two files. */
const EVENTS = 8 * DAYS;
const MS_MAX = 300_000;

const partsNow = partsOfFile();

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

const sumsOfLake = (env: Readonly<Record<string, string>>) =>
  plainRows(partsNow(), env, `${SUMS} from lake.events group by all order by 1, 2`);

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
      const s3 = faultyS3(partsNow().s3Port);
      const own = await newLake(partsNow(), "kills");
      const env = { ...own, MALLARD_S3_ENDPOINT: s3.origin, MALLARD_DATA_DIR: dataDir };
      const program = fromSource();
      const seed = Number(Deno.env.get("MALLARD_TEST_SEED") ?? Date.now() % 1e9);
      console.log(`Kills by seed ${seed}`);
      const random = seededRandom(seed);
      for (let kill = 0; kill < KILLS; kill++) {
        const from = s3.passedOn();
        // A whole import asks about 700 times.
        const after = 1 + Math.floor((random.bytes(1)[0] ?? 0) / 256 * 600);
        const child = spawn(program, env);
        const ended = child.status;
        let isOver = false;
        ended.then(() => isOver = true);
        await until(() => isOver || s3.passedOn() - from >= after, "so many requests");
        if (!isOver) child.kill("SIGKILL");
        await ended;
      }
      const options = { cwd: folder, env, msMax: MS_MAX };
      const last = await runToEnd(program, ["lake", "import"], options);
      assert.equal(last.code, 0, last.stderr + last.stdout);
      assert.deepEqual(await sumsOfLake(own), await sumsOfFolder(dataDir));
      const verified = await runToEnd(program, ["lake", "verify"], options);
      assert.match(verified.stdout, new RegExp(`sound: .* ${EVENTS} events`), verified.stderr);
      await s3.close();
    }),
});

Deno.test({
  name: "lake import goes on while PostgreSQL and the S3 server are ended and started under it",
  ignore: LACKS_LAKE,
  fn: () =>
    withFolder(async (folder) => {
      const dataDir = `${folder}/data`;
      await fill(dataDir, numbered(0, EVENTS, DAYS), { flushes: 1 });
      const s3 = faultyS3(partsNow().s3Port);
      const own = await newLake(partsNow(), "restarts");
      const env = { ...own, MALLARD_S3_ENDPOINT: s3.origin, MALLARD_DATA_DIR: dataDir };
      const running = runToEnd(fromSource(), ["lake", "import"], {
        cwd: folder,
        env,
        msMax: MS_MAX,
      });
      await until(() => s3.passedOn() > 60, "the first files");
      await stopPostgres(partsNow(), "immediate");
      await startPostgres(partsNow());
      const restartedAt = s3.passedOn();
      await stopS3(partsNow());
      await until(() => s3.passedOn() > restartedAt, "a request that nobody answers");
      await startS3(partsNow());
      const { code, stderr } = await running;
      assert.equal(code, 0, stderr);
      assert.deepEqual(await sumsOfLake(own), await sumsOfFolder(dataDir));
      await s3.close();
    }),
});

Deno.test({
  name: "lake import goes on while the S3 server refuses every fourth request",
  ignore: LACKS_LAKE,
  fn: () =>
    withFolder(async (folder) => {
      const dataDir = `${folder}/data`;
      await fill(dataDir, numbered(0, 60, 5), { flushes: 1 });
      const refusing = faultyS3(partsNow().s3Port, "some");
      const own = await newLake(partsNow(), "refused");
      const env = { ...own, MALLARD_S3_ENDPOINT: refusing.origin, MALLARD_DATA_DIR: dataDir };
      const { code, stderr } = await runToEnd(fromSource(), ["lake", "import"], {
        cwd: folder,
        env,
        msMax: MS_MAX,
      });
      await refusing.close();
      const refused = refusing.refused();
      assert.equal(code, 0, stderr);
      assert.ok(refused >= 5, String(refused));
      assert.deepEqual(await sumsOfLake(own), await sumsOfFolder(dataDir));
    }),
});

Deno.test({
  name: "lake import beside a server leaves out what is in its journal, and brings it later",
  ignore: LACKS_LAKE,
  fn: () =>
    withFolder(async (folder) => {
      const dataDir = `${folder}/data`;
      await fill(dataDir, numbered(0, 60, 5), { flushes: 1, isAllFlushed: true });
      const before = await sumsOfFolder(dataDir);
      const env = { ...await newLake(partsNow(), "beside"), MALLARD_DATA_DIR: dataDir };
      const server = await ServerProcess.start(fromSource(), { dataDir }).ready();
      const run = () =>
        runToEnd(fromSource(), ["lake", "import"], { cwd: folder, env, msMax: MS_MAX });
      try {
        const event = { name: "pageview", url: "https://new.example/", domain: "new.example" };
        const answer = await fetch(`${server.url}/api/event`, {
          method: "POST",
          headers: { "user-agent": BROWSER, "content-type": "application/json" },
          body: JSON.stringify(event),
        });
        assert.equal(answer.status, 202);
        await answer.body?.cancel();
        const { code, stdout, stderr } = await run();
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^Not imported: 1 events of the journal.*stop the server/m);
        assert.deepEqual(await sumsOfLake(env), before);
      } finally {
        assert.equal(await server.stop(), 0);
      }
      const { code, stdout } = await run();
      assert.equal(code, 0);
      assert.match(stdout, /^Imported 1 events of 1 partitions/);
      assert.deepEqual(await sumsOfLake(env), await sumsOfFolder(dataDir));
    }),
});
