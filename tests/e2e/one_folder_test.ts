// Two programs and one data folder: a second process is refused while the first one runs, and an
// older program is refused where a newer one has changed the schema; nothing is changed by it.
import assert from "node:assert/strict";
import { fromSource, runToEnd } from "../../scripts/server_process.ts";
import { MIGRATIONS } from "../../src/storage/state/migrations.ts";
import { Sqlite } from "../../src/storage/state/sqlite.ts";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";

/** What a process says at its end: the lines of standard error but those of the log. */
function saidAtEnd(stderr: string): string[] {
  return stderr.split("\n").filter((line) => line !== "" && !/^\d{4}-\d\d-\d\dT/.test(line));
}

/** Commands that open the whole folder, which one process may do at a time. */
const ALONE = [[], ["adopt"], ["rollback"]] as const;
/** Commands that read the store, and would not understand a newer one. */
const READING = [...ALONE, ["backup", "BACKUPS"], ["takeout", "OUT"], ["sites", "list"]] as const;

Deno.test("one process has a data folder; another is refused with a sentence", async () => {
  await withFolder(async (folder) => {
    const dataDir = `${folder}/data`;
    const server = await startReady(dataDir, {});
    const env = { MALLARD_DATA_DIR: dataDir, MALLARD_PORT: "0" };
    try {
      for (const args of ALONE.slice(0, 2)) {
        const { code, stderr } = await runToEnd(fromSource(), args, { cwd: folder, env });
        assert.equal(code, 1, `${args}: ${stderr}`);
        assert.deepEqual(saidAtEnd(stderr), [
          `mallard: Cannot use ${dataDir}: another server runs on it (process ${server.pid})`,
        ]);
      }
      assert.equal((await fetch(`${server.url}/health/ready`)).status, 200);
    } finally {
      assert.equal(await server.stop(), 0, server.output());
    }
    const next = await startReady(dataDir, {});
    assert.equal(await next.stop(), 0, "the folder is free again");
  });
});

Deno.test("an older program refuses a newer folder with one sentence and leaves it", async () => {
  await withFolder(async (folder) => {
    const dataDir = `${folder}/data`;
    assert.equal(await (await startReady(dataDir, {})).stop(), 0);
    const newer = MIGRATIONS.length + 1;
    const db = Sqlite.openWriter(`${dataDir}/mallard.sqlite`);
    db.exec(`pragma user_version = ${newer}`);
    db.close();
    const before = await Deno.readFile(`${dataDir}/mallard.sqlite`);
    const env = { MALLARD_DATA_DIR: dataDir, MALLARD_PORT: "0" };
    for (const args of READING) {
      const { code, stderr } = await runToEnd(fromSource(), args, { cwd: folder, env });
      assert.equal(code, 1, `${args}: ${stderr}`);
      const [said = "", ...more] = saidAtEnd(stderr);
      assert.deepEqual(more, [], `${args}`);
      const sentence = `its schema version ${newer} is newer than this program's ` +
        `${MIGRATIONS.length}; start the program that wrote it, or a newer one`;
      assert.ok(said.startsWith("mallard: Cannot ") && said.endsWith(sentence), said);
      assert.equal(said.split("Cannot").length, 2, said);
    }
    assert.deepEqual(await Deno.readFile(`${dataDir}/mallard.sqlite`), before);
    const doctor = await runToEnd(fromSource(), ["doctor", "--json"], { cwd: folder, env });
    const { findings } = JSON.parse(doctor.stdout);
    const store = findings.find(({ check }: { check: string }) => check === "store");
    assert.deepEqual([doctor.code, store.status], [1, "fail"], doctor.stdout);
  });
});
