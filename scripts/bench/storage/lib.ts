// What the measurements of storage share: opening a data folder as the server does, asking the
// usual reports of it, and times that can be compared on a machine with other work to do.
import process from "node:process";
import { DAY_MS } from "../../../src/core/durations.ts";
import { messageOf } from "../../../src/core/errors.ts";
import { Params } from "../../../src/query/params.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import type { Report } from "../../../src/query/reports/report.ts";
import { REPORTS } from "../../../src/query/reports/reports.ts";
import { BREAKDOWNS } from "../../../src/query/reports/breakdowns.ts";
import { Runner } from "../../../src/query/run.ts";
import { openStorage, type Storage } from "../../../src/storage/open.ts";
import { Db, importDuckDb } from "../../../src/storage/duckdb.ts";
import { realSystem } from "../../../src/runtime/system.ts";

/** The sites whose events are made up, counted from 0. */
export const siteName = (index: number): string => index === 0 ? SITE : `site${index}.example.com`;
/** The first of them. */
export const SITE = "example.com";
/** The time of the measurements: the day before it is the last one that holds events. */
export const NOW_MS: number = Date.UTC(2026, 5, 15, 12);

/** One thing to be timed. */
export interface Question {
  readonly label: string;
  ask(): Promise<unknown>;
}

/** The usual reports and what they need to be asked for. */
const USUAL: readonly (readonly [string, Report | undefined, string])[] = [
  ["main", REPORTS["main"], ""],
  ["timeseries", REPORTS["timeseries"], ""],
  ["breakdown/pages", BREAKDOWNS["pages"], ""],
  ["breakdown/sources", BREAKDOWNS["sources"], ""],
  ["sessions", REPORTS["sessions"], ""],
  ["funnel", REPORTS["funnel"], "steps=page:/blog/0,page:/blog/1,event:signup&window=1 day"],
];

/** The world of the measurements. */
export const benchSystem = () => realSystem({ format: "text", levelMin: "error" });

/** DuckDB alone in a folder, to write files that a server then finds. */
export async function openBenchDb(folder: string, { readers }: { readers: number }): Promise<Db> {
  return await Db.open(await importDuckDb(), benchSystem().clock, {
    folder,
    spillFolder: `${folder}/.spill`,
    memoryLimit: null,
    threads: null,
    readers,
  });
}

/** Opens a data folder. */
export function openAt(dataDir: string, memoryLimit: string | null = null): Promise<Storage> {
  return openStorage(benchSystem(), {
    pid: Deno.pid,
    memoryBytes: Deno.systemMemoryInfo().total,
    loadDuckDb: importDuckDb,
  }, { dataDir, memory_limit: memoryLimit, threads: null });
}

/** The usual reports over the `days` days before today, nothing cached. */
export function usualQuestions(storage: Storage, days: number, site = SITE): Question[] {
  const runner = new Runner(
    storage.reader,
    { settings: () => Promise.resolve(STANDARD_SETTINGS) },
    { ...benchSystem().clock, nowMs: () => NOW_MS },
    { queryTimeoutMs: 300_000, cacheTtlMs: 0, cacheEntriesMax: 1, heavyMax: 10 },
  );
  const date = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const range = `start_date=${date(NOW_MS - days * DAY_MS)}&end_date=${date(NOW_MS)}`;
  return USUAL.map(([label, report, rest]) => ({
    label,
    ask: async () => {
      if (!report) throw new Error(`Cannot ask for ${label}: there is no such report`);
      const params = new Params(new URLSearchParams(`site_id=${site}&${range}&${rest}`));
      return await runner.answer(label, report, site, params);
    },
  }));
}

/** Milliseconds that something took: of the clock, and of the processors in this process. */
export async function timed(work: () => Promise<unknown>): Promise<{ ms: number; cpuMs: number }> {
  const before = process.cpuUsage();
  const startMs = performance.now();
  await work();
  const ms = performance.now() - startMs;
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1000 };
}

/** Middle of the smaller half: what the work takes when the machine is not busy otherwise. */
export function quiet(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 4)] ?? NaN;
}

/**
 * Times of every question of several sets, asked in turn so that a busy moment meets all sets
 * alike: one list of milliseconds a set, in the order of its questions.
 */
export async function timeInTurn(
  sets: readonly (readonly Question[])[],
  runs: number,
  what: "ms" | "cpuMs" = "ms",
): Promise<number[][]> {
  const times = sets.map((questions) => questions.map((): number[] => []));
  for (let run = 0; run <= runs; run++) {
    for (let at = 0; at < (sets[0]?.length ?? 0); at++) {
      for (const [index, questions] of sets.entries()) {
        const took = await timed(() => ask(questions[at]));
        if (run > 0) times[index]?.[at]?.push(took[what]);
      }
    }
  }
  return times.map((set) => set.map(quiet));
}

async function ask(question: Question | undefined): Promise<void> {
  try {
    await question?.ask();
  } catch (error) {
    throw new Error(`Cannot answer ${question?.label}: ${messageOf(error)}`);
  }
}

/** Bytes and number of the files below a folder whose name ends with `.parquet`. */
export function parquetBelow(folder: string): { files: number; bytes: number } {
  const total = { files: 0, bytes: 0 };
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) {
      const below = parquetBelow(path);
      total.files += below.files;
      total.bytes += below.bytes;
    } else if (entry.name.endsWith(".parquet")) {
      total.files++;
      total.bytes += Deno.statSync(path).size;
    }
  }
  return total;
}

/** Bytes of all files below a folder. */
export function bytesBelow(folder: string): number {
  let bytes = 0;
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    bytes += entry.isDirectory ? bytesBelow(path) : Deno.statSync(path).size;
  }
  return bytes;
}

/** A table of text: columns as wide as their widest cell, the first one to the left. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, index) => Math.max(all[index] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row.map((cell, index) =>
      index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)
    ).join("  ")
  ).join("\n");
}

/** Resident memory of a process in MB, now and at most since its start. */
export function memoryOf(pid: number): { nowMb: number; peakMb: number } {
  const text = Deno.readTextFileSync(`/proc/${pid}/status`);
  const kilobytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]);
  return { nowMb: kilobytes("VmRSS") / 1024, peakMb: kilobytes("VmHWM") / 1024 };
}
