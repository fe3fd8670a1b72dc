import assert from "node:assert";
import * as duckdb from "@duckdb/node-api";
import { openUnfilled } from "../../src/storage/open.ts";
import { pageview } from "../support/events.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { accept, numbersOf, openFolder, withFolder } from "../support/storage/storage.ts";

const event = (n: number, at = "2024-01-15 10:00:00") =>
  pageview({ at, props: JSON.stringify({ n, text: "x".repeat(500) }) });

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

Deno.test("openStorage() refuses a folder in use, naming the process", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await assert.rejects(
      openFolder(folder),
      { message: `Cannot use ${folder}: another server runs on it (process ${Deno.pid})` },
    );
    await storage.close();
    await (await openFolder(folder)).close();
  });
});

Deno.test("openStorage() says in a sentence that the folder cannot be used", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await assert.rejects(openFolder(`${folder}/file`), /^Error: Cannot use data_dir .*file: /);
  });
});

Deno.test("openStorage() keeps journal and files through a restart", async () => {
  await withFolder(async (folder) => {
    let storage = await openFolder(folder);
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await accept(storage, [event(2)]);
    await storage.close();
    storage = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(storage), [1, 2]);
    assert.strictEqual(storage.hot.rows, 1);
    assert.strictEqual(storage.lastTimestampUs, Date.UTC(2024, 0, 15, 10) * 1000);
    await storage.close();
  });
});

Deno.test("openUnfilled() loads DuckDB while the store opens, and after the lock", async () => {
  await withFolder(async (folder) => {
    const names = () => [...Deno.readDirSync(folder)].map(({ name }) => name);
    let atLoading: string[] = [];
    const host = {
      pid: Deno.pid,
      memoryBytes: null,
      loadDuckDb: () => {
        atLoading = names();
        return Promise.reject(new Error("Cannot load DuckDB"));
      },
    };
    const options = { dataDir: folder, memory_limit: null, threads: null };
    await assert.rejects(openUnfilled(fakeSystem(), host, options), /Cannot load DuckDB/);
    assert.ok(atLoading.includes(".lock"));
    assert.ok(!atLoading.includes("mallard.sqlite"));
    assert.ok(names().includes("mallard.sqlite"));
    // Nothing is left open or locked.
    await (await openFolder(folder)).close();
  });
});

Deno.test("openStorage() starts with a corrupt mallard.sqlite and keeps the files", async () => {
  for (const damage of ["garbage", "empty-pages", "truncated"]) {
    await withFolder(async (folder) => {
      let storage = await openFolder(folder);
      await accept(storage, range(1, 50).map((n) => event(n)));
      await storage.flusher.flush();
      await storage.compactor.run(new AbortController().signal);
      await accept(storage, range(51, 200).map((n) => event(n, "2024-01-15 11:00:00")));
      await storage.close();
      const path = `${folder}/mallard.sqlite`;
      const bytes = await Deno.readFile(path);
      if (damage === "garbage") bytes.fill(0x78, 0, 4096);
      if (damage === "empty-pages") bytes.fill(0, Math.floor(bytes.length * 0.8));
      const kept = damage === "truncated"
        ? Math.floor(bytes.length * 0.7 / 4096) * 4096
        : undefined;
      await Deno.writeFile(path, bytes.subarray(0, kept));
      const system = fakeSystem();
      storage = await openFolder(folder, system);
      const numbers = await numbersOf(storage);
      assert.strictEqual(new Set(numbers).size, numbers.length, `${damage}: nothing twice`);
      assert.deepStrictEqual(numbers.slice(0, 50), range(1, 50), `${damage}: files count`);
      const lines = system.lines.filter((line) => line.level === "error").map((line) =>
        line.message
      );
      assert.ok(
        lines.includes("Quarantined corrupt mallard.sqlite"),
        damage,
      );
      assert.ok(storage.quarantined().some((name) => name.endsWith(".sqlite")), damage);
      await accept(storage, [event(201)]);
      assert.strictEqual((await numbersOf(storage)).length, numbers.length + 1);
      await storage.close();
    });
  }
});

Deno.test("openStorage() keeps mallard.sqlite for its owner alone, an older one too", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/mallard.sqlite`, "", { mode: 0o644 });
    const storage = await openFolder(folder);
    await accept(storage, [event(1)]);
    for (const name of ["mallard.sqlite", "mallard.sqlite-wal", "mallard.sqlite-shm"]) {
      const { mode } = await Deno.stat(`${folder}/${name}`);
      assert.strictEqual((mode ?? 0) & 0o777, 0o600, name);
    }
    await storage.close();
  });
});

Deno.test("openStorage() removes what a killed query left in the spill folder", async () => {
  await withFolder(async (folder) => {
    await (await openFolder(folder)).close();
    await Deno.mkdir(`${folder}/.spill`, { recursive: true });
    await Deno.writeTextFile(`${folder}/.spill/duckdb_temp_storage_DEFAULT-0.tmp`, "events");
    await (await openFolder(folder)).close();
    await assert.rejects(
      Deno.stat(`${folder}/.spill/duckdb_temp_storage_DEFAULT-0.tmp`),
      Deno.errors.NotFound,
    );
  });
});

Deno.test("Storage.fill() reads what is appended meanwhile once", async () => {
  await withFolder(async (folder) => {
    const earlier = 12_000;
    const before = await openFolder(folder);
    await accept(before, Array.from({ length: earlier }, (_, n) => event(n)));
    await before.close();
    const storage = await openUnfilled(fakeSystem(), {
      pid: Deno.pid,
      memoryBytes: null,
      loadDuckDb: () => Promise.resolve(duckdb),
    }, { dataDir: folder, memory_limit: null, threads: null, flush_event_count: 1 });
    const added: number[] = [];
    const add = async (n: number) => {
      await storage.append([event(n)]);
      added.push(n);
    };
    await add(earlier);
    assert.strictEqual(storage.hot.rows, 0, "it is on disk alone");
    let isFilled = false;
    const filling = storage.fill().then(() => isFilled = true);
    while (!isFilled && added.length < 2000) await add(earlier + added.length);
    await filling;
    await add(earlier + added.length);
    const all = Array.from({ length: earlier + added.length }, (_, n) => n);
    assert.deepStrictEqual(await numbersOf(storage), all);
    await storage.flusher.flush();
    assert.deepStrictEqual(await numbersOf(storage), all);
    await storage.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(again), all);
    await again.close();
  });
});
