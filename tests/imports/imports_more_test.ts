// What ends imports in other ways than their files: refused undoing, sites that are deleted, an end
// that was cut off, and what may not be told or kept of their rows.
import assert from "node:assert/strict";
import { outputOf } from "../../scripts/lib.ts";
import { fakeSystem } from "../support/fake_system.ts";
import {
  countsOf,
  importFiles,
  importsOf,
  running,
  SITE,
  type TestFiles,
  withImports,
} from "../support/storage/imports.ts";
import { storedRows } from "../support/storage/data_dir.ts";
import { sql } from "../../src/core/sql.ts";
import { EVER, openFolder, withFolder } from "../support/storage/storage.ts";

const HEAD = "1Path,Title,Event,Bot,Session,FirstVisit,Referrer,Referrer scheme,Browser," +
  "Screen size,Location,Date\n";
const row = (path: string, date: string) => `${path},T,false,0,s1,true,,,,"1,1,1",DE,${date}\n`;
const CSV = HEAD + row("/A/", "2024-01-02T10:00:00Z") + row("/b", "2024-01-03T10:00:00Z");

/** What is below the folder of imports. */
const left = (folder: string) => [...Deno.readDirSync(`${folder}/imports`)].map(({ name }) => name);

/** Puts an import on record without running it. */
async function waiting(
  imports: Awaited<ReturnType<typeof importsOf>>,
  files: TestFiles,
): Promise<string> {
  const run = (id: string) => imports.list.find(id);
  return (await importFiles({ list: imports.list, run }, files, { days: "all" })).id;
}

Deno.test("Imports undoes nothing later that was refused, and runs others", async () => {
  await withImports(async ({ folder, storage, imports }) => {
    const done = await importFiles(running(imports), { "a.csv": CSV });
    await storage.pathHistory.begin(SITE, { lowercase: true });
    await storage.pathHistory.run(new AbortController().signal);
    await assert.rejects(imports.end(done.id), /first confirm or undo the path rules/);
    // As the command line leaves it beside a running server.
    await imports.list.wishEnd(done.id);
    const behind = await waiting(imports, { "b.csv": CSV.replaceAll("/b", "/c") });
    await imports.runWaiting(new AbortController().signal);
    assert.equal((await imports.list.find(behind)).state, "done");
    await storage.pathHistory.confirm(SITE);
    await imports.runWaiting(new AbortController().signal);
    assert.equal((await imports.list.find(done.id)).state, "done");
    assert.equal((await storedRows(folder)).length, 4);
  });
});

Deno.test("Imports adds nothing to a site that was deleted meanwhile", async () => {
  await withImports(async ({ folder, storage, imports }) => {
    const id = await waiting(imports, { "a.csv": CSV });
    const other = await waiting(imports, { "b.csv": CSV.replaceAll("/b", "/c") });
    // Cancelled between the last look at it and its commit: nothing is added.
    const { write } = storage.history;
    let isCancelled = false;
    storage.history.write = async (...args) => {
      if (!isCancelled) await storage.store.run("cancelImports", SITE);
      isCancelled = true;
      return await write.apply(storage.history, args);
    };
    await imports.runWaiting(new AbortController().signal);
    await imports.runWaiting(new AbortController().signal);
    assert.equal((await imports.list.find(id)).state, "cancelled");
    assert.equal((await imports.list.find(other)).state, "cancelled");
    assert.deepEqual(await countsOf(storage, "pathname"), {});
    assert.deepEqual(left(folder), []);
  });
});

Deno.test("Imports runs none twice, and takes a file that is given twice once", async () => {
  await withImports(async ({ folder, imports }) => {
    const id = await waiting(imports, { "a.csv": CSV, "copy.csv": CSV });
    const given = `${imports.list.folderOf(id)}/given`;
    await Deno.mkdir(`${folder}/kept`);
    for (const name of ["0", "1"]) await Deno.link(`${given}/${name}`, `${folder}/kept/${name}`);
    const run = () => imports.run(id, new AbortController().signal);
    assert.equal((await run()).report.totals?.events, 2);
    // As after a kill between the commit and the removal of the files.
    await Deno.mkdir(given, { recursive: true });
    for (const name of ["0", "1"]) await Deno.rename(`${folder}/kept/${name}`, `${given}/${name}`);
    assert.equal((await run()).state, "done");
    assert.equal((await storedRows(folder)).length, 2);
    // Rows may hold addresses: what a kill left is removed, and so is what is on no record.
    await imports.list.begin();
    const open = await waiting(imports, { "b.csv": CSV.replaceAll("/b", "/c") });
    await imports.clean();
    assert.deepEqual(left(folder), [open]);
    await imports.run(open, new AbortController().signal);
    assert.equal((await storedRows(folder)).length, 4);
    // Two that are asked for at once.
    const together = { "c.csv": CSV.replaceAll("/b", "/d") };
    const both = await Promise.all([waiting(imports, together), waiting(imports, together)]);
    assert.equal(both[0], both[1]);
  });
});

Deno.test("Imports tells no address of a line that no importer reads", async () => {
  await withImports(async ({ system, imports }) => {
    const line = "GET /x 203.0.113.77 [2001:db8::1] jane@example.com\n";
    const { report } = await importFiles(running(imports), { "a\n.log": line });
    const told = 'Cannot import a.log: its first line is "GET /x … […] …"';
    assert.equal(report.error, told);
    assert.doesNotMatch(JSON.stringify(system.lines), /203\.0\.113|2001:db8|jane@/);
  });
});

/** The same two views in every way that spreadsheets and systems write a text. */
function written(): Record<string, Uint8Array<ArrayBuffer>> {
  const rows = [
    HEAD.trimEnd().split(","),
    ...["/caf\u00e9\u00fc", "/b"].map((path, n) =>
      row(path, `2024-01-0${n + 2}T10:00:00Z`).trimEnd().replace('"1,1,1"', "1;1;1").split(",")
    ),
  ];
  const text = (delimiter: string, end: string) =>
    rows.map((cells) =>
      cells.map((cell) => cell === "1;1;1" ? '"1,1,1"' : cell).join(delimiter) + end
    ).join("");
  const plain = text(",", "\n");
  const units = (isBig: boolean) => {
    const bytes = new Uint8Array(2 * plain.length + 2);
    const view = new DataView(bytes.buffer);
    for (const [at, char] of [..."\ufeff" + plain].entries()) {
      view.setUint16(2 * at, char.charCodeAt(0), !isBig);
    }
    return bytes;
  };
  const encode = (value: string) => new TextEncoder().encode(value);
  return {
    "utf-8": encode(plain),
    "byte order mark": encode("\ufeff" + plain),
    "ends of lines of Windows": encode(text(",", "\r\n")),
    "semicolons": encode(text(";", "\r\n")),
    "tabs": encode(text("\t", "\n")),
    "utf-16 little": units(false),
    "utf-16 big": units(true),
    "windows-1252": Uint8Array.from(plain, (char) => char.charCodeAt(0)),
  };
}

Deno.test("Imports reads a file however it is encoded and separated", async () => {
  await withImports(async ({ storage, imports }) => {
    for (const [how, content] of Object.entries(written())) {
      const { id, state, report } = await importFiles(running(imports), { "a.csv": content });
      assert.equal(state, "done", `${how}: ${report.error}`);
      const expected = { "/caf\u00e9\u00fc": 1, "/b": 1 };
      assert.deepEqual(await countsOf(storage, "pathname"), expected, how);
      await imports.end(id);
    }
    const plausible = "date,visitors,pageviews,bounces,visits,visit_duration\n" +
      '2024-01-01,"1,234",2,0,1,1\n2024-01-02,x,3,0,1,1\n';
    const { report } = await importFiles(running(imports), {
      "imported_visitors_20240101_20240102.csv": plausible,
    }, { dry_run: true });
    assert.equal(report.totals?.visitors, 1234, report.error);
    assert.match(String(report.rejects?.[0]?.reason), /a count cannot be read$/);
  });
});

async function mount(...args: string[]): Promise<boolean> {
  const [command = "", ...rest] = args;
  const done = await outputOf(command, { args: rest, stderr: "null" });
  return done?.success ?? false;
}

Deno.test("Imports waits while the disk is full, and goes on when there is room", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mallard-disk-" });
  const hasDisk = await mount("mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", folder);
  if (!hasDisk) console.log("skipped: a small file system cannot be mounted here");
  const system = fakeSystem();
  try {
    if (!hasDisk) return;
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const rows = Array.from({ length: 8_000 }, (_, n) => {
      const path = `/${system.random.bytes(40).toHex()}`;
      return row(path, `2024-01-0${1 + n % 4}T10:00:00Z`);
    });
    const id = await waiting(imports, { "a.csv": HEAD + rows.join("") });
    const { available } = await spaceOf(folder);
    await Deno.writeFile(`${folder}/filler`, new Uint8Array(available - 512 * 1024));
    const full = await imports.run(id, new AbortController().signal);
    assert.equal(full.state, "waiting", full.report.error);
    assert.match(String(full.report.error), /space|disk/i);
    assert.deepEqual(await countsOf(storage, "hostname"), {});
    await Deno.remove(`${folder}/filler`);
    const done = await imports.run(id, new AbortController().signal);
    assert.equal(done.state, "done", done.report.error);
    assert.equal(done.report.totals?.events, rows.length);
    assert.equal((await storedRows(folder)).length, rows.length);
    await storage.close();
  } finally {
    if (hasDisk) await mount("umount", "-l", folder);
    await Deno.remove(folder, { recursive: true });
  }
});

async function spaceOf(folder: string): Promise<{ readonly available: number }> {
  const { bytes } = await fakeSystem().files.space(folder);
  return { available: bytes };
}

/** GoatCounter's rows with different paths of 2,000 characters, over some days. */
function wideCsv(rows: number, days: number): string {
  const lines = Array.from({ length: rows }, (_, n) => {
    const path = `/${`${n * 7919 % 1_000_003}.`.repeat(400).slice(0, 2000)}${n}`;
    return row(path, new Date(Date.UTC(2023, 5, 1 + n % days, 9, 0, n % 60)).toISOString());
  });
  return HEAD + lines.join("");
}

for (
  const { name, rows, days, memoryMib, isMore } of [
    {
      name: "Imports takes more text than its memory holds",
      rows: 25_000,
      days: 30,
      memoryMib: 256,
      isMore: false,
    },
    {
      name: "Imports goes on with more memory",
      rows: 25_000,
      days: 1,
      memoryMib: 4096,
      isMore: true,
    },
  ]
) {
  Deno.test(name, async () => {
    await withFolder(async (folder) => {
      const system = fakeSystem();
      const storage = await openFolder(folder, system);
      try {
        const imports = await importsOf(folder, system, storage, {}, memoryMib * 2 ** 20);
        const { state, report } = await importFiles(running(imports), {
          "wide.csv": wideCsv(rows, days),
        });
        assert.deepEqual([report.error, state, report.totals?.events], [undefined, "done", rows]);
        const told = system.lines.filter(({ message }) => /more memory/.test(message));
        assert.equal(told.length > 0, isMore);
        const counts = await storage.reader.query(
          SITE,
          EVER,
          (events) =>
            sql`select count(*) as events, count(distinct md5_number(pathname)) as pages
            from ${events}`,
        );
        assert.deepEqual(counts, [{ events: rows, pages: rows }]);
      } finally {
        await storage.close();
      }
    });
  });
}
