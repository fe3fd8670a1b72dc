// A collector that is cut off from PostgreSQL for more than two days, under a moved clock: it goes
// on accepting, gives visitors the ids that another server gives, and brings every event once.
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { startPostgres, stopPostgres } from "../../scripts/lake/parts.ts";
import { plainRows } from "../../scripts/lake/plain.ts";
import { freePort, fromSource, ServerProcess } from "../../scripts/server_process.ts";
import { TcpProxy } from "../../scripts/lake/tcp_proxy.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { findFaketime, moveClocks, movedBy } from "../support/server/moved_clock.ts";
import { until } from "../support/wait.ts";

const SITE = "cut.example";
const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const DAY_MS = 86_400_000;
const PAUSE_MS = 30 * 60_000;
/** A server looks for salts each minute. */
const ROTATED_TRIES = 100;

const library = await findFaketime();
const partsNow = partsOfFile();

/** The clocks of PostgreSQL and of both servers. The first day is six days before this one. */
class Clocks {
  readonly #file: string;
  readonly #firstMs = Math.floor(Date.now() / DAY_MS - 6) * DAY_MS;
  #byMs = 0;

  constructor(file: string) {
    this.#file = file;
  }

  get env(): Record<string, string> {
    return movedBy(library ?? "", this.#file);
  }

  nowMs(): number {
    return Date.now() + this.#byMs;
  }

  dateOf(day: number): string {
    return new Date(this.#firstMs + day * DAY_MS).toISOString().slice(0, 10);
  }

  /** Moves all of them on. */
  async to(day: number, time: string): Promise<void> {
    const ms = Date.parse(`${this.dateOf(day)}T${time}:00Z`);
    assert.ok(this.#byMs === 0 || ms > this.nowMs(), `${day} ${time} has been`);
    const secs = Math.round((ms - Date.now()) / 1000);
    this.#byMs = secs * 1000;
    await moveClocks(this.#file, `${secs < 0 ? "" : "+"}${secs}`);
  }
}

/** An accepted event, with the visitor whose it is: one id for each. */
interface Sent {
  readonly page: string;
  readonly visitor: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Two servers over one lake, of which the first one only collects. */
class Servers {
  readonly sent: Sent[] = [];
  readonly clocks: Clocks;
  readonly postgres = new TcpProxy(partsNow().postgresPort);
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #open = new Map<string, ServerProcess>();
  readonly #ports = { cut: freePort(), other: freePort() } as const;

  constructor(folder: string, env: Readonly<Record<string, string>>, clocks: Clocks) {
    this.#folder = folder;
    this.clocks = clocks;
    this.#env = env;
  }

  async start(node: "cut" | "other"): Promise<void> {
    const dataDir = `${this.#folder}/${node}`;
    await Deno.mkdir(dataDir, { recursive: true });
    const port = this.#ports[node];
    const catalog = this.#env["MALLARD_LAKE_CATALOG"] ?? "";
    const through = catalog.replace(String(partsNow().postgresPort), String(this.postgres.port));
    const url = `http://127.0.0.1:${port}`;
    const env = {
      ...this.#env,
      ...this.clocks.env,
      MALLARD_STORAGE: "lake",
      MALLARD_PORT: String(port),
      MALLARD_NODE_NAME: node,
      MALLARD_NODE_URL: url,
      MALLARD_NODE_SECRET: "the secret of both",
      MALLARD_HOT_PEERS: "1",
      MALLARD_LAKE_FLUSH_INTERVAL: "5",
      MALLARD_TRUSTED_PROXIES: "127.0.0.1",
      MALLARD_VISITOR_SALT: "random",
      MALLARD_ROLES: node === "cut" ? "collect" : "collect,query,work",
      ...node === "cut" ? { MALLARD_LAKE_CATALOG: through } : {},
    };
    const server = ServerProcess.start(fromSource(), { dataDir, env });
    this.#open.set(node, await Object.assign(server, { url }).ready());
  }

  of(node: "cut" | "other"): ServerProcess {
    return this.#open.get(node) ?? assert.fail();
  }

  /** Sends a pageview of who is at an address, whose id is that of `visitor`. */
  async send(node: "cut" | "other", address: number, visitor: string): Promise<void> {
    const page = `/${this.sent.length}`;
    const fromMs = this.clocks.nowMs();
    const response = await fetch(`${this.of(node).url}/api/event`, {
      method: "POST",
      headers: { "user-agent": BROWSER, "x-forwarded-for": `203.0.113.${address}` },
      body: JSON.stringify({ name: "pageview", url: `https://${SITE}${page}`, domain: SITE }),
    });
    assert.equal(response.status, 202, await response.text());
    this.sent.push({ page, visitor, fromMs, toMs: this.clocks.nowMs() });
  }

  async ask(node: "cut" | "other", path: string) {
    const response = await fetch(this.of(node).url + path);
    return await response.json();
  }

  /** What a report says of all days; the end is exclusive. */
  report(name: string) {
    const dates = `start_date=${this.clocks.dateOf(0)}&end_date=${this.clocks.dateOf(4)}`;
    return this.ask("other", `/api/stats/${name}?site_id=${SITE}&${dates}`);
  }

  /** Waits until the server that answers counts every event. */
  async counted(): Promise<void> {
    const count = this.sent.length;
    await until(async () => (await this.report("main")).total_pageviews === count, "all events");
  }

  /** The salt of a day, as a server keeps it. */
  saltOf(node: "cut" | "other", day: number): unknown {
    using database = new DatabaseSync(`${this.#folder}/${node}/mallard.sqlite`, {
      readOnly: true,
    });
    const row = database.prepare("select value from facts where name = 'visitor_salts_1'").get();
    const number = Date.parse(this.clocks.dateOf(day)) / DAY_MS;
    return JSON.parse(String(row?.["value"]))[number];
  }

  async close(): Promise<void> {
    for (const server of this.#open.values()) await server.kill();
    this.postgres.close();
  }
}

/** The number of visits: runs of events of one visitor without a pause over half an hour. */
function visitsIn(sent: readonly Sent[]): number {
  return [...Map.groupBy(sent, ({ visitor }) => visitor).values()].reduce((sum, events) => {
    const times = events.map(({ toMs }) => toMs).sort((a, b) => a - b);
    return sum + times.filter((at, n) => n === 0 || at - (times[n - 1] ?? 0) > PAUSE_MS).length;
  }, 0);
}

/** Every event is in the lake once, at its time, with the id of its visitor and of nobody else. */
async function requireStored(
  env: Readonly<Record<string, string>>,
  sent: readonly Sent[],
): Promise<void> {
  const rows = await plainRows(
    partsNow(),
    env,
    `select pathname, visitor_id, epoch_ms(timestamp), date = timestamp::date from lake.events
      where site_id = '${SITE}' order by pathname[2:]::bigint`,
  );
  assert.deepEqual(rows.map(([page]) => page), sent.map(({ page }) => page));
  const ids = new Map<string, unknown>();
  for (const [index, { page, visitor, fromMs, toMs }] of sent.entries()) {
    const [, id, atMs, isOfDate] = rows[index] ?? [];
    assert.ok(Number(atMs) >= fromMs - 1000 && Number(atMs) <= toMs + 1000, `${page}: ${atMs}`);
    assert.equal(isOfDate, true);
    assert.equal(ids.get(visitor) ?? id, id, `${page} of ${visitor}`);
    ids.set(visitor, id);
  }
  assert.equal(new Set(ids.values()).size, ids.size, "nobody has another one's id");
}

/** What happens until the collector is cut off, and while it is. */
async function cutOff(servers: Servers): Promise<void> {
  const { clocks, postgres } = servers;
  for (const node of ["cut", "other"] as const) await servers.send(node, 1, "1 of day 0");
  await clocks.to(0, "23:40");
  await servers.send("cut", 2, "2 of day 0");
  await servers.counted();
  postgres.set("hangs");
  await clocks.to(0, "23:50");
  await servers.send("cut", 2, "2 of day 0");
  for (const node of ["cut", "other"] as const) await servers.send(node, 3, "3 of day 0");
  await clocks.to(1, "00:10");
  await servers.send("cut", 2, "2 of day 0");
  for (const node of ["cut", "other"] as const) await servers.send(node, 4, "4 of day 1");
  await servers.counted();
  await clocks.to(1, "12:00");
  await servers.of("cut").kill();
  postgres.set("refuses");
  await servers.start("cut");
  for (const node of ["cut", "other"] as const) await servers.send(node, 4, "4 of day 1");
  await clocks.to(2, "23:45");
  for (const node of ["cut", "other"] as const) await servers.send(node, 5, "5 of day 2");
  await servers.send("cut", 6, "6 of day 2");
  const { degraded } = await servers.ask("cut", "/health/detailed");
  assert.ok(degraded.includes("shared_out_of_reach"), degraded);
  assert.ok(degraded.includes("lake_out_of_reach"), degraded);
  assert.doesNotMatch(servers.of("cut").output, /ids that other servers do not know/);
}

lakeTest(
  "a collector without PostgreSQL for more than two days loses nothing, and no visitor's id",
  partsNow,
  async (settings, folder) => {
    if (library === null) return;
    const clocks = new Clocks(`${partsNow().folder}/clock`);
    await clocks.to(0, "22:00");
    await stopPostgres(partsNow(), "fast");
    await startPostgres(partsNow(), clocks.env);
    // The S3 server takes the machine's time.
    const env = { ...settings, MALLARD_LAKE_DATA_PATH: `${folder}/lake/` };
    await Deno.mkdir(`${folder}/lake`);
    const servers = new Servers(folder, env, clocks);
    try {
      await servers.start("other");
      await servers.start("cut");
      await cutOff(servers);
      // The third midnight, whose salt it has not.
      await clocks.to(3, "00:05");
      await servers.send("cut", 6, "6 of day 2");
      await servers.send("cut", 7, "7 of the collector");
      await servers.send("other", 7, "7 of day 3");
      // What a server writes is read a moment later.
      const isTold = () => /ids that other servers do not know/.test(servers.of("cut").output);
      await until(isTold, "the collector to tell of its ids");
      await clocks.to(3, "09:00");
      await servers.send("cut", 8, "8 of the collector");
      // Nobody knows the journal that it began when it was started again.
      const { behind_since } = await servers.report("main");
      assert.ok(behind_since < `${clocks.dateOf(1)}T12:00`, behind_since);

      servers.postgres.set("works");
      let tries = 0;
      const isShared = async () => {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        assert.ok(++tries < ROTATED_TRIES, servers.of("cut").output);
        // A server that has not looked since the clocks went on has written none.
        const salt = servers.saltOf("cut", 3);
        return salt !== undefined && salt === servers.saltOf("other", 3);
      };
      await until(isShared, "the salt of all servers");
      await clocks.to(3, "09:15");
      await servers.send("cut", 8, "8 of the collector");
      for (const node of ["cut", "other"] as const) await servers.send(node, 9, "9 of day 3");
      const isIn = async () => {
        const [[count] = []] = await plainRows(
          partsNow(),
          env,
          "select count(*) from lake.events",
        );
        return count === servers.sent.length;
      };
      await until(isIn, "all events in the lake");
      await servers.counted();
      const { sent } = servers;
      const visitors = new Set(sent.map(({ visitor }) => visitor)).size;
      assert.equal((await servers.report("main")).unique_visitors, visitors);
      assert.equal((await servers.report("sessions")).total_sessions, visitsIn(sent));
      assert.deepEqual((await servers.ask("cut", "/health/detailed")).degraded, []);
      await requireStored(env, sent);
    } finally {
      await servers.close();
    }
  },
);
