// `deno task bench:scoreboard`: every panel and report of a dashboard, asked of the real server
// over HTTP, uncached, beside the best plain SQL of DuckDB over the same files in the same run:
// in a new process and a warm one, alone and with many clients, in peace and while events arrive.
// It judges nothing.
import { parseArgs } from "node:util";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { DAY_MS, HOUR_MS } from "../../src/core/durations.ts";
import { fromSource, ServerProcess } from "../server_process.ts";
import { cpuOf } from "./cpu.ts";
import { EventStream } from "./event_stream.ts";
import { buildRollups } from "./fill.ts";
import { fill } from "./storage/fill.ts";
import {
  benchSystem,
  bytesBelow,
  memoryOf,
  openAt,
  parquetBelow,
  SITE,
  table,
  timed,
} from "./storage/lib.ts";
import { BEHAVIOR, FILTERS, PANELS, plainSql } from "./storage/panels.ts";

const HELP = `deno task bench:scoreboard [options]

  --events A,B,…  events in all, a data set each (1000000,10000000)
  --days N        days they spread over (365)
  --ranges A,B,…  days that are asked about (30,90,365)
  --runs N        times each question is asked (11)
  --clients N     clients that ask at once (16)
  --stream N      events a second that arrive in the last part (500)
  --today N       events of the running day (a day's share, at most 20000)
  --json FILE     writes the figures, too`;

/** After so much of a day the last visits of the day before have ended. */
const CLOSED_AFTER_MS = 2 * HOUR_MS;

interface Options {
  readonly events: number;
  readonly days: number;
  readonly ranges: readonly number[];
  readonly runs: number;
  readonly clients: number;
  readonly stream: number;
  readonly today: number;
}

interface Asked {
  readonly label: string;
  readonly path: string;
  /** Milliseconds of the best plain SQL, or null where there is none. */
  readonly plain: (() => Promise<number>) | null;
}

/** Milliseconds of one question. */
interface Row {
  readonly label: string;
  readonly plain: number | null;
  readonly first: number;
  readonly p50: number;
  readonly p99: number;
  readonly streamP50: number;
  readonly streamP99: number;
  readonly manyP50: number;
}

const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

function questions(db: DuckDBConnection, dataDir: string, days: number, nowMs: number): Asked[] {
  // The end is exclusive: the last day is the running one.
  const [from, to] = [dateOf(nowMs - (days - 1) * DAY_MS), dateOf(nowMs + DAY_MS)];
  const range = `site_id=${SITE}&start_date=${from}&end_date=${to}`;
  const panels = FILTERS.flatMap(([suffix, filter, condition]) =>
    PANELS.filter(({ report }) => report === "query" || filter === "").map((panel): Asked => ({
      label: `${panel.label}${suffix}, ${days} days`,
      path: `/api/stats/${panel.report}?${range}&${panel.params}${filter}`,
      plain: async () =>
        (await timed(() =>
          db.runAndReadAll(plainSql(panel, { dataDir, from, to, condition }).text)
        )).ms,
    }))
  );
  const reports = BEHAVIOR.map(({ report, params }): Asked => ({
    label: `${report}, ${days} days`,
    path: `/api/stats/${report}?${params}&${range}`,
    plain: null,
  }));
  return [...panels, ...reports];
}

async function ask(url: string, path: string): Promise<number> {
  const startMs = performance.now();
  const response = await fetch(url + encodeURI(path));
  const text = await response.text();
  if (response.status !== 200) throw new Error(`Cannot ask ${path}: ${response.status} ${text}`);
  return performance.now() - startMs;
}

function at(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

async function times(count: number, work: () => Promise<number>): Promise<number[]> {
  const found: number[] = [];
  for (let run = 0; run < count; run++) found.push(await work());
  return found;
}

/** Clients that ask all questions, each in an order of its own; the times of each question. */
async function askTogether(
  url: string,
  asked: readonly Asked[],
  clients: number,
): Promise<{ ms: number; times: number[][] }> {
  const found = asked.map((): number[] => []);
  const client = async (_: unknown, index: number) => {
    for (let turn = 0; turn < asked.length; turn++) {
      const which = (turn + Math.floor(index * asked.length / clients)) % asked.length;
      found[which]?.push(await ask(url, asked[which]?.path ?? ""));
    }
  };
  const { ms } = await timed(() => Promise.all(Array.from({ length: clients }, client)));
  return { ms, times: found };
}

/** Makes what is derived of closed days; the processor time of an event, in microseconds. */
async function derive(dataDir: string, events: number, nowMs: number): Promise<number> {
  const storage = await openAt(dataDir);
  const system = benchSystem();
  const clock = { ...system.clock, nowMs: () => nowMs };
  const { cpuMs } = await timed(() => buildRollups(storage, { ...system, clock }));
  await storage.close();
  return cpuMs * 1000 / events;
}

async function measure(
  server: ServerProcess,
  db: DuckDBConnection,
  dataDir: string,
  options: Options,
) {
  const { ranges, runs, clients, stream, today } = options;
  const nowMs = Date.now();
  const { url, pid } = server;
  const idleMb = memoryOf(pid).nowMb;
  await EventStream.sendAll(url, SITE, today);
  const asked = ranges.flatMap((days) => questions(db, dataDir, days, nowMs));
  const firsts: number[] = [];
  for (const { path } of asked) firsts.push(await ask(url, path));
  const alone: { plain: number | null; times: number[] }[] = [];
  for (const { path, plain } of asked) {
    if (plain) await plain();
    const plains: number[] = [];
    const found = await times(runs, async () => {
      if (plain) plains.push(await plain());
      return await ask(url, path);
    });
    alone.push({ plain: plain ? at(plains, 0.5) : null, times: found });
  }
  const single = alone.reduce((sum, one) => sum + at(one.times, 0.5), 0);
  const together = await askTogether(url, asked, clients);
  const before = (await cpuOf(pid)).all;
  const arriving = EventStream.start(url, SITE, stream);
  const streamed: number[][] = [];
  for (const { path } of asked) streamed.push(await times(runs, () => ask(url, path)));
  const sent = await arriving.stop();
  const rows = asked.map(({ label }, index): Row => ({
    label,
    plain: alone[index]?.plain ?? null,
    first: firsts[index] ?? NaN,
    p50: at(alone[index]?.times ?? [], 0.5),
    p99: at(alone[index]?.times ?? [], 0.99),
    streamP50: at(streamed[index] ?? [], 0.5),
    streamP99: at(streamed[index] ?? [], 0.99),
    manyP50: at(together.times[index] ?? [], 0.5),
  }));
  return {
    rows,
    idleMb,
    ...memoryOf(pid),
    togetherShare: together.ms / (clients * single),
    streamedPerSec: sent.perSecond,
    streamCpuS: ((await cpuOf(pid)).all - before) / 1e6,
  };
}

function print(rows: readonly Row[], { clients, stream }: Options): void {
  const ms = (value: number) => value.toFixed(1);
  const head = ["ms", "SQL", "first", "p50", "p99", "÷ SQL"];
  console.log(table([
    [...head, `p50, ${stream} events/s`, "p99", `p50, ${clients} clients`],
    ...rows.map(({ label, plain, first, p50, p99, streamP50, streamP99, manyP50 }) => [
      label,
      plain === null ? "" : ms(plain),
      ...[first, p50, p99].map(ms),
      plain === null ? "" : (p50 / plain).toFixed(2),
      ...[streamP50, streamP99, manyP50].map(ms),
    ]),
  ]));
}

async function dataSet(options: Options): Promise<Record<string, unknown>> {
  const { events, days } = options;
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    const nowMs = Date.now();
    if (nowMs % DAY_MS < CLOSED_AFTER_MS) {
      console.log(
        "The last day is not closed yet, for visits of it may go on: ask after 02:00 UTC",
      );
    }
    await fill({ dataDir, days, eventsPerDay: events / days, filesPerDay: 1, nowMs });
    const deriveUs = await derive(dataDir, events, nowMs);
    const stored = parquetBelow(`${dataDir}/events`).bytes;
    const derived = bytesBelow(`${dataDir}/rollups`);
    const env = { MALLARD_CACHE_TTL: "0" };
    const server = ServerProcess.start(fromSource(), { dataDir, env });
    const duckDb = await DuckDBInstance.create(":memory:");
    const db = await duckDb.connect();
    try {
      await server.ready();
      const found = await measure(server, db, dataDir, options);
      console.log(
        `\n${events} events in ${days} days, and ${options.today} today: ` +
          `${(stored / events).toFixed(1)} bytes an event, and ${(derived / events).toFixed(1)} ` +
          `of what is derived, made in ${deriveUs.toFixed(1)} µs of processor time an event`,
      );
      print(found.rows, options);
      console.log(
        `${options.clients} clients together took ${found.togetherShare.toFixed(2)} of ` +
          `${options.clients} × one; resident ${found.idleMb.toFixed(0)} MB at first, ` +
          `${found.nowMb.toFixed(0)} in the end, ${found.peakMb.toFixed(0)} at most; ` +
          `${found.streamedPerSec.toFixed(0)} events a second arrived`,
      );
      return { ...options, stored, derived, deriveUs, ...found };
    } finally {
      db.closeSync();
      duckDb.closeSync();
      await server.stop();
    }
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function main(args: string[]): Promise<void> {
  const text = (value: string) => ({ type: "string" as const, default: value });
  const { values } = parseArgs({
    args,
    options: {
      events: text("1000000,10000000"),
      days: text("365"),
      ranges: text("30,90,365"),
      runs: text("11"),
      clients: text("16"),
      stream: text("500"),
      today: text(""),
      json: text(""),
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const days = Number(values.days);
  const found: Record<string, unknown>[] = [];
  for (const events of values.events.split(",").map(Number)) {
    const share = Math.min(20_000, Math.round(events / days));
    found.push(
      await dataSet({
        events,
        days,
        ranges: values.ranges.split(",").map(Number).filter((range) => range <= days),
        runs: Number(values.runs),
        clients: Number(values.clients),
        stream: Number(values.stream),
        today: values.today === "" ? share : Number(values.today),
      }),
    );
  }
  if (values.json !== "") await Deno.writeTextFile(values.json, JSON.stringify(found));
}

await main(Deno.args);
