// The data that reports are benchmarked over: a month of lifelike traffic of one site, brought in
// through the same steps as any import.
import type { Event } from "../../src/core/event.ts";
import type { System } from "../../src/core/types.ts";
import { loadGeoIp } from "../../src/ingest/enrich/geoip.ts";
import { readFields } from "../../src/ingest/formats/mallard.ts";
import { STANDARD_SETTINGS } from "../../src/query/parse.ts";
import { RollupBuilder } from "../../src/query/rollups/builder.ts";
import { openStorage, type Storage } from "../../src/storage/open.ts";
import { openPipeline } from "../../tests/support/pipeline.ts";
import { siteProfiles, traffic } from "../../src/cli/seed/traffic.ts";

/** Days the traffic spreads over. */
export const DAYS = 30;
/** The site it is of. */
export const SITE = siteProfiles(1)[0]?.domain ?? "";
const BATCH = 5_000;
/** Events of the site in 30 days for each visitor of a common working day. */
const EVENTS_A_VISITOR = 59;

/** Opens a folder as the server does. */
export function openBenchStorage(system: System, dataDir: string): Promise<Storage> {
  return openStorage(system, {
    pid: Deno.pid,
    memoryBytes: Deno.systemMemoryInfo().total,
    loadDuckDb: () => import("@duckdb/node-api"),
  }, { dataDir, memory_limit: null, threads: null });
}

/** Makes what is derived of closed days, as a server does in the background. */
export async function buildRollups(
  storage: Storage,
  { clock, log }: Pick<System, "clock" | "log">,
): Promise<RollupBuilder["counts"]> {
  const settings = { settings: () => Promise.resolve(STANDARD_SETTINGS) };
  const builder = new RollupBuilder(storage, settings, clock, log, { visitorIdDays: () => 1 });
  await builder.run(new AbortController().signal);
  return builder.counts;
}

/** Brings about so many events in for every 30 days; resolves with their number. All are hot. */
export async function fill(
  storage: Storage,
  system: System,
  { events, untilMs, days = DAYS }: { events: number; untilMs: number; days?: number },
): Promise<number> {
  const { geo } = await loadGeoIp(system.files, system.log, { path: null, precision: "country" });
  const pipeline = openPipeline(system, geo, { secret: "bench" });
  const visitorsPerDay = Math.ceil(events / EVENTS_A_VISITOR);
  const visits = pipeline.pastVisits();
  let batch: Event[] = [];
  let count = 0;
  const send = async () => {
    await storage.append(batch);
    count += batch.length;
    batch = [];
  };
  for (const day of traffic({ seed: 1, untilMs, days, sites: 1, visitorsPerDay })) {
    for (const event of day) {
      const checked = readFields(event);
      if ("fault" in checked) throw new Error(checked.fault.message);
      const outcome = pipeline.runPast(checked.value, {
        atMs: event.at,
        address: event.ip,
        userAgent: event.ua,
      }, visits);
      if ("event" in outcome) batch.push(outcome.event);
      if (batch.length === BATCH) await send();
    }
  }
  await send();
  return count;
}
