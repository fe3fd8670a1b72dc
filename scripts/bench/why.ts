// Part of the benchmark: how long it takes to say why a number changed, over a month of many events
// beside the month before, with what a server has made by then: rollups of the closed days, and the
// visits of the running day. Processor time is told, too: it says the same on a machine that does
// something else besides.
import process from "node:process";
import { CHANGING_NAMES } from "../../src/query/reports/change/changing.ts";
import { Params } from "../../src/query/params.ts";
import { STANDARD_SETTINGS } from "../../src/query/parse.ts";
import { RecentVisits } from "../../src/query/rollups/recent_visits.ts";
import { REPORTS } from "../../src/query/reports/reports.ts";
import { Runner } from "../../src/query/run.ts";
import { realSystem } from "../../src/runtime/system.ts";
import { buildRollups, DAYS, fill, openBenchStorage, SITE } from "./fill.ts";
import type { StatsOptions } from "./stats.ts";

/** Runs it and prints a table. */
export async function benchWhy({ events, runs }: StatsOptions): Promise<void> {
  const system = realSystem({ format: "text", levelMin: "warn" });
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  const storage = await openBenchStorage(system, dataDir);
  try {
    const count = await fill(storage, system, { events, untilMs: Date.now(), days: 2 * DAYS });
    await storage.flusher.flush();
    await buildRollups(storage, system);
    const settings = () => Promise.resolve(STANDARD_SETTINGS);
    const runner = new Runner(storage.reader, { settings }, system.clock, {
      queryTimeoutMs: 120_000,
      cacheTtlMs: 0,
      cacheEntriesMax: 1,
      heavyMax: 10,
      recent: new RecentVisits(storage, system.clock, system.log),
    });
    const text = `site_id=${SITE}&period=${DAYS}d&compare=previous_period`;
    const ask = (metric: string) =>
      runner.answer(
        "why",
        REPORTS.why,
        SITE,
        new Params(new URLSearchParams(`${text}&metric=${metric}`)),
      );
    console.log(
      `\nWhy: ${DAYS} days beside those before, ${count} events, median of ${runs}, nothing cached`,
    );
    console.log(`${"metric".padEnd(24)} |   wall ms |  user+sys ms`);
    for (const metric of CHANGING_NAMES) {
      await ask(metric);
      const walls: number[] = [];
      const used: number[] = [];
      for (let run = 0; run < runs; run++) {
        const before = process.cpuUsage();
        const startMs = performance.now();
        await ask(metric);
        walls.push(performance.now() - startMs);
        const { user, system: kernel } = process.cpuUsage(before);
        used.push((user + kernel) / 1000);
      }
      const cell = (times: number[]) => medianOf(times).toFixed(0).padStart(9);
      console.log(`${metric.padEnd(24)} | ${cell(walls)} | ${cell(used)}`);
    }
  } finally {
    await storage.close();
    await Deno.remove(dataDir, { recursive: true });
  }
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN;
}
