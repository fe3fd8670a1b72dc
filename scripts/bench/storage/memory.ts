// Resident memory of the real server while events stream in as fast as it takes them, and what a
// start costs that finds as many events in the journal as a crash may leave.
import { loadGenerator } from "../load.ts";
import { pageviewOf } from "./events.ts";
import { openAt, table } from "./lib.ts";
import { type Server, startServer } from "./server.ts";
import { traffic } from "../../../src/cli/seed/traffic.ts";

/** How many events, and how. */
export interface MemoryOptions {
  readonly events: number;
  readonly connections: number;
  /** Merging begins at once and runs this often; by default as in production. */
  readonly compactionMs?: number;
}

const SAMPLE_MS = 100;
const SETTLE_MS = 5000;
const LOAD_SECS = 5;
const SAMPLE_EVENTS = 2000;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Streams events in and prints what memory did. */
export async function benchMemory(options: MemoryOptions): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  const { compactionMs } = options;
  const server = await startServer(
    dataDir,
    compactionMs === undefined ? {} : { MALLARD_TEST_COMPACTION_MS: String(compactionMs) },
  );
  try {
    await wait(SETTLE_MS);
    const idleMb = server.memory().nowMb;
    const seen = { peakMb: 0, sumMb: 0, samples: 0 };
    const sampling = setInterval(() => {
      const { nowMb } = server.memory();
      seen.peakMb = Math.max(seen.peakMb, nowMb);
      seen.sumMb += nowMb;
      seen.samples++;
    }, SAMPLE_MS);
    const { accepted, secs, name } = await stream(server, options);
    clearInterval(sampling);
    const endMb = server.memory().nowMb;
    await wait(SETTLE_MS * 3);
    const { nowMb, peakMb } = server.memory();
    console.log(`${accepted} events in ${secs.toFixed(0)} s from ${name}`);
    const mb = (value: number) => [value.toFixed(0), (value - idleMb).toFixed(0)];
    console.log(table([
      ["", "resident MB", "above idle"],
      ["idle", ...mb(idleMb)],
      ["mean", ...mb(seen.sumMb / seen.samples)],
      ["peak", ...mb(peakMb)],
      ["at the last event", ...mb(endMb)],
      [`${SETTLE_MS * 3 / 1000} s later`, ...mb(nowMb)],
    ]));
  } finally {
    await server.stop();
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function stream(server: Server, { events, connections }: MemoryOptions) {
  const days = traffic({
    seed: 1,
    untilMs: Date.UTC(2026, 0, 31),
    days: 2,
    sites: 3,
    visitorsPerDay: 400,
  });
  const generator = await loadGenerator([...days].flat().slice(0, SAMPLE_EVENTS));
  const startMs = performance.now();
  let accepted = 0;
  while (accepted < events) {
    const { failed } = await generator.run(server.url, connections, LOAD_SECS);
    if (failed > 0) console.log(`  ${failed} requests were refused or broken`);
    accepted = await acceptedBy(server);
  }
  return { accepted, secs: (performance.now() - startMs) / 1000, name: generator.name };
}

async function acceptedBy(server: Server): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(text.match(/^mallard_events_ingested_total (\S+)/m)?.[1] ?? 0);
}

/** Starts the server on a journal of so many events and prints time and memory. */
export async function benchJournal(events: number): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    const empty = await startServer(dataDir);
    await wait(SETTLE_MS);
    const idleMb = empty.memory().nowMb;
    await empty.stop();
    await fillJournal(dataDir, events);
    const server = await startServer(dataDir);
    const atReady = server.memory();
    await wait(SETTLE_MS);
    const settled = server.memory();
    await server.kill();
    console.log(`Start on a journal of ${events} events, all unflushed`);
    console.log(table([
      ["ready after s", (server.readyMs / 1000).toFixed(1), `${empty.readyMs.toFixed(0)} ms empty`],
      ["", "resident MB", "above idle"],
      ["when ready", atReady.nowMb.toFixed(0), (atReady.nowMb - idleMb).toFixed(0)],
      ["peak", settled.peakMb.toFixed(0), (settled.peakMb - idleMb).toFixed(0)],
      ["5 s later", settled.nowMb.toFixed(0), (settled.nowMb - idleMb).toFixed(0)],
    ]));
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

const BATCH = 5000;

async function fillJournal(dataDir: string, events: number): Promise<void> {
  const storage = await openAt(dataDir);
  for (let from = 0; from < events; from += BATCH) {
    await storage.append(Array.from({ length: BATCH }, (_, n) => pageviewOf(from + n)));
  }
  await storage.close();
}
