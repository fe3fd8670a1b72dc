// Servers over one lake, each a process with a data folder of its own: events and questions a
// second, and how long until an event of one is counted by another.
import { messageOf } from "../../../src/core/errors.ts";
import { newLake } from "../../lake/plain.ts";
import type { Parts } from "../../lake/parts.ts";
import { fromSource, ServerProcess } from "../../server_process.ts";
import { cpuOf } from "../cpu.ts";
import { sampleEvents } from "../ingest.ts";
import { type LoadGenerator, loadGenerator } from "../load.ts";
import { SITE, table } from "../storage/lib.ts";

const CONNECTIONS = 64;
const ASKING = 4;
const FLUSH_SECS = 5;
const FRESH_MS_MAX = 60_000;
const POLL_MS = 20;
const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/** What some servers did together. */
interface Together {
  readonly nodes: number;
  readonly eventsPerSecond: number;
  readonly cpuUsAnEvent: number;
  readonly questionsPerSecond: number;
  /** Until an event is counted by the server that took it, and by the last of the others. */
  readonly ownFreshMs: number;
  readonly freshMs: number;
}

/** Measures 1 … `most` servers, as far as the program lets them write to one lake. */
export async function benchNodes(parts: Parts, most: number, secs: number): Promise<unknown> {
  const generator = await loadGenerator(sampleEvents());
  const found: Together[] = [];
  let refusal: string | null = null;
  for (let count = 1; count <= most && refusal === null; count++) {
    const servers: ServerProcess[] = [];
    const folder = await Deno.makeTempDir({ prefix: "mallard-bench-lake-" });
    try {
      const env = await newLake(parts, `nodes${count}`);
      refusal = await startAll(servers, count, env, folder);
      if (refusal === null) found.push(await together(servers, generator, secs));
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      await Deno.remove(folder, { recursive: true });
    }
  }
  console.log(
    `\nServers over one lake, all on this machine, with ${generator.name}, ${secs} s each`,
  );
  console.log(table([
    ["servers", "events/s", "CPU µs an event", "questions/s", "counted here, ms", "by others, ms"],
    ...found.map((one) => [
      String(one.nodes),
      one.eventsPerSecond.toFixed(0),
      one.cpuUsAnEvent.toFixed(0),
      one.questionsPerSecond.toFixed(1),
      one.ownFreshMs.toFixed(0),
      one.freshMs.toFixed(0),
    ]),
  ]));
  if (refusal !== null) console.log(`${found.length + 1} servers: ${refusal}`);
  return { found, refusal };
}

/** Starts servers; resolves with what one says that is refused. */
async function startAll(
  servers: ServerProcess[],
  count: number,
  env: Readonly<Record<string, string>>,
  folder: string,
): Promise<string | null> {
  for (let number = 1; number <= count; number++) {
    const dataDir = `${folder}/${number}`;
    await Deno.mkdir(dataDir);
    const server = ServerProcess.start(fromSource(), {
      dataDir,
      env: {
        ...env,
        MALLARD_STORAGE: "lake",
        MALLARD_NODE_NAME: `bench${number}`,
        MALLARD_LAKE_FLUSH_INTERVAL: String(FLUSH_SECS),
        MALLARD_CACHE_TTL: "0",
      },
    });
    try {
      servers.push(await server.ready());
    } catch (error) {
      if (!server.hasEnded) await server.kill();
      return messageOf(error).trim().split("\n").at(-1) ?? "";
    }
  }
  return null;
}

async function together(
  servers: readonly ServerProcess[],
  generator: LoadGenerator,
  secs: number,
): Promise<Together> {
  const [first, last] = [servers[0], servers.at(-1)];
  if (!first || !last) throw new Error("Cannot measure without a server");
  const cpu = async () => {
    const all = await Promise.all(servers.map(({ pid }) => cpuOf(pid)));
    return all.reduce((sum, { all }) => sum + all, 0);
  };
  const before = await cpu();
  const loads = await Promise.all(
    servers.map(({ url }) => generator.run(url, CONNECTIONS, secs)),
  );
  const used = await cpu() - before;
  const failed = loads.reduce((sum, load) => sum + load.failed, 0);
  if (failed > 0) throw new Error(`Cannot measure events: ${failed} were refused`);
  const eventsPerSecond = loads.reduce((sum, { perSecond }) => sum + perSecond, 0);
  const questions = await Promise.all(servers.map(({ url }) => askFor(url, secs)));
  const page = `/fresh-${servers.length}`;
  const ownFreshMs = await freshAt(first, first, `${page}/own`);
  return {
    nodes: servers.length,
    eventsPerSecond,
    cpuUsAnEvent: used / (eventsPerSecond * secs),
    questionsPerSecond: questions.reduce((sum, one) => sum + one, 0),
    ownFreshMs,
    freshMs: servers.length > 1 ? await freshAt(first, last, page) : NaN,
  };
}

/** Questions a second of some askers, no two alike. */
async function askFor(url: string, secs: number): Promise<number> {
  const endMs = performance.now() + secs * 1000;
  let answered = 0;
  const asking = async (asker: number) => {
    for (let n = 0; performance.now() < endMs; n++) {
      await viewsOf(url, `is_not(page,/never/${asker}/${n})`);
      answered++;
    }
  };
  await Promise.all(Array.from({ length: ASKING }, (_, asker) => asking(asker)));
  return answered / secs;
}

async function viewsOf(url: string, filters: string): Promise<number> {
  const query = new URLSearchParams({ site_id: SITE, period: "30d", filters });
  const response = await fetch(`${url}/api/stats/main?${query}`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`Cannot ask: ${response.status} ${text}`);
  return Number(JSON.parse(text).total_pageviews);
}

/** Milliseconds from the 202 of one server to an answer of another that counts the event. */
async function freshAt(from: ServerProcess, to: ServerProcess, page: string): Promise<number> {
  const response = await fetch(`${from.url}/api/event`, {
    method: "POST",
    headers: { "content-type": "text/plain", "user-agent": BROWSER },
    body: JSON.stringify({ d: SITE, n: "pageview", u: `https://${SITE}${page}` }),
  });
  const text = await response.text();
  if (response.status !== 202) throw new Error(`Cannot send: ${response.status} ${text}`);
  const startMs = performance.now();
  while (await viewsOf(to.url, `is(page,${page})`) === 0) {
    if (performance.now() - startMs > FRESH_MS_MAX) throw new Error("Cannot see a new event");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return performance.now() - startMs;
}
