// The composition root: everything is made here, once, from the settings and the outside world,
// and handed down. createApp() gives one function that answers requests, and start and stop.
import { resolve } from "node:path";
import type { Config } from "./config.ts";
import { AppError, messageOf } from "./core/errors.ts";
import type { Route } from "./core/http.ts";
import type { System } from "./core/types.ts";
import { assetRoutes } from "./api/assets.ts";
import { Auth, authRoutes } from "./api/auth.ts";
import { eraseRoutes } from "./api/erase.ts";
import { isSecure, securityHeaders } from "./api/headers.ts";
import { type Health, healthRoutes, type Sample } from "./api/health.ts";
import { importRoutes } from "./api/import.ts";
import { ApiKeys, keyRoutes } from "./api/keys.ts";
import { readKeysFile } from "./api/keys_file.ts";
import { PasswordHasher } from "./api/password.ts";
import { privacyRoutes } from "./api/privacy_page.ts";
import { sitesRoutes } from "./api/sites.ts";
import { statsRoutes } from "./api/stats.ts";
import { wellKnownRoutes } from "./api/well_known.ts";
import { clientAddress, trustedProxies } from "./ingest/address.ts";
import { Robots } from "./ingest/bot.ts";
import { Buffer } from "./ingest/buffer.ts";
import { loadGeoIp } from "./ingest/geoip.ts";
import { ingestRoutes } from "./ingest/handler.ts";
import { Pipeline } from "./ingest/pipeline.ts";
import { RateLimit } from "./ingest/ratelimit.ts";
import { Timestamps } from "./ingest/timestamps.ts";
import { UserAgents } from "./ingest/useragent.ts";
import { loadSecret, VisitorIds } from "./ingest/visitor_id.ts";
import { type Job, Jobs } from "./jobs.ts";
import { STANDARD_SETTINGS } from "./query/parse.ts";
import { Runner } from "./query/run.ts";
import { createServer, type Peer } from "./server.ts";
import type { DuckDbModule } from "./storage/duckdb.ts";
import { openStorage, type Storage } from "./storage/open.ts";

/** What the app needs to know of the process it runs in. */
export interface Host {
  readonly version: string;
  readonly pid: number;
  /** Memory of the machine in bytes, or null when unknown. */
  readonly memoryBytes: number | null;
  /** Loads DuckDB; called once, at start. */
  readonly loadDuckDb: () => Promise<DuckDbModule>;
  /** Tells the owner the one-time token of the first setup. Never logged. */
  readonly tellSetupToken?: (token: string) => void;
}

/** The whole program behind one function. */
export interface App {
  /** Answers a request; before start() is done only /health is answered. Never rejects. */
  handle(request: Request, peer: Peer): Promise<Response>;
  /** Opens everything. Rejects with a sentence the owner can act on. */
  start(): Promise<void>;
  /** Lets nothing further in, writes what is hot to Parquet within the time allowed, closes. */
  stop(): Promise<void>;
}

const standardSites = { settings: () => Promise.resolve(STANDARD_SETTINGS) };
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Makes the app; nothing is touched before start(). */
export function createApp(config: Config, system: System, host: Host): App {
  let running: Running | null = null;
  const early = createServer(
    earlyRoutes(),
    { accessOf: () => ({ who: "nobody", rights: new Set(), sites: null }), authorize: () => {} },
    securityHeaders(config),
    { ...system, log: () => {} },
    { clientAddress: (peer) => peer, basePath: "", unknown: notReady },
  );
  return {
    handle: (request, peer) => (running?.handle ?? early)(request, peer),
    async start() {
      running = await openAll(config, system, host);
    },
    async stop() {
      const stopping = running;
      running = null;
      await stopping?.stop();
    },
  };
}

interface Running {
  readonly handle: App["handle"];
  readonly stop: App["stop"];
}

async function openAll(config: Config, system: System, host: Host): Promise<Running> {
  const { clock, files, log } = system;
  const dataDir = resolve(config.data_dir);
  const storage = await openStorage(system, host, { ...config, dataDir });
  try {
    const { buffer, pipeline, geoIsOwn } = await openIngest(config, system, storage, dataDir);
    const { auth, keys, hasher } = await openAccess(config, system, storage, host, dataDir);
    const runner = new Runner(storage.reader, standardSites, clock, {
      queryTimeoutMs: config.query_timeout_secs * 1000,
      cacheTtlMs: config.cache_ttl_secs * 1000,
      cacheEntriesMax: config.cache_max_entries,
      heavyMax: config.max_concurrent_queries,
    });
    const jobs = new Jobs(jobTable(config, system, storage), clock, log);
    const state = { config, host, storage, buffer, pipeline, geoIsOwn, auth, runner, jobs };
    const routes: Route[] = [
      ...ingestRoutes(pipeline, buffer, clock),
      ...importRoutes(pipeline, buffer, clock),
      ...statsRoutes(runner),
      ...sitesRoutes(storage.reader, { siteIds: config.site_ids }),
      ...authRoutes(auth),
      ...keyRoutes(keys, clock),
      ...eraseRoutes(
        (...range) => storage.eraser.erase(...range).finally(() => runner.forget()),
        storage.store,
        clock,
      ),
      ...privacyRoutes(config),
      ...healthRoutes(
        { health: () => healthOf(state), samples: () => samplesOf(state) },
        { metricsToken: config.metrics_token },
      ),
      ...wellKnownRoutes(clock, { dashboardOrigin: config.dashboard_origin }),
      ...await assetRoutes(files),
    ];
    const trusted = trustedProxies(config.trusted_proxies);
    const handle = createServer(routes, auth, securityHeaders(config), system, {
      clientAddress: (peer, headers) => clientAddress(peer, headers, trusted),
      basePath: "",
    });
    jobs.start();
    return { handle, stop: () => stopAll(config, system, { jobs, buffer, storage, hasher }) };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function openIngest(config: Config, system: System, storage: Storage, dataDir: string) {
  const { clock, files, log, random } = system;
  const secret = await loadSecret(files, random, {
    dataDir,
    fromEnvironment: config.secret,
  });
  const { geo, isOwn } = await loadGeoIp(files, log, {
    path: config.geoip_db_path,
    precision: config.geoip_precision,
  });
  const perSecond = config.rate_limit_per_site;
  const pipeline = new Pipeline({
    rates: perSecond > 0 ? new RateLimit(clock, { perSecond }) : null,
    robots: new Robots(),
    userAgents: new UserAgents(),
    geo,
    visitorIds: new VisitorIds(secret),
    timestamps: new Timestamps({
      roundToHour: config.round_timestamps,
      lastUs: storage.lastTimestampUs,
    }),
    random,
  }, config);
  const buffer = new Buffer(async (events) => {
    await storage.journal.append(events);
    if (storage.hot.rows >= config.flush_event_count) storage.flusher.flushSoon();
  }, log);
  return { buffer, pipeline, geoIsOwn: isOwn };
}

async function openAccess(
  config: Config,
  system: System,
  storage: Storage,
  host: Host,
  dataDir: string,
) {
  const { clock, files, log, random } = system;
  const imported = await readKeysFile(files, log, `${dataDir}/api_keys.json`);
  const keys = await ApiKeys.open(storage.store, clock, random, imported);
  const hasher = new PasswordHasher(random);
  const auth = await Auth.open(storage.store, hasher, keys, system, {
    ...config,
    secure: isSecure(config),
  });
  if (auth.setupToken !== null) host.tellSetupToken?.(auth.setupToken);
  return { auth, keys, hasher };
}

function jobTable(config: Config, { clock, log }: System, storage: Storage): Job[] {
  const { hot, flusher, cold, eraser, reader } = storage;
  const expire = async () => {
    for (const site of reader.sites()) {
      const counts = await eraser.expire(site, config.retention_days, clock.nowMs());
      const partitions = counts.parquet_partitions_deleted;
      if (partitions + counts.db_records_deleted > 0) {
        log("info", "Expired old events", { site_id: site, ...counts });
      }
    }
  };
  const jobs: Job[] = [
    { name: "hot", everyMs: 1000, run: () => hot.sync() },
    { name: "flush", everyMs: config.flush_interval_secs * 1000, run: () => flusher.flush() },
    {
      name: "adopt",
      everyMs: MINUTE_MS / 2,
      run: async () => {
        await cold.adopt();
        await cold.sweep();
      },
    },
  ];
  if (config.retention_days > 0) {
    jobs.push({ name: "expire", everyMs: DAY_MS, run: expire, atStart: true });
  }
  return jobs;
}

async function stopAll(
  config: Config,
  { clock, log }: System,
  parts: { jobs: Jobs; buffer: Buffer; storage: Storage; hasher: PasswordHasher },
): Promise<void> {
  const { jobs, buffer, storage, hasher } = parts;
  const done = new AbortController();
  const finish = async () => {
    await buffer.drain();
    await jobs.stop();
    await storage.flusher.flush();
    return true;
  };
  const late = clock.sleep(config.shutdown_timeout_secs * 1000, done.signal).then(() => false);
  const inTime = await Promise.race([finish(), late]).catch((error) => {
    log("error", `Cannot stop cleanly: ${messageOf(error)}`);
    return true;
  });
  done.abort();
  if (!inTime) {
    log("warn", "Stopping before everything hot is in Parquet: it stays in the journal");
  }
  hasher.close();
  await storage.close();
}

interface State {
  readonly config: Config;
  readonly host: Host;
  readonly storage: Storage;
  readonly buffer: Buffer;
  readonly pipeline: Pipeline;
  readonly geoIsOwn: boolean;
  readonly auth: Auth;
  readonly runner: Runner;
  readonly jobs: Jobs;
}

function healthOf({ config, host, storage, buffer, geoIsOwn, auth, runner }: State): Health {
  return {
    version: host.version,
    buffered_events: storage.hot.rows + buffer.size,
    auth_configured: auth.configured,
    geoip_loaded: geoIsOwn,
    behavioral_extension_loaded: false,
    filter_bots: config.filter_bots,
    cache_entries: runner.counts().entries,
    accepting: !buffer.failing,
    more: {
      sites: storage.reader.sites().length,
      parquet_files: storage.fileCount(),
      quarantined_files: storage.quarantined(),
      flush_failures: storage.flusher.counts.failures,
    },
  };
}

function samplesOf(state: State): Sample[] {
  const { storage, buffer, pipeline, auth, runner } = state;
  const health = healthOf(state);
  const cache = runner.counts();
  const gauge = (name: string, value: number | boolean, help: string): Sample => ({
    name: `mallard_${name}`,
    type: "gauge",
    help,
    value: Number(value),
  });
  const counter = (name: string, value: Sample["value"], help: string, by?: string): Sample => ({
    name: `mallard_${name}_total`,
    type: "counter",
    help,
    value,
    ...(by ? { by } : {}),
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
    gauge("parquet_files", storage.fileCount(), "Parquet files in the catalog."),
    gauge("quarantined_files", storage.quarantined().length, "Damaged files set aside."),
    counter("events_ingested", buffer.counts.accepted, "Events accepted."),
    counter(
      "events_dropped",
      Object.entries(pipeline.drops).map(([label, value]) => ({ label, value })),
      "Events not stored, by reason.",
      "reason",
    ),
    counter("journal_failures", buffer.counts.commitFailures, "Commits the disk refused."),
    counter("flush_failures", storage.flusher.counts.failures, "Failures of flushing to Parquet."),
    counter("rate_limit_rejections", pipeline.drops.rate_limited, "Events over a site's rate."),
    counter("login_failures", auth.loginFailures, "Failed logins."),
    counter("cache_hits", cache.hits, "Answers from the cache."),
    counter("cache_misses", cache.misses, "Answers that were computed."),
  ];
}

function notReady(): AppError {
  return new AppError("unavailable", "Cannot answer yet: the server is starting", {
    "retry-after": "1",
  });
}

function earlyRoutes(): Route[] {
  const text = (body: string, status: number) =>
    new Response(body, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
  return [
    { method: "GET", path: "/health", right: "public", handle: () => text("ok", 200) },
    {
      method: "GET",
      path: "/health/ready",
      right: "public",
      handle: () => text("database not ready", 503),
    },
  ];
}
