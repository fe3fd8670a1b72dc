// Opens what answers questions: the engine, the runner and the streams of live numbers.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import { MINUTE_US } from "../core/durations.ts";
import type { Sql } from "../core/sql.ts";
import type { System } from "../core/types.ts";
import { Live } from "../api/stats/live.ts";
import type { Host } from "../runtime/host.ts";
import type { Drops } from "../ingest/drops.ts";
import { chooseEngine } from "../query/engine/choose.ts";
import { Explore, type SandboxOptions } from "../query/explore/explore.ts";
import { RollupBuilder } from "../query/rollups/builder.ts";
import { RecentVisits } from "../query/rollups/recent_visits.ts";
import { SumsInMemory } from "../query/rollups/sums_in_memory.ts";
import { Runner } from "../query/run.ts";
import { rulesOfSites } from "../query/site_rules.ts";
import { lifeOf, type ServerIds } from "../sites/id_life.ts";
import type { Sites } from "../sites/sites.ts";
import { Db } from "../storage/duckdb.ts";
import { spillLimitOf } from "../storage/memory.ts";
import type { Storage } from "../storage/open.ts";

const SQL_SPILL = "1GiB";

/** What runs the statements of owners; null where the settings say that none do. */
export async function openExplore(
  config: Config,
  { clock, files, random }: System,
  host: Host,
  { reader, memory }: Storage,
  sites: Sites,
  stopping: AbortSignal,
): Promise<Explore | null> {
  if (!config.sql_enabled) return null;
  const dataDir = resolve(config.data_dir);
  const openDb = async (options: SandboxOptions) =>
    await Db.open(await host.loadDuckDb(), clock, {
      ...options,
      memoryLimit: memory.sqlLimit,
      spillLimit: spillLimitOf(SQL_SPILL, await files.space(dataDir).catch(() => null)),
      // Events and reports come first.
      threads: 1,
      readers: 1,
      keepsOrder: true,
    });
  const scopeOf = (site: string) => {
    const { timezone, visit_timeout_minutes } = sites.settings(site);
    return { zone: timezone, gapUs: visit_timeout_minutes * MINUTE_US };
  };
  const parts = { reader, files, random, clock, openDb, scopeOf };
  const timeoutMs = config.sql_timeout_secs * 1000;
  return await Explore.open(parts, { folder: `${dataDir}/.sql`, timeoutMs, stopping });
}

/** The parts that answer questions. */
export async function openQueries(
  config: Config,
  { clock, log, timings }: System,
  host: Host,
  storage: Storage,
  sites: Sites,
  { drops, serverIds }: { readonly drops: Drops; readonly serverIds: ServerIds },
) {
  const { reader, db, memory } = storage;
  const ask = (query: Sql) => db.query(query);
  const behavioral = await chooseEngine(config.behavioral, db.extensionFault, ask, log);
  const ownDays = (site: string) => sites.settings(site).visitor_id_days;
  const visitorIdDays = config.suppress_visitor_id ? () => 0 : ownDays;
  const idLife = (site: string) =>
    lifeOf(ownDays(site), sites.declared(site)?.idChanges ?? [], serverIds);
  const rules = rulesOfSites(sites);
  const recent = new RecentVisits(storage, clock, log);
  const closed = new SumsInMemory(storage, clock, log);
  const runner = new Runner(reader, rules, clock, {
    explain: host.isDevelopment ?? false,
    queryTimeoutMs: config.query_timeout_secs * 1000,
    cacheTtlMs: config.cache_ttl_secs * 1000,
    cacheEntriesMax: config.cache_max_entries,
    heavyMax: config.max_concurrent_queries,
    slots: memory.slots,
    ownerSlots: memory.ownerSlots,
    cacheCharsMax: memory.cacheCharsMax,
    engine: behavioral.engine,
    idLife,
    listsVisits: (site) => sites.settings(site).visit_list,
    recent,
    closed,
    sums: storage.sums,
    drops: (range) => drops.list(range),
    ...timings && {
      timed: (report, work) => timings.timed("question", report, clock, work),
    },
  });
  const rollups = new RollupBuilder(storage, rules, clock, log, {
    visitorIdDays,
    afterRun: async () => {
      await recent.sweep();
      await closed.sweep();
    },
  });
  return { runner, behavioral, rollups, live: new Live(runner, reader, clock, log) };
}
