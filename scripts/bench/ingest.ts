// First part of the benchmark: events accepted per second by this server, each on disk before it
// is answered, beside a bare Deno.serve that only parses the body. Both run as their own process,
// and the processor time of each is divided by its answers.
import { cpuOf, type CpuUs } from "./cpu.ts";
import { type Load, type LoadGenerator, loadGenerator } from "./load.ts";
import { ROOT } from "../lib.ts";
import { ROBOTS } from "../traffic/data.ts";
import { traffic } from "../traffic/traffic.ts";

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
    await Deno.remove(dataDir, { recursive: true });
  }
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
function sampleEvents() {
  const robots = new Set(ROBOTS.map(([name]) => name));
  const options = { seed: 1, untilMs: Date.UTC(2026, 0, 31), days: 2, sites: 3 };
  return [...traffic({ ...options, visitorsPerDay: 400 })].flat()
    .filter((event) => !robots.has(event.ua)).slice(0, EVENTS);
}

async function startServer(dataDir: string): Promise<Process> {
  const port = freePort();
  return await startProcess(`http://127.0.0.1:${port}`, "/health/ready", ["src/main.ts"], {
    MALLARD_HOST: "127.0.0.1",
    MALLARD_PORT: String(port),
    MALLARD_DATA_DIR: dataDir,
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
