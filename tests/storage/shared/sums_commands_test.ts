// `mallard lake import`, `verify` and `export` with sums of days: they come into the lake once, are
// counted and checked there, and leave it as they came.
import assert from "node:assert/strict";
import { sqlOf } from "../../../scripts/lake/parts.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import { runCommand } from "../../support/command.ts";
import {
  lakeDuckDb,
  lakeTest,
  openOverLake,
  optionsOf,
  partsOfFile,
} from "../../support/lake/lake.ts";
import { importFiles, importsOf, running, SITE, summed } from "../../support/storage/imports.ts";
import {
  datesFrom,
  plausibleTables,
  plausibleZip,
} from "../../support/storage/plausible_export.ts";
import { openFolder } from "../../support/storage/storage.ts";
import type { Storage } from "../../../src/storage/open.ts";

const partsNow = partsOfFile();
const system = realSystem({ format: "text", levelMin: "error" });
const DATES = datesFrom("2023-11-20", 30);

async function lake(folder: string, env: Readonly<Record<string, string>>, ...args: string[]) {
  const { text, ok } = await runCommand(folder, "lake", args, {
    env,
    system,
    options: { json: true },
    loadDuckDb: () => Promise.resolve(lakeDuckDb),
  });
  const told: Record<string, unknown> = { ...JSON.parse(text), ok };
  return told;
}

/** What a folder without a lake has, by day and page. */
async function sumsOf(storage: Storage) {
  return {
    imports: await storage.sums.of(SITE),
    pages: await summed(storage, "pages", [0, 1]),
    sources: await summed(storage, "sources", [0, 1, 2, 3, 4]),
  };
}

async function fillLocal(folder: string, seed: number) {
  const storage = await openFolder(folder, system);
  try {
    const imports = await importsOf(folder, system, storage);
    const files = { "export.zip": plausibleZip(plausibleTables(DATES, seed)) };
    const done = await importFiles(running(imports), files);
    assert.equal(done.state, "done", done.report.error);
    return { id: done.id, sums: await sumsOf(storage) };
  } finally {
    await storage.close();
  }
}

lakeTest("sums come into a lake once, are checked there, and leave it", partsNow, async (
  env,
  folder,
) => {
  const at = (name: string) => `${folder}/${name}`;
  for (const name of ["local", "one"]) await Deno.mkdir(at(name));
  const { id, sums } = await fillLocal(at("local"), 1);
  const first = await lake(at("local"), env, "import");
  assert.deepEqual([first["sumDays"], first["sumDaysThere"]], [30, 0]);
  const again = await lake(at("local"), env, "import");
  assert.deepEqual([again["sumDays"], again["sumDaysThere"]], [0, 30]);

  // A server that begins afterwards has them, and so has what is exported.
  let one = await openOverLake(at("one"), env, { system, node: "one" });
  assert.deepEqual(await sumsOf(one), sums);
  await one.eraser.erase(SITE, "2023-11-20", "2023-11-21");
  const left = await sumsOf(one);
  assert.deepEqual(left.imports[0]?.dates, DATES.slice(2));
  await one.close();
  const verified = await lake(at("one"), env, "verify");
  assert.deepEqual([verified["ok"], verified["sumDays"]], [true, 28]);
  const exported = await lake(at("one"), env, "export", at("out"));
  assert.equal(exported["sumDays"], 28);
  assert.deepEqual(
    [...Deno.readDirSync(at("out"))].map(({ name }) => name).filter((name) =>
      name !== ".extensions"
    ).sort(),
    [".lake-origin", "mallard.sqlite"],
  );
  const out = await openFolder(at("out"), system);
  assert.deepEqual(await sumsOf(out), left);
  const imports = await importsOf(at("out"), system, out);
  assert.equal((await imports.end(id)).state, "undone");
  assert.deepEqual((await sumsOf(out)).imports, []);
  await out.close();
  await assert.rejects(lake(at("one"), env, "export", at("out")), /a server has used it/);

  // Neither what was erased nor what was undone comes back.
  one = await openOverLake(at("one"), env, { system, node: "one" });
  await lake(at("local"), env, "import");
  await one.sums.follow();
  assert.deepEqual(await sumsOf(one), left);
  const own = { ...env, MALLARD_STORAGE: "lake", MALLARD_NODE_NAME: "one" };
  const list = await importsOf(at("one"), system, one, own);
  assert.equal((await list.end(id)).state, "undone");
  await lake(at("local"), env, "import");
  await one.sums.follow();
  assert.deepEqual((await sumsOf(one)).imports, []);
  await one.close();
});

lakeTest("lake verify finds changed sums", partsNow, async (env, folder) => {
  await Deno.mkdir(`${folder}/local`);
  await fillLocal(`${folder}/local`, 2);
  await lake(`${folder}/local`, env, "import");
  const database = new URL(optionsOf(env).catalog).pathname.slice(1);
  const change = "update mallard.past_sums set";
  const where = "where date = '2023-11-23'";
  await sqlOf(
    partsNow(),
    `${change} body = replace(body, '"/docs"', '"/dock"') ${where}`,
    database,
  );
  const changed = await lake(`${folder}/local`, env, "verify");
  assert.equal(changed["ok"], false);
  assert.equal((changed["faults"] as string[]).length, 1);
  assert.match(
    (changed["faults"] as string[])[0] ?? "",
    /^example\.com 2023-11-23: the sums of the import .* are not as they were written$/,
  );
});
