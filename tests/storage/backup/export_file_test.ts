import assert from "node:assert";
import { gunzipSync } from "node:zlib";
import { type Event, EVENT_COLUMN_NAMES } from "../../../src/core/event.ts";
import { AppError } from "../../../src/core/errors.ts";
import { EXPORTS_MAX } from "../../../src/core/limits.ts";
import { ExportFiles, type ExportFormat } from "../../../src/storage/backup/export_file.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";
import { pageview, timeUs } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { accept, EVER, openFolder, withFolder } from "../../support/storage/storage.ts";

const NEVER = new AbortController().signal;

/** Every column filled somewhere and NULL elsewhere; visitors that come more than once. */
const EVENTS: readonly Event[] = Array.from({ length: 300 }, (_, n) =>
  pageview({
    at: timeUs("2024-01-10") + n * 3_600_000_001,
    visitor: (n % 7).toString(16).padStart(64, "0"),
    page: `/page/${n % 13}`,
    ...(n % 2 === 0 ? { hostname: "example.com", referrer: "https://a.example/?q=1" } : {}),
    ...(n % 3 === 0 ? { props: JSON.stringify({ n, text: 'a "b", c' }), country_code: "DE" } : {}),
    ...(n % 5 === 0 ? { revenue_amount: 1000 + n, revenue_currency: "EUR" } : {}),
  }));

async function withFiles(
  run: (files: ExportFiles, storage: Storage, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const { files, random } = fakeSystem();
    const storage = await openFolder(folder);
    await accept(storage, EVENTS.slice(0, 200));
    await accept(storage, [pageview({ at: "2024-01-11T00:00", site_id: "other.example" })]);
    await storage.flusher.flush();
    await accept(storage, EVENTS.slice(200));
    const made = await ExportFiles.open(storage.reader, files, random, {
      folder: `${folder}/.exports`,
    });
    await run(made, storage, folder);
    await storage.close();
  });
}

async function read(
  made: ExportFiles,
  format: ExportFormat,
  span = EVER,
): Promise<{ events: number; bytes: Uint8Array<ArrayBuffer> }> {
  const file = await made.write("example.com", span, format, NEVER);
  const bytes = await new Response(file.content).bytes();
  assert.strictEqual(bytes.byteLength, file.bytes);
  return { events: file.events, bytes };
}

async function rowsOf(folder: string, bytes: Uint8Array, name: string, source: string) {
  const duckdb = await openDuckDb();
  const path = `${folder}/${name}`;
  await Deno.writeFile(path, bytes);
  const rows = await duckdb.rows(`
    select * replace (
      epoch_us(timestamp) as timestamp, (revenue_amount * 100)::bigint as revenue_amount)
    from ${source.replace("FILE", `'${path}'`)} order by timestamp`);
  duckdb.close();
  await Deno.remove(path);
  return rows;
}

/** The accepted events as the exported rows must be, under the visitor ids that these have. */
function expected(events: readonly Event[], rows: readonly Record<string, unknown>[]) {
  return events.map((event, index) => ({
    ...Object.fromEntries(EVENT_COLUMN_NAMES.map((name) => [name, event[name]])),
    timestamp: BigInt(event.timestamp),
    revenue_amount: event.revenue_amount === null ? null : BigInt(event.revenue_amount),
    visitor_id: rows[index]?.["visitor_id"],
  }));
}

Deno.test("ExportFiles.write() holds exactly the accepted events, hot and cold", async () => {
  await withFiles(async (made, _, folder) => {
    const { events, bytes } = await read(made, "parquet");
    assert.strictEqual(events, EVENTS.length);
    const rows = await rowsOf(folder, bytes, "a.parquet", "read_parquet(FILE)");
    assert.deepStrictEqual(rows, expected(EVENTS, rows));
    const types = "types = {'screen_size': 'varchar', 'revenue_amount': 'decimal(12,2)'}";
    const csv = `read_csv(FILE, header = true, all_varchar = false, ${types})`;
    for (const format of ["csv", "csv.gz"] as const) {
      const file = await read(made, format);
      const text = format === "csv" ? file.bytes : new Uint8Array(gunzipSync(file.bytes));
      const told = await rowsOf(folder, text, "a.csv", csv);
      assert.deepStrictEqual(told, expected(EVENTS, told), format);
    }
  });
});

Deno.test("ExportFiles.write() separates visitors by ids that occur nowhere else", async () => {
  await withFiles(async (made, _, folder) => {
    const seen = new Set<unknown>(EVENTS.map((event) => event.visitor_id));
    for (let round = 0; round < 2; round++) {
      const { bytes } = await read(made, "parquet");
      const rows = await rowsOf(folder, bytes, "a.parquet", "read_parquet(FILE)");
      const ids = new Map(rows.map((row, n) => [EVENTS[n]?.visitor_id, row["visitor_id"]]));
      rows.forEach((row, n) =>
        assert.strictEqual(row["visitor_id"], ids.get(EVENTS[n]?.visitor_id))
      );
      assert.strictEqual(new Set(ids.values()).size, 7);
      for (const id of ids.values()) {
        assert.match(String(id), /^[0-9a-f]{64}$/);
        assert.ok(!seen.has(id));
        seen.add(id);
      }
    }
  });
});

Deno.test("ExportFiles.write() takes the span half-open, and an empty one too", async () => {
  await withFiles(async (made, _, folder) => {
    const span = { fromUs: EVENTS[10]!.timestamp, toUs: EVENTS[20]!.timestamp };
    const { bytes } = await read(made, "parquet", span);
    const rows = await rowsOf(folder, bytes, "a.parquet", "read_parquet(FILE)");
    assert.deepStrictEqual(rows, expected(EVENTS.slice(10, 20), rows));
    const before = { fromUs: timeUs("2020-01-01"), toUs: timeUs("2020-01-02") };
    const none = await read(made, "parquet", before);
    assert.deepStrictEqual(
      await rowsOf(folder, none.bytes, "b.parquet", "read_parquet(FILE)"),
      [],
    );
  });
});

Deno.test("ExportFiles.write() makes no cell of a CSV a formula", async () => {
  await withFiles(async (made, storage) => {
    const at = (n: number) => `2024-03-01T00:00:0${n}`;
    const told = {
      "=3+1": "'=3+1",
      "+1": "'+1",
      "-1": "'-1",
      "@x": "'@x",
      "\t=1": "'\t'=1",
      "\rx": "'\rx",
      "/a;=7": "/a;'=7",
      '/b;"-1;+2': "/b;'\"\"-1;'+2",
      "/c;\u3000\uff1d9": "/c;'\u3000\uff1d9",
      "a=1": "a=1",
    };
    const evil = Object.keys(told);
    await accept(storage, evil.map((page, n) => pageview({ at: at(n), page, utm_term: page })));
    const span = { fromUs: timeUs("2024-03-01"), toUs: timeUs("2024-03-02") };
    const text = new TextDecoder().decode((await read(made, "csv", span)).bytes);
    for (const cell of Object.values(told)) {
      assert.strictEqual(text.split(cell).length - 1, 2, cell);
    }
    assert.ok(text.includes(",a=1,") && !text.includes("'a=1"));
    assert.ok(text.includes(",2024-03-01T00:00:00.000000Z,"));
  });
});

Deno.test("ExportFiles.write() leaves no file: read, left midway, given up or killed", async () => {
  await withFiles(async (made, storage, folder) => {
    const left = async () => (await Array.fromAsync(Deno.readDir(`${folder}/.exports`))).length;
    await read(made, "csv");
    assert.strictEqual(await left(), 0);
    for (let n = 0; n < 2 * EXPORTS_MAX; n++) {
      const { content } = await made.write("example.com", EVER, "parquet", NEVER);
      const reader = content.getReader();
      if (n % 2 === 0) await reader.read();
      await reader.cancel();
      assert.strictEqual(await left(), 0);
    }
    for (let n = 0; n < 2 * EXPORTS_MAX; n++) {
      const gone = new AbortController();
      const writing = made.write("example.com", EVER, "parquet", gone.signal);
      gone.abort();
      await assert.rejects(writing, { name: "AbortError" });
      assert.strictEqual(await left(), 0);
    }
    await Deno.writeTextFile(`${folder}/.exports/of-a-killed-process`, "events");
    const { files, random } = fakeSystem();
    await ExportFiles.open(storage.reader, files, random, { folder: `${folder}/.exports` });
    assert.strictEqual(await left(), 0);
  });
});

Deno.test("ExportFiles.write() is refused while too many others are read", async () => {
  await withFiles(async (made) => {
    const open = [];
    for (let n = 0; n < EXPORTS_MAX; n++) {
      open.push(await made.write("example.com", EVER, "csv", NEVER));
    }
    const one = () => made.write("example.com", EVER, "csv", NEVER);
    await assert.rejects(one(), (error) => {
      return error instanceof AppError && error.code === "too_many_requests" &&
        error.headers["retry-after"] !== undefined;
    });
    await open[0]?.content.cancel();
    open[0] = await one();
    for (const { content } of open) await new Response(content).bytes();
  });
});

Deno.test("ExportFiles.write() says in a sentence that the disk refuses", async () => {
  await withFiles(async (made, _, folder) => {
    await Deno.mkdir(`${folder}/.exports`, { recursive: true });
    // A folder stands where the file would be: the name is the next of the seeded ones.
    const { random } = fakeSystem();
    await Deno.mkdir(`${folder}/.exports/${random.uuid()}/x`, { recursive: true });
    await assert.rejects(made.write("example.com", EVER, "parquet", NEVER), (error) => {
      return error instanceof AppError && error.code === "unavailable" &&
        error.message.startsWith("Cannot write the export: ") && !error.message.includes("\n");
    });
  });
});
