// Statistics over a lake of which a file cannot be read: they name it, and answer of all else.
import assert from "node:assert/strict";
import { startS3, stopS3 } from "../../../../scripts/lake/parts.ts";
import { sql } from "../../../../src/core/sql.ts";
import type { System } from "../../../../src/core/types.ts";
import { realSystem } from "../../../../src/runtime/system.ts";
import type { Storage } from "../../../../src/storage/open.ts";
import { damagePages, numbered } from "../../../support/lake/data.ts";
import { lakeTest, openOverLake, partsOfFile } from "../../../support/lake/lake.ts";
import { timeUs } from "../../../support/events.ts";
import { accept } from "../../../support/storage/storage.ts";

const partsNow = partsOfFile();
const SITE = "example.com";

/** How many events a date has. */
async function count({ reader }: Storage, date: string): Promise<number> {
  const fromUs = timeUs(date);
  const span = { fromUs, toUs: fromUs + 86_400_000_000 };
  const rows = await reader.query(
    SITE,
    span,
    (events) =>
      sql`select count(*) as events, count(distinct visitor_id) as visitors from ${events}`,
  );
  return Number(rows[0]?.["events"]);
}

/** Where the S3 server keeps a file of a date, and its place in the lake. */
function fileOf(env: Readonly<Record<string, string>>, date: string): [path: string, at: string] {
  const bucket = `${partsNow().folder}/s3/${env["MALLARD_LAKE_DATA_PATH"]?.slice("s3://".length)}`;
  const folder = `main/events/site_id=${SITE}/date=${date}`;
  const [name = assert.fail()] = [...Deno.readDirSync(bucket + folder)].map(({ name }) => name);
  return [`${bucket}${folder}/${name}`, `${folder}/${name}`];
}

const kinds: readonly [name: string, spoil: (path: string) => Promise<void>][] = [
  ["is gone", (path) => Deno.remove(path)],
  ["is cut", (path) => Deno.truncate(path, 100)],
  ["has damaged pages", damagePages],
];

for (const [name, spoil] of kinds) {
  lakeTest(`statistics name a file of the lake that ${name}`, partsNow, async (env, folder) => {
    const lines: string[] = [];
    const system: System = {
      ...realSystem({ format: "text", levelMin: "error" }),
      log: (level, message, fields) => {
        if (level === "error") lines.push(`${message} ${fields?.["path"]}`);
      },
    };
    const storage = await openOverLake(folder, env, { system });
    try {
      await accept(storage, numbered(0, 6000, 3));
      await storage.flusher.flush();
      const whole = await count(storage, "2026-01-01");
      assert.ok(whole > 0);
      const [path, at] = fileOf(env, "2026-01-02");
      await stopS3(partsNow());
      await Deno.copyFile(path, `${folder}/whole`);
      await spoil(path);
      await startS3(partsNow());
      for (let asked = 0; asked < 2; asked++) {
        await assert.rejects(count(storage, "2026-01-02"), (error: Error & { code?: string }) => {
          assert.equal(error.code, "unavailable", error.message);
          assert.ok(
            error.message.includes(`the events of ${SITE}: the lake's file ${at} `),
            error.message,
          );
          return true;
        });
        assert.equal(storage.lake?.node.isReadable, true, "the lake is there");
        assert.equal(await count(storage, "2026-01-01"), whole);
      }
      const full = `${env["MALLARD_LAKE_DATA_PATH"]}${at}`;
      assert.deepEqual(lines, [`Cannot read a file of the lake ${full}`], "once");
      const faults = () => storage.lake?.upkeep.faults();
      const files = (await faults())?.files ?? assert.fail();
      assert.deepEqual(files.map(({ site, date }) => [site, date]), [[SITE, "2026-01-02"]]);
      await stopS3(partsNow());
      await Deno.rename(`${folder}/whole`, path);
      await startS3(partsNow());
      assert.deepEqual(await faults(), { files: [], erasures: [] });
    } finally {
      await storage.close();
    }
  });
}
