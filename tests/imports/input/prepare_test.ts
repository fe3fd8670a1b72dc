// Packed files as they come, and as nobody should send them.
import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { prepare, type PreparedFile } from "../../../src/imports/input/prepare.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { gzipped } from "../../support/storage/imports.ts";
import { withFolder } from "../../support/storage/storage.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Prepares one file, and reads what came of it. */
async function prepared(content: Uint8Array<ArrayBuffer>): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  await withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/given`, content);
    const { files } = fakeSystem();
    const { signal } = new AbortController();
    const given = [{ name: "given.gz", path: `${folder}/given` }];
    const found: PreparedFile[] = await prepare(files, given, `${folder}/work`, signal);
    const inside = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(inside, ["given", "work"], "nothing is written elsewhere");
    for (const { name, path } of found) texts[name] = await Deno.readTextFile(path);
  });
  return texts;
}

Deno.test("prepare() unpacks gzip of several parts and archives, and decodes", async () => {
  const parts = [...await gzipped("a,b\n"), ...await gzipped("1,2\n")];
  assert.deepEqual(await prepared(Uint8Array.from(parts)), { given: "a,b\n1,2\n" });
  const big = "x".repeat(300_000);
  const archive = zipSync({
    "folder/a.csv": bytes("one"),
    "../../b.csv": bytes(big),
    "empty.csv": bytes(""),
  });
  assert.deepEqual(await prepared(archive as Uint8Array<ArrayBuffer>), {
    "a.csv": "one",
    "b.csv": big,
    "empty.csv": "",
  });
  const wide = Uint8Array.from([0xff, 0xfe, ...[..."é,b"].flatMap((c) => [c.charCodeAt(0), 0])]);
  assert.deepEqual(await prepared(wide), { "given.gz": "é,b" });
});

Deno.test("prepare() refuses damaged archives and those of too much", async () => {
  const archive = zipSync({ "a.csv": bytes("text that is longer ".repeat(2000)) });
  await assert.rejects(
    prepared(archive.slice(0, 90) as Uint8Array<ArrayBuffer>),
    /^ImportFault: Cannot unpack given.gz: /,
  );
  await assert.rejects(
    prepared((await gzipped("text".repeat(5000))).slice(0, 30)),
    /Cannot unpack/,
  );
  const many = Object.fromEntries(
    Array.from({ length: 1001 }, (_, n) => [`${n}.csv`, new Uint8Array()]),
  );
  await assert.rejects(prepared(zipSync(many) as Uint8Array<ArrayBuffer>), /more than 1000 files/);
  const bomb = await gzipped("0".repeat(24 * 1024 * 1024));
  assert.ok(bomb.length < 400_000);
  await assert.rejects(prepared(bomb), /holds more than 1000 times its size/);
});
