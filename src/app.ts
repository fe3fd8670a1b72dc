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
import { healthRoutes } from "./api/health.ts";
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
import { Jobs } from "./jobs.ts";
import type { Host } from "./host.ts";
import { jobTable } from "./job_table.ts";
import { STANDARD_SETTINGS } from "./query/parse.ts";
import { Runner } from "./query/run.ts";
import { healthOf, samplesOf, type State } from "./readings.ts";
import { createServer, type Peer } from "./server.ts";
import { openStorage, type Storage } from "./storage/open.ts";

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
    const stopping = new AbortController();
    const jobs = new Jobs(jobTable(config, system, host, storage, stopping.signal), clock, log);
    const state: State = { config, host, storage, buffer, pipeline, geoIsOwn, auth, runner, jobs };
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
    return {
      handle,
      stop: () => {
        stopping.abort();
        return stopAll(config, system, { jobs, buffer, storage, hasher });
      },
    };
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
