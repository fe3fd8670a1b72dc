// Archives of folders: what is packed comes back, also as the system's tar reads and writes it, and
// what is damaged or leads elsewhere is refused.
import assert from "node:assert/strict";
import { isTar, packFolder, unpackTar } from "../../../src/storage/archive/tar.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { withFolder } from "../../support/storage/storage.ts";

const { files } = fakeSystem();
const NAMES = {
  "a.txt": "a",
  [`events/site_id=${"long.".repeat(30)}example/date=2024-01-01/0001.parquet`]: "x".repeat(70_000),
  "events/empty": "",
  "\u00e9/b": "y".repeat(512),
};

async function tar(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("tar", { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function contentOf(folder: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const name of await files.tree(folder)) {
    content[name] = await Deno.readTextFile(`${folder}/${name}`);
  }
  return content;
}

Deno.test("packFolder() and unpackTar() give back every file, as tar does", async () => {
  await withFolder(async (folder) => {
    for (const [name, text] of Object.entries(NAMES)) {
      const path = `${folder}/in/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, text);
    }
    await packFolder(files, `${folder}/in`, `${folder}/a.tar`, 0o600);
    assert.equal(await isTar(files, `${folder}/a.tar`), true);
    assert.equal(await isTar(files, `${folder}/in/a.txt`), false);
    await unpackTar(files, `${folder}/a.tar`, `${folder}/out`, 0o600);
    assert.deepEqual(await contentOf(`${folder}/out`), await contentOf(`${folder}/in`));
    assert.equal(Object.keys(await contentOf(`${folder}/out`)).length, 4);
    await Deno.mkdir(`${folder}/system`);
    await tar("-xf", `${folder}/a.tar`, "-C", `${folder}/system`);
    assert.deepEqual(await contentOf(`${folder}/system`), await contentOf(`${folder}/in`));

    const packed = await Deno.readFile(`${folder}/a.tar`);
    const refused = async (bytes: Uint8Array, message: RegExp) => {
      await Deno.writeFile(`${folder}/bad.tar`, bytes);
      await assert.rejects(unpackTar(files, `${folder}/bad.tar`, `${folder}/bad`, 0o600), message);
    };
    await refused(packed.slice(0, 5000), /truncated/);
    await refused(packed.slice(0, -1024), /truncated/);
    await refused(packed.with(3, 7), /checksum/i);
    await tar("-cf", `${folder}/up.tar`, "-P", "-C", `${folder}/system`, "../in/a.txt");
    await refused(await Deno.readFile(`${folder}/up.tar`), /leads out of it/);
    await Deno.symlink("/etc/passwd", `${folder}/system/link`);
    await tar("-cf", `${folder}/link.tar`, "-C", `${folder}/system`, "link");
    await refused(await Deno.readFile(`${folder}/link.tar`), /no plain file/);
  });
});

Deno.test("packFolder() writes sizes over eight gigabytes, and refuses changed files", async () => {
  const bytes = 9 * 2 ** 30;
  let written = "";
  const big = {
    ...files,
    tree: () => Promise.resolve(["big"]),
    size: () => Promise.resolve(bytes),
    stream: () => Promise.resolve(new Blob([new Uint8Array(10)]).stream()),
    writeStream: async (_: string, data: ReadableStream<Uint8Array>) => {
      for await (const part of data) written += new TextDecoder("latin1").decode(part);
      return written.length;
    },
  };
  await assert.rejects(
    packFolder(big, "/nowhere", "/nowhere.tar", 0o600),
    /Size mismatch for "big"/,
  );
  assert.match(written, new RegExp(`size=${bytes}\n`));
});
