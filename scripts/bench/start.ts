// Measures the executable and the source run while idle, then the start of the real program: when
// the first event is accepted, and when statistics are answered, with unflushed events in the
// journal or with the Parquet files of another program. It checks that every event is counted once,
// and judges no time.
import { parseArgs } from "node:util";
import { DAY_MS } from "../../src/core/durations.ts";
import { type Event, utcDate } from "../../src/core/event.ts";
import { raw, sql } from "../../src/core/sql.ts";
import { literal } from "../../src/storage/parquet/schema.ts";
import { packRow } from "../../src/storage/state/ops/journal_row.ts";
import { Store } from "../../src/storage/state/store.ts";
import { journalJson } from "../../src/storage/tiers/journaled_event.ts";
import { fromSource, type Program, type ServerOptions, ServerProcess } from "../server_process.ts";
import { cpuOf } from "./cpu.ts";
import { idleTable } from "./idle.ts";
import { pageviewOf } from "./storage/events.ts";
import { memoryOf, NOW_MS, openBenchDb, quiet, SITE, table } from "./storage/lib.ts";

const HELP = `deno task bench:start [options]

  --idle-secs N      how long the idle servers are watched; 0 leaves them out (30)
  --journal N,N,…    unflushed events of each start (0,200000,1000000)
  --partitions N     Parquet files of another program, to be adopted (7000)
  --runs N           starts of each kind; the quiet one is printed (3)
`;
const APPENDED_AT_ONCE = 5000;
const DAYS = 350;
/** Nothing is flushed: every start finds the same journal. */
const ENV = { MALLARD_FLUSH_COUNT: "1000000000", MALLARD_FLUSH_INTERVAL: "2000000" };
const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0";

/** What one start took. Times are since the process was started. */
export interface Start {
  readonly firstMs: number;
  readonly readyMs: number;
  /** Processor time of the server until then. */
  readonly cpuMs: number;
  readonly peakMb: number;
  /** Events that were answered with 202. */
  readonly accepted: number;
}

/** Appends events to the journal of a data folder as the server does. */
export async function fillJournal(dataDir: string, count: number): Promise<void> {
  await Deno.mkdir(dataDir, { recursive: true });
  const store = await Store.open(`${dataDir}/mallard.sqlite`);
  const shiftUs = (Date.now() - NOW_MS - count) * 1000 - DAY_MS * 1000;
  for (let from = 0; from < count; from += APPENDED_AT_ONCE) {
    const length = Math.min(APPENDED_AT_ONCE, count - from);
    const atMs = (NOW_MS + from) + shiftUs / 1000;
    const rows = Array.from({ length }, (_, index) => {
      const made = pageviewOf(from + index);
      const event: Event = { ...made, timestamp: made.timestamp + shiftUs };
      return packRow(event.site_id, utcDate(event.timestamp), journalJson(event));
    }).join("");
    await store.run("append", { rows, newSites: [SITE], atMs });
  }
  await store.close();
}

/** Writes Parquet files as another program would: a partition each, ten events in each. */
export async function fillForeign(dataDir: string, partitions: number): Promise<void> {
  await Deno.mkdir(`${dataDir}/events`, { recursive: true });
  const db = await openBenchDb(dataDir, { readers: 1 });
  const sites = Math.ceil(partitions / DAYS);
  await db.execute(sql`copy (
      select 'site' || n % ${raw(String(sites))} || '.example.com' as site_id,
        strftime(day, '%Y-%m-%d') as date,
        sha256(n || ' ' || i) as visitor_id,
        day + to_microseconds((i * 977 + n) * 1000000) as timestamp,
        'pageview' as event_name, '/page/' || i as pathname
      from (select range as n, timestamp '2025-01-01' +
          to_days((range // ${raw(String(sites))})::int) as day
        from range(${raw(String(partitions))})), (select range as i from range(10))
    ) to ${literal(`${dataDir}/events`)} (format parquet, partition_by (site_id, date),
      overwrite_or_ignore true)`);
  await db.close();
  await Deno.remove(`${dataDir}/.spill`, { recursive: true }).catch(() => {});
}

/** Starts the program, sends an event after the other until it is ready, and kills it. */
export async function measureStart(
  dataDir: string,
  options: Pick<ServerOptions, "env"> & { readonly program?: Program } = {},
): Promise<Start & { readonly counted: number | null }> {
  const fromMs = performance.now();
  const server = ServerProcess.start(options.program ?? fromSource(), {
    dataDir,
    env: { ...ENV, ...options.env },
  });
  let firstMs = NaN;
  let accepted = 0;
  const send = async () => {
    const status = await post(server.url);
    if (status !== 202) return;
    if (accepted++ === 0) firstMs = performance.now() - fromMs;
  };
  try {
    while (!await isReady(server.url)) {
      if (server.hasEnded) throw new Error(`the server ended\n${server.output}`);
      await send();
      await new Promise((resolve) => setTimeout(resolve, accepted === 0 ? 2 : 50));
    }
    const readyMs = performance.now() - fromMs;
    while (accepted === 0) await send();
    const { peakMb } = memoryOf(server.pid);
    const cpuMs = (await cpuOf(server.pid)).all / 1000;
    return { firstMs, readyMs, cpuMs, peakMb, accepted, counted: await pageviews(server.url) };
  } finally {
    await server.kill();
  }
}

async function post(url: string): Promise<number | null> {
  const body = JSON.stringify({ d: SITE, n: "pageview", u: `https://${SITE}/` });
  const headers = { "user-agent": USER_AGENT };
  const response = await fetch(`${url}/api/event`, { method: "POST", body, headers })
    .catch(() => null);
  await response?.body?.cancel();
  return response?.status ?? null;
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health/ready`).catch(() => null);
  await response?.body?.cancel();
  return response?.ok ?? false;
}

async function pageviews(url: string): Promise<number | null> {
  const range = `start_date=2020-01-01&end_date=${utcDate((Date.now() + DAY_MS) * 1000)}`;
  const response = await fetch(`${url}/api/stats/main?site_id=${SITE}&${range}`);
  if (!response.ok) return null;
  return Number((await response.json()).total_pageviews);
}

async function measure(
  label: string,
  fill: (dataDir: string) => Promise<void>,
  { runs, known, isOnce }: { readonly runs: number; readonly known: number; isOnce?: boolean },
): Promise<string[]> {
  const root = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    let dataDir = `${root}/0`;
    let sent = known;
    const starts: Start[] = [];
    for (let run = 0; run < runs; run++) {
      // Files are adopted by the first start only.
      if (isOnce) dataDir = `${root}/${run}`;
      if (isOnce || run === 0) await fill(dataDir);
      // What was just written to files would be synced by the first commit.
      await new Deno.Command("sync").output();
      const start = await measureStart(dataDir);
      sent = (isOnce ? known : sent) + start.accepted;
      if (start.counted !== sent) {
        throw new Error(`${label}: ${start.counted} events are counted, ${sent} were accepted`);
      }
      starts.push(start);
    }
    const of = (name: keyof Start) => quiet(starts.map((start) => start[name]));
    return [label, ...["firstMs", "readyMs", "cpuMs", "peakMb"].map((name) => format(of, name))];
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function format(of: (name: keyof Start) => number, name: string): string {
  return Math.round(of(name as keyof Start)).toLocaleString("en");
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      "idle-secs": { type: "string", default: "30" },
      journal: { type: "string", default: "0,200000,1000000" },
      partitions: { type: "string", default: "7000" },
      runs: { type: "string", default: "3" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const runs = Number(values.runs);
  const idleSecs = Number(values["idle-secs"]);
  if (idleSecs > 0) console.log(`${table(await idleTable(idleSecs, runs))}\n`);
  const rows = [["", "first 202, ms", "ready, ms", "processor, ms", "peak, MB"]];
  for (const count of values.journal.split(",").filter((text) => text !== "").map(Number)) {
    const fill = (dataDir: string) => fillJournal(dataDir, count);
    rows.push(await measure(`${count} unflushed events`, fill, { runs, known: count }));
  }
  const partitions = Number(values.partitions);
  if (partitions > 0) {
    const fill = (dataDir: string) => fillForeign(dataDir, partitions);
    const label = `${partitions} files to adopt`;
    rows.push(await measure(label, fill, { runs, known: 0, isOnce: true }));
  }
  console.log(table(rows));
}

if (import.meta.main) await main(Deno.args);
