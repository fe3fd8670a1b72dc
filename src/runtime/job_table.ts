// The periodic work of a running server: a row for each job, run by jobs.ts.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../core/durations.ts";
import type { System } from "../core/types.ts";
import type { Refusals } from "../http/refusals.ts";
import type { Drops } from "../ingest/drops.ts";
import type { Identity } from "../ingest/identity/identity.ts";
import type { SiteAdmission } from "../sites/admission.ts";
import type { NewSites } from "../sites/new_sites.ts";
import type { Sites } from "../sites/sites.ts";
import type { Backups } from "../storage/backup/schedule.ts";
import type { LakeParts } from "../storage/lake/parts.ts";
import type { Storage } from "../storage/open.ts";
import { pruneUpgradeCopies } from "../storage/state/upgrade_copy.ts";
import type { Host } from "./host.ts";
import type { Job } from "./jobs.ts";

const COMPACTION = { delayMs: 5 * MINUTE_MS, everyMs: MINUTE_MS };
/** When what only the start used is not needed any more. */
const RELEASE = { delayMs: 5 * SECOND_MS, everyMs: HOUR_MS };
/** Merging and cleaning up in a lake. */
const UPKEEP = { delayMs: 10 * MINUTE_MS, everyMs: HOUR_MS / 2 };
const ROLLUPS = { delayMs: MINUTE_MS / 2, everyMs: MINUTE_MS };

/** The parts that have periodic work. */
export interface JobParts {
  readonly config: Config;
  readonly host: Pick<Host, "compaction" | "releaseMemory" | "orderThreads">;
  readonly storage: Storage;
  readonly backups: Backups;
  readonly sites: Sites;
  readonly newSites: Pick<NewSites, "applyDecisions" | "share">;
  readonly admission: Pick<SiteAdmission, "forgetIdle">;
  readonly drops: Drops;
  readonly identity: Identity;
  /** Null where addresses have no rate limit. */
  readonly addressRates: { forgetFull(): void } | null;
  readonly auth: { forgetAddresses(): void; takeUpPassword(): Promise<void> };
  readonly refusals: Refusals;
  readonly imports: { runWaiting(signal: AbortSignal): Promise<void> };
  readonly rollups: { run(signal: AbortSignal): Promise<void> };
}

/** Every job. `stopping` aborts those that may take long. */
export function jobTable(system: System, parts: JobParts, stopping: AbortSignal): Job[] {
  const { config, host, storage, backups, drops, identity, newSites } = parts;
  const compaction = host.compaction ?? (storage.lake ? UPKEEP : COMPACTION);
  const compact = startingAfter(system, compaction.delayMs)(() => storage.compactor.run(stopping));
  const rollUp = startingAfter(system, ROLLUPS.delayMs)(() => addUp(parts, stopping));
  return [
    { name: "hot", everyMs: SECOND_MS, run: () => syncHot(storage) },
    ...storage.lake ? lakeJobs(parts, storage.lake) : localJobs(parts, stopping),
    // A server that answers no questions does not read the lake.
    ...storage.lake?.node.answers === false
      ? []
      : [{ name: "rollups", everyMs: ROLLUPS.everyMs, run: rollUp }],
    { name: "compact", everyMs: compaction.everyMs, run: compact },
    { name: "imports", everyMs: SECOND_MS, run: () => runImports(parts, stopping) },
    { name: "expire", everyMs: DAY_MS, atStart: true, run: () => expireEvents(system, parts) },
    {
      name: "log",
      everyMs: MINUTE_MS,
      run: () => storage.space.check().then(() => storage.logWatch.check()),
    },
    { name: "clock", everyMs: MINUTE_MS, run: () => confirmClock(system, parts) },
    { name: "drops", everyMs: MINUTE_MS, run: () => drops.flush() },
    { name: "identity", everyMs: MINUTE_MS, run: () => identity.rotate() },
    {
      name: "site decisions",
      everyMs: 5 * SECOND_MS,
      run: () => newSites.applyDecisions().then(() => newSites.share()),
    },
    { name: "password", everyMs: SECOND_MS, run: () => parts.auth.takeUpPassword() },
    { name: "addresses", everyMs: MINUTE_MS, run: () => forgetAddresses(parts) },
    { name: "refusals", everyMs: MINUTE_MS, run: () => reportRefusals(system, parts) },
    {
      name: "upgrade_copies",
      everyMs: DAY_MS,
      atStart: true,
      run: () => pruneUpgradeCopies(system, storage.store, resolve(config.data_dir)),
    },
    {
      name: "backup_folder",
      everyMs: DAY_MS,
      atStart: true,
      run: () => backups.warnOfOtherStore(),
    },
    {
      name: "memory",
      everyMs: RELEASE.everyMs,
      atStart: true,
      run: () => system.clock.sleep(RELEASE.delayMs, stopping).then(() => host.releaseMemory?.()),
    },
    {
      name: "threads",
      everyMs: SECOND_MS,
      run: () => Promise.resolve(host.orderThreads?.()),
    },
    { name: "backup", everyMs: 10 * MINUTE_MS, run: () => backupIfDue(parts) },
  ];
}

function lakeJobs({ config }: JobParts, { flusher, node }: LakeParts): Job[] {
  const flushMs = config.lake_flush_interval_secs * SECOND_MS;
  return [
    { name: "flush", everyMs: flushMs, run: () => flusher.flush() },
    {
      name: "lake",
      everyMs: config.hot_peers_secs * SECOND_MS,
      atStart: true,
      run: () => flusher.follow(),
    },
    { name: "lake clock", everyMs: MINUTE_MS, run: () => node.checkClock() },
  ];
}

/** What is to be done with Parquet files in DATA_DIR. */
function localJobs({ config, storage }: JobParts, stopping: AbortSignal) {
  const { flusher, parquet, pathHistory } = storage;
  const flushMs = config.flush_interval_secs * SECOND_MS;
  return [
    { name: "flush", everyMs: flushMs, run: () => flusher.flush() },
    {
      name: "adopt",
      everyMs: MINUTE_MS / 2,
      run: () => parquet.adopt().then(() => parquet.sweep()),
    },
    { name: "path history", everyMs: SECOND_MS, run: () => pathHistory.run(stopping) },
  ] satisfies Job[];
}

/** Nothing while DuckDB is opened again: all events are loaded then. */
async function syncHot({ hot, reopening }: Storage): Promise<void> {
  if (!reopening.isUnderWay) await hot.sync();
}

/** Nothing while the lake cannot be read, or where nobody asks. */
async function addUp({ storage, rollups }: JobParts, stopping: AbortSignal): Promise<void> {
  if (storage.lake?.node.isReadable ?? true) await rollups.run(stopping);
}

/** What is stopped goes on at the next start. */
async function runImports({ imports }: JobParts, stopping: AbortSignal): Promise<void> {
  try {
    await imports.runWaiting(stopping);
  } catch (error) {
    if (!stopping.aborted) throw error;
  }
}

/** Work that starts a while after the server, when its first requests are answered. */
function startingAfter(
  { clock }: System,
  delayMs: number,
): (work: () => Promise<void>) => () => Promise<void> {
  const fromMs = clock.nowMs() + delayMs;
  return (work) => async () => {
    if (clock.nowMs() >= fromMs) await work();
  };
}

async function expireEvents(
  { clock, log }: System,
  { config, storage, sites }: JobParts,
): Promise<void> {
  const proposed = storage.proposals.list().map(({ site_id }) => site_id);
  const all = [...new Set([...storage.reader.sites(), ...proposed])].map((site) => ({
    site,
    days: sites.settings(site).retention_days ?? config.retention_days,
  }));
  const expire = () => storage.expiry.expireAll(all, clock.nowMs(), log);
  try {
    // Of several servers over a lake one does it.
    await (storage.lake ? storage.lake.upkeep.whileExpiring(expire) : expire());
  } finally {
    await storage.expiry.emptyTrash(clock.nowMs(), log);
  }
}

/** Expires what was due as soon as the clock is trusted again. */
async function confirmClock(system: System, parts: JobParts): Promise<void> {
  if (await parts.storage.guard.confirm()) await expireEvents(system, parts);
}

/** Addresses leave the memory when no rate limit and no lockout needs them. */
function forgetAddresses({ addressRates, admission, auth }: JobParts): Promise<void> {
  admission.forgetIdle();
  addressRates?.forgetFull();
  auth.forgetAddresses();
  return Promise.resolve();
}

function reportRefusals({ log }: System, { refusals }: JobParts): Promise<void> {
  refusals.report(log);
  return Promise.resolve();
}

/** Runs more often than backups are due: a restart or a failure never costs a whole interval. */
async function backupIfDue({ config, backups }: JobParts): Promise<void> {
  const hours = config.backup_interval_hours;
  if (hours !== null) await backups.makeIfDue(hours * HOUR_MS);
}
