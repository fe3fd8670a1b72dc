// docs/compatibility.md: hot and cold events, flushes, crashes, and a data directory of
// the original opened in place.
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import {
  checkRefusal,
  clause,
  COLUMNS,
  ContractServer,
  everyRow,
  makeFolder,
  readStored,
  until,
  wait,
  writePartition,
} from "../../support/server/contract_server.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";

const today = () => new Date().toISOString().slice(0, 10);

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await makeFolder();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function withServer(
  env: Readonly<Record<string, string>>,
  work: (one: ContractServer, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const one = await ContractServer.start({ dataDir: folder, env });
    try {
      await work(one, folder);
    } finally {
      await one.end();
    }
  });
}

/** Paths of all files below the events folder, sorted. */
async function files(folder: string, below = "events"): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const entry of Deno.readDir(`${folder}/${below}`)) {
      const path = `${below}/${entry.name}`;
      if (entry.isDirectory) found.push(...await files(folder, path));
      else found.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort();
}

const parquet = async (folder: string) =>
  (await files(folder)).filter((path) => path.endsWith(".parquet"));

async function pageviews(one: ContractServer, site: string, range: string): Promise<number> {
  const reply = await one.get(`/api/stats/main?site_id=${site}&${range}`);
  equal(reply.status, 200, reply.text);
  return reply.json<{ total_pageviews: number }>().total_pageviews;
}

/** A site whose id is too long for a folder's name. */
const long = "x".repeat(256);

const view = (d: string, more: object = {}) => ({ d, n: "pageview", u: "/", ...more });

clause(
  "An event is counted as soon as it is accepted, before it is in a file",
  () =>
    withServer({ MALLARD_CACHE_TTL: "0" }, async (one, folder) => {
      for (let count = 1; count <= 20; count++) {
        equal((await one.send(view("hot.example"))).status, 202);
        equal(await pageviews(one, "hot.example", "period=day"), count);
      }
      deepEqual(await files(folder), []);
      equal(await one.metric("mallard_buffered_events"), 20);
    }),
);

clause(
  "flush_event_count events go into numbered files of their site and day",
  () =>
    withServer({ MALLARD_FLUSH_COUNT: "4" }, async (one, folder) => {
      const date = today();
      for (const number of [1, 2]) {
        for (let count = 0; count < 4; count++) {
          const site = count % 2 === 0 ? "a.example" : "localhost:8000";
          equal((await one.send(view(site))).status, 202);
        }
        await until("a flush", async () => (await parquet(folder)).length >= 2 * number || null);
      }
      const found = (await parquet(folder)).map((path) => path.replaceAll("%3A", ":"));
      const expected = ["a.example", "localhost:8000"].flatMap((site) =>
        ["0001", "0002"].map((name) => `events/site_id=${site}/date=${date}/${name}.parquet`)
      );
      deepEqual(found, expected);
      await until(
        "nothing buffered",
        async () => await one.metric("mallard_buffered_events") === 0 || null,
      );
      equal(await pageviews(one, "a.example", "period=day"), 4);
    }),
);

clause(
  "By default a flush comes with the thousandth event, and not before",
  () =>
    withServer({}, async (one, folder) => {
      for (let count = 1; count < 1000; count++) {
        equal((await one.send(view("a.example"))).status, 202);
      }
      deepEqual(await files(folder), []);
      equal((await one.send(view("a.example"))).status, 202);
      await until("a flush", async () => (await parquet(folder)).length === 1 || null);
      equal(await pageviews(one, "a.example", "period=day"), 1000);
    }),
);

clause(
  "flush_interval_secs brings the rest into files",
  () =>
    withServer({ MALLARD_FLUSH_INTERVAL: "1" }, async (one, folder) => {
      equal((await one.send(view("a.example"))).status, 202);
      await until("a flush", async () => (await parquet(folder)).length === 1 || null, 30_000);
      equal(await pageviews(one, "a.example", "period=day"), 1);
    }),
);

clause(
  "SIGTERM and SIGINT flush, end with 0, and the next start counts everything once",
  () =>
    everyRow(["SIGTERM", "SIGINT"] as const, String, (signal) =>
      withFolder(async (folder) => {
        const one = await ContractServer.start({ dataDir: folder });
        for (let count = 0; count < 5; count++) {
          equal((await one.send(view("a.example"))).status, 202);
        }
        equal(await one.end(signal), 0);
        equal((await readStored(folder)).length, 5);
        const next = await ContractServer.start({ dataDir: folder });
        equal(await pageviews(next, "a.example", "period=day"), 5);
        equal(await next.metric("mallard_buffered_events"), 0);
        equal(await next.end(), 0);
        equal((await readStored(folder)).length, 5);
      })),
);

clause(
  "A stop waits for open requests no longer than shutdown_timeout_secs, and flushes",
  () =>
    withServer({ MALLARD_SHUTDOWN_TIMEOUT: "2" }, async (one, folder) => {
      equal((await one.send(view("a.example"))).status, 202);
      const open: Deno.Conn[] = [];
      const heads = [
        "POST /api/event HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
        "GET /health HTTP/1.1\r\nhost: x",
        "GET /health HTTP/1.1\r\nhost: x\r\n\r\n",
      ];
      for (const head of heads) {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: one.port });
        await connection.write(new TextEncoder().encode(head));
        open.push(connection);
      }
      await wait(100);
      const ended = one.end("SIGTERM");
      const late = wait(10_000).then(() => "late");
      equal(await Promise.race([ended, late]), 0);
      for (const connection of open) connection.close();
      equal((await readStored(folder)).length, 1);
    }),
);

clause(
  "Requests that come at once are each accepted, and counted once",
  () =>
    withServer({}, async (one, folder) => {
      const all = Array.from(
        { length: 300 },
        (_, id) => one.send(view("a.example", { p: { id } })),
      );
      deepEqual(
        (await Promise.all(all)).filter(({ status }) => status !== 202),
        [],
      );
      equal(await pageviews(one, "a.example", "period=day"), 300);
      equal(await one.end(), 0);
      equal(new Set((await readStored(folder)).map((row) => row["props"])).size, 300);
    }),
);

clause(
  "Files are readable by hive_partitioning, and one has rows of its day only",
  () =>
    withServer({}, async (one, folder) => {
      equal((await one.send(view("a.example"))).status, 202);
      equal((await one.send(view("b.example"))).status, 202);
      await one.end();
      const duckdb = await openDuckDb();
      const rows = await duckdb.rows(`
      select site_id, date::varchar as day, timestamp::date::varchar as stamped, count(*)::int as n
      from read_parquet('${folder}/events/**/*.parquet', hive_partitioning = true)
      group by all order by all`);
      duckdb.close();
      const date = rows[0]?.["day"];
      match(String(date), /^\d{4}-\d\d-\d\d$/);
      deepEqual(rows, [
        { site_id: "a.example", day: date, stamped: date, n: 1 },
        { site_id: "b.example", day: date, stamped: date, n: 1 },
      ]);
    }),
);

clause(
  "mallard.sqlite and .secret are their owner's alone",
  () =>
    withServer({}, async (one, folder) => {
      equal((await one.send(view("a.example"))).status, 202);
      for (const name of ["mallard.sqlite", ".secret"]) {
        equal(((await Deno.stat(`${folder}/${name}`)).mode ?? 0) & 0o777, 0o600, name);
      }
      for await (const entry of Deno.readDir(folder)) {
        if (!entry.isFile || !entry.name.startsWith("mallard.sqlite-")) continue;
        equal(((await Deno.stat(`${folder}/${entry.name}`)).mode ?? 0) & 0o777, 0o600, entry.name);
      }
    }),
);

clause(
  "SIGKILL at any instant loses no acknowledged event and counts none twice",
  () =>
    withFolder(async (folder) => {
      const env = { MALLARD_FLUSH_COUNT: "7", MALLARD_FLUSH_INTERVAL: "1", MALLARD_CACHE_TTL: "0" };
      const acknowledged = new Set<string>();
      const sent = new Set<string>();
      for (const most of [1, 5, 20, 50, 100]) {
        const one = await ContractServer.start({ dataDir: folder, env });
        const before = acknowledged.size;
        const enough = Promise.withResolvers<void>();
        let alive = true;
        const lane = async (number: number) => {
          for (let count = 0; alive; count++) {
            const id = `${most}-${number}-${count}`;
            sent.add(id);
            const reply = await one.send(view("a.example", { p: { id } })).catch(() => null);
            if (reply?.status === 202) acknowledged.add(id);
            else alive = false;
            if (!alive || acknowledged.size - before >= most) enough.resolve();
          }
        };
        const lanes = [1, 2, 3, 4].map(lane);
        await enough.promise;
        await one.end("SIGKILL");
        alive = false;
        await Promise.all(lanes);
      }
      const last = await ContractServer.start({ dataDir: folder, env });
      const counted = await pageviews(last, "a.example", "period=30d");
      equal(await last.end(), 0);
      const stored = (await readStored(folder)).map((row) =>
        (JSON.parse(row["props"] ?? "{}") as { id: string }).id
      );
      equal(new Set(stored).size, stored.length, "an event is stored twice");
      equal(counted, stored.length);
      deepEqual([...acknowledged].filter((id) => !stored.includes(id)), []);
      ok(stored.every((id) => sent.has(id)));
      ok(acknowledged.size >= 176, `only ${acknowledged.size} were acknowledged`);
    }),
);

// ---- The original's directory ----

const OLD = COLUMNS.map(([name]) => name).slice(0, 9);
const DATE = "2024-01-15";

/** What the original leaves: files as of several of its versions, and no mallard.sqlite. */
async function makeOriginal(folder: string): Promise<void> {
  const duckdb = await openDuckDb();
  const row = (time: string, more: Record<string, string | number | null> = {}) => ({
    visitor_id: "a".repeat(64),
    timestamp: `${DATE} ${time}`,
    event_name: "pageview",
    pathname: "/",
    ...more,
  });
  const site = "original.example";
  await writePartition(duckdb, folder, { site, date: DATE }, [
    row("00:00:00", { browser: "Chrome", country_code: "DE", revenue_amount: 12.5 }),
    row("23:59:59.999999", { browser: "Firefox" }),
  ]);
  await writePartition(duckdb, folder, { site, date: DATE, name: "0007.parquet", columns: OLD }, [
    row("12:00:00", { referrer_source: "Google", utm_source: "news" }),
  ]);
  await writePartition(duckdb, folder, { site, date: "2024-01-16" }, [
    { ...row("0:0:0"), timestamp: "2024-01-16 00:00:00" },
  ]);
  await writePartition(duckdb, folder, { site: "localhost:3000", date: DATE }, [row("10:00:00")]);
  const path = `${folder}/events/site_id=${site}/date=${DATE}`;
  await duckdb.run(`
    copy (select *, 'more' as later_column from '${path}/0001.parquet')
    to '${path}/0012.parquet' (format parquet, compression zstd)`);
  const now = `${today()} 00:00:00`;
  await writePartition(duckdb, folder, { site, date: today() }, [{
    ...row("0:0:0"),
    timestamp: now,
  }]);
  duckdb.close();
}

const RANGE = "start_date=2024-01-15&end_date=2024-01-17";

async function showOriginal(one: ContractServer): Promise<void> {
  equal(await pageviews(one, "original.example", RANGE), 6);
  equal(await pageviews(one, "localhost:3000", RANGE), 1);
  const rows = async (name: string) =>
    (await one.get(`/api/stats/breakdown/${name}?site_id=original.example&${RANGE}`)).json();
  const line = (value: string, count: number) => ({ value, visitors: 1, pageviews: count });
  deepEqual(await rows("browsers"), [line("(unknown)", 2), line("Chrome", 2), line("Firefox", 2)]);
  deepEqual(await rows("countries"), [line("(unknown)", 4), line("DE", 2)]);
  deepEqual(await rows("sources"), [line("(unknown)", 5), line("Google", 1)]);
}

clause(
  "A data directory of the original is opened in place, with old and new columns",
  () =>
    withFolder(async (folder) => {
      await makeOriginal(folder);
      const before = await files(folder);
      const one = await ContractServer.start({ dataDir: folder });
      await showOriginal(one);
      deepEqual(await files(folder), before);
      equal(await pageviews(one, "original.example", "period=day"), 1);
      equal((await one.send(view("original.example"))).status, 202);
      equal((await one.send(view("localhost:3000"))).status, 202);
      equal(await one.end(), 0);
      ok(
        (await files(folder)).includes(
          `events/site_id=original.example/date=${today()}/0002.parquet`,
        ),
      );
      const next = await ContractServer.start({ dataDir: folder });
      await showOriginal(next);
      equal(await pageviews(next, "original.example", "period=day"), 2);
      equal(await pageviews(next, "localhost:3000", "period=day"), 1);
      equal(await next.end(), 0);
      equal((await readStored(folder)).length, 10);
    }),
);

clause(
  "A site in an encoded folder, as DuckDB writes it, is found by its name",
  () =>
    withFolder(async (folder) => {
      const duckdb = await openDuckDb();
      await writePartition(duckdb, folder, { site: "localhost:3000", date: DATE }, [{
        visitor_id: "a".repeat(64),
        timestamp: `${DATE} 10:00:00`,
        event_name: "pageview",
        pathname: "/",
      }]);
      duckdb.close();
      await Deno.rename(
        `${folder}/events/site_id=localhost:3000`,
        `${folder}/events/site_id=localhost%3A3000`,
      );
      const one = await ContractServer.start({ dataDir: folder });
      equal(await pageviews(one, "localhost:3000", RANGE), 1);
      equal(await one.end(), 0);
    }),
);

clause(
  "Without its mallard.sqlite a directory is read again, and nothing counts twice",
  () =>
    withFolder(async (folder) => {
      const one = await ContractServer.start({
        dataDir: folder,
        env: { MALLARD_FLUSH_COUNT: "2" },
      });
      equal((await one.send(view(long))).status, 202);
      for (let count = 0; count < 7; count++) {
        equal((await one.send(view("a.example"))).status, 202);
      }
      equal(await one.end(), 0);
      for await (const entry of Deno.readDir(folder)) {
        if (entry.name.startsWith("mallard.sqlite")) {
          await Deno.remove(`${folder}/${entry.name}`);
        }
      }
      const next = await ContractServer.start({ dataDir: folder });
      equal(await pageviews(next, "a.example", "period=day"), 7);
      equal((await next.send(view("a.example"))).status, 202);
      equal(await pageviews(next, "a.example", "period=day"), 8);
      equal(await pageviews(next, long, "period=day"), 1);
      equal(await next.end(), 0);
      equal((await readStored(folder)).length, 9);
    }),
);

clause(
  "The folder of a running server is refused to a second one",
  () =>
    withServer({}, async (one, folder) => {
      const second = await ContractServer.start({ dataDir: folder }).catch((error) => error);
      ok(second instanceof Error, "a second server has started");
      match(second.message, /ended at start/);
      equal((await one.send(view("a.example"))).status, 202);
    }),
);

// ---- A disk that is full ----

async function run(name: string, ...args: string[]): Promise<boolean> {
  const command = new Deno.Command(name, { args, stdout: "null", stderr: "null" });
  return await command.output().then(({ success }) => success, () => false);
}

const mayMount = await (async () => {
  const folder = await makeFolder();
  const mounted = await run("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder);
  if (mounted) await run("umount", folder);
  else console.log("skipped: a small file system cannot be mounted here");
  await Deno.remove(folder);
  return mounted;
})();

Deno.test({
  name: "A full disk is 503 with Retry-After, and what was accepted stays counted",
  ignore: !mayMount,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withFolder(async (folder) => {
      await run("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder);
      const one = await ContractServer.start({ dataDir: folder, env: { MALLARD_CACHE_TTL: "0" } });
      try {
        let accepted = 0;
        const send = () => one.send(view("a.example", { p: { filler: "x".repeat(4000) } }));
        using filler = await Deno.open(`${folder}/filler`, { write: true, create: true });
        for (let written = true; written;) {
          written = await filler.write(new Uint8Array(4096)).then(() => true, () => false);
        }
        for (;; accepted++) {
          const reply = await send();
          if (reply.status === 202) continue;
          equal(reply.status, 503);
          match(reply.header("retry-after") ?? "", /^[1-9]\d*$/);
          checkRefusal(reply.json());
          equal(reply.header("access-control-allow-origin"), "*");
          break;
        }
        equal(await pageviews(one, "a.example", "period=day"), accepted);
        equal((await one.get("/health")).status, 200);
        await Deno.remove(`${folder}/filler`);
        filler.truncateSync(0);
        await until("an accepted event", async () => (await send()).status === 202 || null);
        equal(await pageviews(one, "a.example", "period=day"), accepted + 1);
      } finally {
        await one.end();
        await run("umount", folder);
      }
    }),
});
