// Opens what answers questions: the engine, the runner and the streams of live numbers.
import type { Config } from "../config/load.ts";
import type { Sql } from "../core/sql.ts";
import type { System } from "../core/types.ts";
import { Live } from "../api/stats/live.ts";
import type { Host } from "../runtime/host.ts";
import type { Drops } from "../ingest/drops.ts";
import { chooseEngine } from "../query/engine/choose.ts";
import { RollupBuilder } from "../query/rollups/builder.ts";
import { RecentVisits } from "../query/rollups/recent_visits.ts";
import { Runner } from "../query/run.ts";
import { rulesOfSites } from "../query/site_rules.ts";
import type { Sites } from "../sites/sites.ts";
import type { Storage } from "../storage/open.ts";

/** The parts that answer questions. */
export async function openQueries(
  config: Config,
  { clock, log, timings }: System,
  host: Host,
  storage: Storage,
  sites: Sites,
  drops: Drops,
) {
  const { reader, db, memory } = storage;
  const ask = (query: Sql) => db.query(query);
  const behavioral = await chooseEngine(config.behavioral, db.extensionFault, ask, log);
  const idDays = (site: string) => sites.settings(site).visitor_id_days;
  const visitorIdDays = config.suppress_visitor_id ? () => 0 : idDays;
  const rules = rulesOfSites(sites);
  const recent = new RecentVisits(storage, clock, log);
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
    visitorIdDays,
    listsVisits: (site) => sites.settings(site).visit_list,
    recent,
    sums: storage.sums,
    drops: (range) => drops.list(range),
    ...timings && {
      timed: (report, work) => timings.timed("question", report, clock, work),
    },
  });
  const rollups = new RollupBuilder(storage, rules, clock, log, {
    visitorIdDays,
    afterRun: () => recent.sweep(),
  });
  return { runner, behavioral, rollups, live: new Live(runner, reader, clock, log) };
}
