// First part of the benchmark: events accepted per second by this server, each on disk before it
// is answered, beside a bare Deno.serve that only parses the body. Both run as their own process,
// and the processor time of each is divided by its answers. At last the most connections once more,
// while a dashboard is looked at and files are flushed and merged.
import { cpuOf, type CpuUs } from "./cpu.ts";
import { type Load, type LoadGenerator, loadGenerator } from "./load.ts";
import { fill } from "./storage/fill.ts";
import { SITE } from "./storage/lib.ts";
import { ROOT } from "../lib.ts";
import { ROBOTS } from "../../src/cli/seed/data.ts";
import { traffic } from "../../src/cli/seed/traffic.ts";

/** How long and how hard. */
export interface IngestOptions {
  readonly secs: number;
  readonly connections: readonly number[];
}

interface Process {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const EVENTS = 2_000;
const WARM_UP_SECS = 2;
const VIEW_PAUSE_MS = 500;
const DAYS = 30;
/** Views and merges take longer than events. */
const AT_WORK_SECS_MIN = 10;
const WAIT_MS = 50;
const TRIES_MAX = 600;

/** Runs it and prints a table. */
export async function benchIngest({ secs, connections }: IngestOptions): Promise<void> {
  const generator = await loadGenerator(sampleEvents());
  console.log(`\nIngestion: POST /api/event, ${secs} s a run, load from ${generator.name}`);
  console.log(
    "connections | this server events/s    p50 ms   p99 ms   CPU µs (main) | " +
      "bare Deno.serve req/s    p50 ms   p99 ms   CPU µs (main) | ratio",
  );
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  const server = await startServer(dataDir);
  const bare = await startBare();
  let failed = 0;
  try {
    await generator.run(server.url, 16, WARM_UP_SECS);
    await generator.run(bare.url, 16, WARM_UP_SECS);
    for (const count of connections) {
      const ours = await measure(generator, server, count, secs);
      const theirs = await measure(generator, bare, count, secs);
      failed += ours.failed + theirs.failed;
      const ratio = (ours.perSecond / theirs.perSecond).toFixed(2);
      console.log(
        `${String(count).padStart(11)} | ${columns(ours, 20)} | ${columns(theirs, 21)} | ${ratio}`,
      );
    }
    console.log(`Accepted in all: ${await acceptedBy(server.url)}; refused or broken: ${failed}`);
  } finally {
    await server.stop();
    await bare.stop();
  }
  try {
    await fill({ dataDir, days: DAYS, eventsPerDay: 5_000, filesPerDay: 8, nowMs: Date.now() });
    await benchAtWork(generator, dataDir, Math.max(...connections), secs);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

/** The same beside all other work of a server, over a month of another site in small files. */
async function benchAtWork(
  generator: LoadGenerator,
  dataDir: string,
  count: number,
  secs: number,
): Promise<void> {
  const server = await startServer(dataDir, { MALLARD_TEST_COMPACTION_MS: "1000" });
  const stop = new AbortController();
  const seen = { views: 0 };
  try {
    const looking = lookAtDashboard(server.url, seen, stop.signal);
    // Told where it is awaited.
    looking.catch(() => {});
    const filled = await filesOf(dataDir);
    let before = filled;
    // The first view and the first merge tell that all is under way.
    for (let tries = 0; before.left >= filled.left || seen.views === 0; tries++) {
      if (tries === TRIES_MAX) throw new Error("Cannot measure beside merges: there are none");
      await Promise.race([generator.run(server.url, 16, 1), looking]);
      before = await filesOf(dataDir);
    }
    const viewsBefore = seen.views;
    const found = await measure(generator, server, count, Math.max(secs, AT_WORK_SECS_MIN));
    stop.abort();
    await looking;
    const after = await filesOf(dataDir);
    const files = `${after.written - before.written} files written, ` +
      `${before.left} became ${after.left}`;
    console.log(
      `${String(count).padStart(11)} | ${columns(found, 20)} | meanwhile: ${files}, ` +
        `${seen.views - viewsBefore} views of a dashboard; refused or broken: ${found.failed}`,
    );
  } finally {
    stop.abort();
    await server.stop();
  }
}

const VIEW = [
  "main",
  "timeseries",
  "breakdown/pages",
  "breakdown/sources",
  "breakdown/countries",
  "breakdown/browsers",
];

/** Asks for all panels of a page, again and again, and counts the answers, until it is stopped. */
async function lookAtDashboard(
  url: string,
  seen: { views: number },
  signal: AbortSignal,
): Promise<void> {
  const parts = JSON.stringify(VIEW.map((name) => [name, {}]));
  while (!signal.aborted) {
    // No two questions are equal: none is answered from the cache.
    const filters = `is_not(page,/never/${seen.views})`;
    const query = new URLSearchParams({ site_id: SITE, period: "30d", filters, parts });
    const response = await fetch(`${url}/api/stats/view?${query}`, { signal }).catch(() => null);
    const text = await response?.text().catch(() => null) ?? null;
    if (signal.aborted) break;
    const lines = text?.trim().split("\n").map((line) => JSON.parse(line)) ?? [];
    if (lines.length !== VIEW.length || lines.some(({ status }) => status !== 200)) {
      throw new Error(`Cannot look at the dashboard: ${response?.status} ${text}`);
    }
    seen.views++;
    await new Promise((resolve) => setTimeout(resolve, VIEW_PAUSE_MS));
  }
}

/** How many Parquet files there are, and were: each has the next number of its partition. */
async function filesOf(dataDir: string): Promise<{ written: number; left: number }> {
  const newest = new Map<string, number>();
  let left = 0;
  const look = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await look(`${folder}/${name}`);
      else if (/^\d+\.parquet$/.test(name)) {
        left++;
        newest.set(folder, Math.max(newest.get(folder) ?? 0, parseInt(name)));
      }
    }
  };
  await look(`${dataDir}/events`);
  return { written: [...newest.values()].reduce((sum, number) => sum + number, 0), left };
}

/** What a run found, with the processor time of an answer. */
interface Measured extends Load {
  readonly cpu: CpuUs;
}

async function measure(
  generator: LoadGenerator,
  { url, pid }: Process,
  connections: number,
  secs: number,
): Promise<Measured> {
  const before = await cpuOf(pid);
  const load = await generator.run(url, connections, secs);
  const after = await cpuOf(pid);
  const answers = Math.max(1, load.perSecond * secs);
  return {
    ...load,
    cpu: {
      all: (after.all - before.all) / answers,
      mainThread: (after.mainThread - before.mainThread) / answers,
    },
  };
}

function columns({ perSecond, p50Ms, p99Ms, cpu }: Measured, width: number): string {
  const cells = [
    perSecond.toFixed(0).padStart(width),
    p50Ms.toFixed(2).padStart(9),
    p99Ms.toFixed(2).padStart(8),
    `${cpu.all.toFixed(1)} (${cpu.mainThread.toFixed(1)})`.padStart(15),
  ];
  return cells.join(" ");
}

/** Events of people, of several sites, browsers and addresses. */
export function sampleEvents() {
  const robots = new Set(ROBOTS.map(([name]) => name));
  const options = { seed: 1, untilMs: Date.UTC(2026, 0, 31), days: 2, sites: 3 };
  return [...traffic({ ...options, visitorsPerDay: 400 })].flat()
    .filter((event) => !robots.has(event.ua)).slice(0, EVENTS);
}

async function startServer(
  dataDir: string,
  env: Record<string, string> = {},
): Promise<Process> {
  const port = freePort();
  return await startProcess(`http://127.0.0.1:${port}`, "/health/ready", ["src/main.ts"], {
    MALLARD_HOST: "127.0.0.1",
    MALLARD_PORT: String(port),
    MALLARD_DATA_DIR: dataDir,
    ...env,
  });
}

async function startBare(): Promise<Process> {
  const port = freePort();
  const args = ["scripts/bench/bare_server.ts", String(port)];
  return await startProcess(`http://127.0.0.1:${port}`, "/", args, {});
}

async function startProcess(
  url: string,
  path: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<Process> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...args],
    cwd: ROOT,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    child.kill("SIGTERM");
    await child.status;
  };
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const answer = await fetch(url + path).catch(() => null);
    await answer?.body?.cancel();
    // The bare server fails on a request without a body: that it answers is enough.
    if (answer && (answer.ok || path === "/")) return { url, pid: child.pid, stop };
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  await stop();
  throw new Error(`Cannot start ${args[0]}: it does not answer`);
}

async function acceptedBy(url: string): Promise<string> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.match(/^mallard_events_ingested_total (\S+)/m)?.[1] ?? "unknown";
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
