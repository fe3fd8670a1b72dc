// The values of /health/detailed and the samples of /metrics, from the parts that count them.
import type { Auth } from "../auth/auth.ts";
import type { Health, Sample } from "../api/health.ts";
import type { Live } from "../api/stats/live.ts";
import type { Host } from "./host.ts";
import type { Config } from "../config/load.ts";
import { type Timings, WORK, type WorkKind } from "../core/timings/timings.ts";
import type { Buffer } from "../ingest/buffer.ts";
import type { GeoFacts } from "../ingest/enrich/geoip.ts";
import type { Pipeline } from "../ingest/pipeline.ts";
import type { Jobs } from "./jobs.ts";
import type { EngineChoice } from "../query/engine/choose.ts";
import type { RollupBuilder } from "../query/rollups/builder.ts";
import type { Runner } from "../query/run.ts";
import type { Backups } from "../storage/backup/schedule.ts";
import type { Storage } from "../storage/open.ts";

/** The parts that are read. */
export interface TelemetryParts {
  readonly config: Config;
  readonly host: Host;
  readonly storage: Storage;
  readonly buffer: Buffer;
  readonly pipeline: Pipeline;
  readonly geoIsOwn: boolean;
  readonly geoFacts: GeoFacts | null;
  readonly auth: Auth;
  readonly runner: Runner;
  readonly rollups: RollupBuilder;
  readonly behavioral: EngineChoice;
  readonly live: Live;
  readonly jobs: Jobs;
  readonly backups: Backups;
}

/** The values of /health/detailed. */
export function healthOf(parts: TelemetryParts): Health {
  const { config, host, storage, buffer, geoIsOwn, auth, runner, behavioral } = parts;
  return {
    version: host.version,
    buffered_events: storage.hot.rows + buffer.size,
    auth_configured: auth.configured,
    geoip_loaded: geoIsOwn,
    behavioral_extension_loaded: behavioral.engine.name === "extension",
    filter_bots: config.filter_bots,
    cache_entries: runner.counts().entries,
    accepting: !buffer.failing,
    degraded: Object.entries(conditionsOf(parts)).filter(([, holds]) => holds)
      .map(([name]) => name),
    more: {
      ...connectionHealth(host),
      behavioral_engine: behavioral.engine.name,
      parquet_files: storage.fileCount(),
      quarantined_count: storage.quarantined().length,
      missing_count: storage.missing().paths.length,
      flush_failures: storage.flusher.counts.failures,
      compaction_failures: storage.compactor.counts.failures,
    },
    forReaders: {
      ...lakeHealth(storage),
      behavioral_verdict: behavioral.verdict,
      behavioral_extension_version: behavioral.version,
      sites: storage.reader.sites().length,
      quarantined_files: storage.quarantined(),
      missing_files: storage.missing().paths,
      files_not_adopted: Object.fromEntries(storage.refused()),
    },
  };
}

/** What stands in the way of the lake, and which snapshot of it is read. */
function lakeHealth({ lake, reader }: Storage): Record<string, unknown> {
  if (lake === null) return {};
  const { outOfReach, marked, clockOffMs } = lake.node;
  const behindMs = reader.behindSinceMs();
  return {
    lake: {
      snapshot: marked.snapshot,
      other_servers: marked.others.map(({ node }) => node).sort(),
      behind_since: behindMs === null ? null : new Date(behindMs).toISOString(),
      out_of_reach_since: outOfReach === null ? null : new Date(outOfReach.sinceMs).toISOString(),
      reason: outOfReach?.reason ?? null,
      clock_ahead_secs: clockOffMs === null ? null : Math.round(clockOffMs / 100) / 10,
    },
  };
}

/** What is wrong, by name: each makes the status `degraded` and has a gauge. */
function conditionsOf({ storage, buffer, backups }: TelemetryParts): Record<string, boolean> {
  return {
    events_refused: buffer.failing,
    flush_failing: storage.flusher.failing,
    ...storage.lake ? { lake_out_of_reach: !storage.lake.node.isWell } : {},
    ...storage.lake ? { lake_clock_off: storage.lake.node.isClockOff } : {},
    ...storage.shared ? { shared_out_of_reach: !storage.shared.isReached } : {},
    events_unreadable: storage.hot.unreadableCount > 0,
    duckdb_failed: storage.reopening.isUnderWay,
    files_in_quarantine: storage.quarantined().length > 0,
    disk_space_low: storage.space.isLow,
    files_missing: storage.missing().paths.length > 0 || storage.missing().isFolderGone,
    files_not_adopted: storage.refused().size > 0,
    clock_in_doubt: !storage.guard.trusts(),
    backup_failing: backups.isFailing,
  };
}

/** The limit of descriptors and what is open of it; empty in tests without a listener. */
function connectionHealth({ connections, descriptorLimit }: Host): Record<string, unknown> {
  if (!connections) return {};
  const { open, max, requests, requestsMax } = connections();
  return {
    descriptor_limit: descriptorLimit ?? null,
    connections_open: open,
    connections_max: max,
    requests_open: requests,
    requests_max: requestsMax,
  };
}

function connectionSamples({ connections, descriptorLimit }: Host): Sample[] {
  if (!connections) return [];
  const { open, max, timedOut, evicted, refused, requests, requestsMax } = connections();
  const gauge = (name: string, help: string, value: number): Sample => ({
    name: `mallard_${name}`,
    type: "gauge",
    help,
    value,
  });
  const closed = { timed_out: timedOut, evicted, refused };
  return [
    ...typeof descriptorLimit === "number"
      ? [gauge("descriptor_limit", "Files and connections that may be open.", descriptorLimit)]
      : [],
    gauge("connections_open", "Open connections.", open),
    gauge("connections_max", "Connections that may be open.", max),
    gauge("requests_open", "Requests in progress.", requests),
    gauge("requests_max", "Requests that may be in progress.", requestsMax),
    {
      name: "mallard_connections_closed_total",
      type: "counter",
      help: "Connections that were ended by a limit, by reason.",
      by: "reason",
      value: Object.entries(closed).map(([label, value]) => ({ label, value })),
    },
  ];
}

/** The build, and what it uses of the memory it may use. */
function processSamples({ version, memoryBytes, memoryUse }: Host): Sample[] {
  const gauge = (
    name: string,
    by: string,
    values: Record<string, number>,
    help: string,
  ): Sample => {
    const value = Object.entries(values).map(([label, value]) => ({ label, value }));
    return { name: `mallard_${name}`, type: "gauge", help, by, value };
  };
  return [
    gauge("build_info", "version", { [version]: 1 }, "The version of the program."),
    ...memoryUse
      ? [gauge("memory_bytes", "part", { ...memoryUse() }, "Memory of the process, by part.")]
      : [],
    ...memoryBytes === null ? [] : [{
      name: "mallard_memory_limit_bytes",
      type: "gauge" as const,
      help: "Memory that the process may use.",
      value: memoryBytes,
    }],
  ];
}

/** What is missing on disk, and its free space once that is known. */
function diskSamples({ space: { free }, missing }: Storage): Sample[] {
  const gauge = (name: string, help: string, value: number): Sample => ({
    name: `mallard_${name}`,
    type: "gauge",
    help,
    value,
  });
  const lacking = gauge("missing_files", "Parquet files missing on disk.", missing().paths.length);
  if (free === null) return [lacking];
  return [
    lacking,
    gauge("disk_free_bytes", "Free bytes where data_dir is.", free.bytes),
    gauge("disk_free_inodes", "Free inodes where data_dir is.", free.inodes),
  ];
}

/** Quarantined files by path. A path names a site, so this is left out where /metrics is public. */
function quarantinedByPath({ config, auth, storage }: TelemetryParts): Sample[] {
  if (auth.configured && config.metrics_token === null) return [];
  return [{
    name: "mallard_quarantined_file",
    type: "gauge",
    help: "A corrupt file in quarantine, by its path.",
    by: "path",
    value: storage.quarantined().map((label) => ({ label, value: 1 })),
  }];
}

function counter(name: string, value: Sample["value"], help: string): Sample {
  return { name: `mallard_${name}_total`, type: "counter", help, value };
}

function counterBy(
  name: string,
  by: string,
  counts: Readonly<Record<string, number>>,
  help: string,
): Sample {
  const values = Object.entries(counts).map(([label, value]) => ({ label, value }));
  return { ...counter(name, values, help), by };
}

function eventCounters({ buffer, pipeline }: TelemetryParts): Sample[] {
  return [
    counter("events_ingested", buffer.counts.accepted, "Events accepted."),
    counterBy("events_dropped", "reason", pipeline.drops, "Events not stored, by reason."),
    counterBy(
      "event_notices",
      "notice",
      pipeline.notices,
      "Fields dropped or cut of stored events, by notice.",
    ),
  ];
}

/** How long work takes, by kind. */
function timingSamples(timings: Timings | undefined): Sample[] {
  if (!timings) return [];
  return Object.entries<{ readonly by: string | null; readonly doc: string }>(WORK).map((
    [kind, { by, doc }],
  ) => ({
    name: `mallard_${kind}_seconds`,
    type: "histogram",
    help: doc,
    value: [],
    ...by === null ? {} : { by },
    histograms: timings.histograms(kind as WorkKind),
  }));
}

/** Events by where they are, and files by what is known of them. */
function tierSamples({ storage, buffer }: TelemetryParts): Sample[] {
  const gauge = (name: string, by: string, values: Record<string, number>, help: string) => ({
    name: `mallard_${name}`,
    type: "gauge" as const,
    help,
    by,
    value: Object.entries(values).map(([label, value]) => ({ label, value })),
  });
  return [
    gauge("unflushed_events", "where", {
      queue: buffer.size,
      hot: storage.hot.rows,
      held_back: storage.flusher.heldBackRows,
    }, "Events not yet in Parquet, by where they are; those held back are hot, too."),
    gauge("files", "state", {
      catalog: storage.fileCount(),
      quarantined: storage.quarantined().length,
      missing: storage.missing().paths.length,
      not_adopted: storage.refused().size,
    }, "Parquet files by state."),
  ];
}

/** The samples of /metrics. */
export function samplesOf(parts: TelemetryParts, timings?: Timings): Sample[] {
  const { storage, buffer, pipeline, auth, runner } = parts;
  const health = healthOf(parts);
  const cache = runner.counts();
  const gauge = (name: string, value: number | boolean, help: string): Sample => ({
    name: `mallard_${name}`,
    type: "gauge",
    help,
    value: Number(value),
  });
  return [
    gauge("buffered_events", health.buffered_events, "Events not yet in Parquet."),
    gauge("cache_entries", cache.entries, "Answers in the cache."),
    gauge("auth_configured", health.auth_configured, "1 when a password is set."),
    gauge("geoip_loaded", health.geoip_loaded, "1 when the owner's GeoIP database is in use."),
    gauge("filter_bots", health.filter_bots, "1 when robots are dropped."),
    gauge(
      "behavioral_extension",
      health.behavioral_extension_loaded,
      "1 when DuckDB's behavioral extension answers.",
    ),
    gauge("live_streams", parts.live.count, "Open streams of realtime numbers."),
    ...processSamples(parts.host),
    ...connectionSamples(parts.host),
    gauge("parquet_files", storage.fileCount(), "Parquet files in the catalog."),
    gauge("unreadable_events", storage.hot.unreadableCount, "Events that DuckDB does not take."),
    gauge("proposed_sites", storage.proposals.size, "New sites that wait for a decision."),
    gauge("clock_trusted", storage.guard.trusts(), "0 while the clock is in doubt."),
    gauge("sqlite_log_bytes", storage.logWatch.bytes, "Length of the log of mallard.sqlite."),
    gauge("quarantined_files", storage.quarantined().length, "Corrupt files in quarantine."),
    ...diskSamples(storage),
    ...quarantinedByPath(parts),
    {
      name: "mallard_degraded",
      type: "gauge",
      help: "1 for each reason why the server is degraded.",
      by: "reason",
      value: Object.entries(conditionsOf(parts)).map(([label, holds]) => ({
        label,
        value: Number(holds),
      })),
    },
    ...eventCounters(parts),
    ...tierSamples(parts),
    ...timingSamples(timings),
    counterBy("responses", "status", timings?.responses ?? {}, "Responses by status."),
    counter("journal_failures", buffer.counts.commitFailures, "Commits the disk refused."),
    counter("files_merged", storage.compactor.counts.merged, "Parquet files merged into others."),
    counter("compaction_failures", storage.compactor.counts.failures, "Merges that failed."),
    counter("rollup_days", parts.rollups.counts.days, "Days whose sums were made."),
    counter("rollup_failures", parts.rollups.counts.failures, "Sums of days that failed."),
    counter("log_lines_dropped", parts.host.droppedLogLines?.() ?? 0, "Log lines nobody read."),
    counterBy("job_failures", "job", parts.jobs.failures, "Failed runs of periodic work."),
    counter("duckdb_faults", storage.reopening.counts.faults, "Faults of DuckDB itself."),
    counter("flush_failures", storage.flusher.counts.failures, "Failures of flushing to Parquet."),
    counter("rate_limit_rejections", pipeline.drops.rate_limited, "Events over a site's rate."),
    counter("login_failures", auth.loginFailures, "Failed logins."),
    counter("cache_hits", cache.hits, "Answers from the cache."),
    counter("cache_misses", cache.misses, "Answers that were computed."),
  ];
}
