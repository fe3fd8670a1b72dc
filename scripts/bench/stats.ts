// Second part of the benchmark: every report over many events of one site, all hot, then all cold,
// then with rollups of the closed days, beside a plain count of the same rows. Answers are
// computed each time, never cached.
import process from "node:process";
import { DAY_US } from "../../src/core/durations.ts";
import { messageOf } from "../../src/core/errors.ts";
import { sql } from "../../src/core/sql.ts";
import type { System } from "../../src/core/types.ts";
import { BREAKDOWNS } from "../../src/query/reports/breakdowns.ts";
import { Params } from "../../src/query/params.ts";
import { STANDARD_SETTINGS } from "../../src/query/parse.ts";
import type { Report } from "../../src/query/reports/report.ts";
import { REPORTS } from "../../src/query/reports/reports.ts";
import { Runner } from "../../src/query/run.ts";
import type { Storage } from "../../src/storage/open.ts";
import { realSystem } from "../../src/runtime/system.ts";
import { buildRollups, DAYS, fill, openBenchStorage, SITE } from "./fill.ts";

/** How many events, and how often each report is asked for. */
export interface StatsOptions {
  readonly events: number;
  readonly runs: number;
}

/** One thing to be timed. */
interface Question {
  readonly label: string;
  ask(): Promise<unknown>;
}

/** What reports need to be asked for, beside site and period. */
const PARAMS: Readonly<Record<string, string>> = {
  funnel: "steps=page:/pricing,page:/signup,event:signup&window=1 day",
  sequences: "steps=page:/,page:/pricing,event:signup",
  flow: "page=/",
  retention: "weeks=4",
};

/** Runs it and prints a table. */
export async function benchStats({ events, runs }: StatsOptions): Promise<void> {
  const system = realSystem({ format: "text", levelMin: "warn" });
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  const storage = await openBenchStorage(system, dataDir);
  try {
    console.log(`\nStatistics: period=30d of one site, median of ${runs}, nothing cached`);
    const untilMs = Date.now();
    const count = await fill(storage, system, { events, untilMs });
    const questions = questionsOver(storage, system, untilMs);
    const hot = await timeAll(questions, runs);
    console.log(`  ${count} events hot, process ${megabytes()} MB`);
    const flushMs = await timed(() => storage.flusher.flush());
    const cold = await timeAll(questions, runs);
    console.log(
      `  flushed in ${(flushMs / 1000).toFixed(1)} s to ${storage.fileCount()} files, ` +
        `process ${megabytes()} MB`,
    );
    const { user, system: kernel } = process.cpuUsage();
    let days = 0;
    const buildMs = await timed(async () => {
      days = (await buildRollups(storage, system)).days;
    });
    const used = process.cpuUsage({ user, system: kernel });
    const rolled = await timeAll(questions, runs);
    console.log(
      `  rollups of ${days} days in ${(buildMs / 1000).toFixed(1)} s, ` +
        `${((used.user + used.system) / count).toFixed(1)} µs of processor time an event`,
    );
    print(questions, hot, cold, rolled);
  } finally {
    await storage.close();
    await Deno.remove(dataDir, { recursive: true });
  }
}

const settings = () => Promise.resolve(STANDARD_SETTINGS);

function questionsOver(storage: Storage, { clock }: System, untilMs: number): Question[] {
  const runner = new Runner(storage.reader, { settings }, clock, {
    queryTimeoutMs: 120_000,
    cacheTtlMs: 0,
    cacheEntriesMax: 1,
    heavyMax: 10,
  });
  const breakdowns = Object.entries(BREAKDOWNS).map(([name, report]) =>
    [`breakdown/${name}`, report] as const
  );
  const reports: (readonly [string, Report])[] = [...Object.entries(REPORTS), ...breakdowns];
  const span = { fromUs: untilMs * 1000 - DAYS * DAY_US, toUs: untilMs * 1000 };
  const countRows: Question = {
    label: "select count(*)",
    ask: () => storage.reader.query(SITE, span, (events) => sql`select count(*) n from ${events}`),
  };
  return [
    countRows,
    ...reports.map(([name, report]): Question => {
      const text = `site_id=${SITE}&period=30d&${PARAMS[name] ?? ""}`;
      return {
        label: name,
        ask: () => runner.answer(name, report, SITE, new Params(new URLSearchParams(text))),
      };
    }),
  ];
}

async function timeAll(questions: readonly Question[], runs: number): Promise<number[]> {
  const medians: number[] = [];
  for (const { label, ask } of questions) {
    try {
      await ask();
      const times: number[] = [];
      for (let run = 0; run < runs; run++) times.push(await timed(ask));
      times.sort((a, b) => a - b);
      medians.push(times[Math.floor(runs / 2)] ?? NaN);
    } catch (error) {
      console.log(`  ${label} was not answered: ${messageOf(error)}`);
      medians.push(NaN);
    }
  }
  return medians;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function print(
  questions: readonly Question[],
  hot: readonly number[],
  cold: readonly number[],
  rolled: readonly number[],
): void {
  const cell = (times: readonly number[], index: number) => {
    const ms = times[index] ?? NaN;
    const ratio = ms / (times[0] ?? NaN);
    return `${ms.toFixed(1).padStart(8)} ${ratio.toFixed(1).padStart(7)}`;
  };
  console.log(`${"report".padEnd(24)} |   hot ms ×count | cold ms  ×count | rolled ms ×count`);
  questions.forEach(({ label }, index) => {
    console.log(
      `${label.padEnd(24)} | ${cell(hot, index)} | ${cell(cold, index)} | ${cell(rolled, index)}`,
    );
  });
}

function megabytes(): string {
  return (Deno.memoryUsage().rss / 2 ** 20).toFixed(0);
}
