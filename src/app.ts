// The composition root: all parts are made here, once, from the settings and the system, and passed
// to each other. createApp() returns a function that answers requests, and start and stop.
import { resolve } from "node:path";
import type { Config } from "./config/load.ts";
import { weakSecrets } from "./config/weak_secrets.ts";
import { MINUTE_MS } from "./core/durations.ts";
import { messageOf } from "./core/errors.ts";
import { Refusals } from "./http/refusals.ts";
import type { Route } from "./http/route.ts";
import type { Sql } from "./core/sql.ts";
import type { Clock, Files, System } from "./core/types.ts";
import { Auth } from "./auth/auth.ts";
import { isSecure, securityHeaders } from "./http/headers.ts";
import { ApiKeys } from "./auth/api_keys.ts";
import { readKeysFile } from "./auth/api_keys_file.ts";
import type { Erase } from "./api/data/erase.ts";
import { routesOf } from "./api/routes.ts";
import { Live } from "./api/stats/live.ts";
import { PasswordHasher } from "./auth/password.ts";
import { assetRoutes, TRACKER_PATH } from "./api/pages/assets.ts";
import { privacyRoutes } from "./api/pages/privacy_page.ts";
import { acceptingRoutes, notReady, startingRoutes } from "./api/pages/starting.ts";
import { wellKnownRoutes } from "./api/pages/well_known.ts";
import type { Host } from "./runtime/host.ts";
import { clientAddress, trustedProxies } from "./net/proxies.ts";
import { Robots } from "./ingest/enrich/robot.ts";
import { Buffer } from "./ingest/buffer.ts";
import { Drops } from "./ingest/drops.ts";
import { ingestRoutes } from "./ingest/handler.ts";
import { loadGeoIp } from "./ingest/enrich/geoip.ts";
import type { IdentityRules, SeenVisitor } from "./ingest/identity/carried_visits.ts";
import {
  continuingVisitors,
  derivedIdentity,
  destroyAllSalts,
  type Identity,
  randomIdentity,
  type SeenSince,
} from "./ingest/identity/identity.ts";
import { Pipeline } from "./ingest/pipeline.ts";
import { RateLimit } from "./net/rate_limit.ts";
import { Timestamps } from "./ingest/timestamps.ts";
import { UserAgents } from "./ingest/enrich/user_agent.ts";
import { loadSecret, VisitorIds } from "./ingest/identity/visitor_id.ts";
import { Jobs } from "./runtime/jobs.ts";
import { jobTable } from "./runtime/job_table.ts";
import { chooseEngine, extensionOptions } from "./query/engine/choose.ts";
import { Runner } from "./query/run.ts";
import { rulesOfSites } from "./query/site_rules.ts";
import { healthOf, samplesOf } from "./runtime/telemetry.ts";
import { createServer, type Gate, type Peer, type ServerOptions } from "./http/server.ts";
import { SiteAdmission } from "./sites/admission.ts";
import { NewSites } from "./sites/new_sites.ts";
import { masksOf } from "./sites/settings.ts";
import { Sites } from "./sites/sites.ts";
import { ExportFiles } from "./storage/backup/export_file.ts";
import { Backups } from "./storage/backup/schedule.ts";
import { Db } from "./storage/duckdb.ts";
import { openUnfilled, type Storage } from "./storage/open.ts";
import { ALL_DATES } from "./storage/tiers/erase.ts";
import { removeUpgradeCopies } from "./storage/state/upgrade_copy.ts";

/** The whole program behind one function. */
export interface App {
  /** Answers a request; until start() is done /health, pages and events alone. Never rejects. */
  handle(request: Request, peer: Peer): Promise<Response>;
  /** The routes of a started program. */
  routes(): readonly Pick<Route, "method" | "path" | "right">[];
  /** Opens everything. Rejects with a sentence the owner can act on. */
  start(): Promise<void>;
  /** Ends the streams of live numbers. */
  endStreams(): void;
  /** Stops accepting, writes hot events to Parquet within shutdown_timeout_secs, closes. */
  stop(): Promise<void>;
}

/** How long to wait for interrupted queries. */
const CLOSE_MS_MAX = 5000;
/** Memory in which the files of a backup are read. */
const BACKUP_MEMORY = "256MB";

/** Makes the app; nothing is touched before start(). */
export function createApp(config: Config, system: System, given: Host): App {
  let running: Running | null = null;
  let accepting: Accepting | null = null;
  let loading: ReturnType<Host["loadDuckDb"]> | undefined;
  const host: Host = { ...given, loadDuckDb: () => loading ??= given.loadDuckDb() };
  let reading: Promise<readonly Route[]> | undefined;
  const assets = () => reading ??= assetRoutes(system.files);
  const earlyServer = (read: readonly Route[]) =>
    serverOf(
      config,
      { ...system, log: () => {} },
      [...startingRoutes(system.clock, config, assets), ...read],
      { accessOf: () => ({ who: "nobody", rights: new Set(), sites: null }), authorize: () => {} },
      { unknown: notReady },
    );
  let early = earlyServer([]);
  const serveEarly = (found: readonly Route[]) => {
    early = earlyServer(found.filter(({ path }) => path !== TRACKER_PATH));
  };
  return {
    handle: (request, peer) => (running?.handle ?? accepting?.handle ?? early)(request, peer),
    routes: () => running?.routes ?? [],
    async start() {
      try {
        // Without them openAll rejects.
        assets().then(serveEarly, () => {});
        running = await openAll(config, system, host, assets, (now) => accepting = now);
      } finally {
        accepting = null;
      }
    },
    endStreams: () => running?.endStreams(),
    async stop() {
      const stopping = running;
      running = null;
      // What was accepted while the app was starting is in the journal.
      if (!stopping) await accepting?.drain();
      await stopping?.stop();
    },
  };
}

/** An app that takes events, but has no statistics yet. */
interface Accepting {
  readonly handle: App["handle"];
  /** Resolves when every event that came is answered. */
  readonly drain: () => Promise<void>;
}

type OnAccepting = (accepting: Accepting) => void;
type Assets = () => Promise<readonly Route[]>;

interface Running {
  readonly routes: readonly Route[];
  readonly handle: App["handle"];
  readonly endStreams: App["endStreams"];
  readonly stop: App["stop"];
}

async function openAll(
  config: Config,
  system: System,
  host: Host,
  assets: Assets,
  onAccepting: OnAccepting,
): Promise<Running> {
  await refuseWeakSecrets(config, system);
  const storage = await openUnfilled(system, host, {
    ...config,
    dataDir: resolve(config.data_dir),
    ...(config.behavioral === "extension"
      ? { extension: extensionOptions(config.behavioral_extension_path) }
      : {}),
  });
  try {
    return await openParts(config, system, host, storage, await assets(), onAccepting);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** What may be in a folder without data: made by the system, or by the program before it opens. */
const NO_DATA: readonly string[] = [".native", "lost+found"];

/** Refuses to begin with weak secrets. Where there is data they are in use: the start warns. */
async function refuseWeakSecrets(config: Config, { files }: System): Promise<void> {
  const [weak] = weakSecrets(config);
  if (weak === undefined) return;
  const found = await files.list(resolve(config.data_dir));
  if (found.some(({ name }) => !NO_DATA.includes(name))) return;
  throw new Error(`Cannot start with an empty data_dir: ${weak.sentence}`);
}

async function openParts(
  config: Config,
  system: System,
  host: Host,
  storage: Storage,
  assets: readonly Route[],
  onAccepting: OnAccepting,
): Promise<Running> {
  const { clock, log } = system;
  const sites = await Sites.open(storage.store, clock);
  const stopping = new AbortController();
  const ingest = await openIngest(config, system, storage, sites);
  const access = await openAccess(config, system, host, storage, sites);
  onAccepting(acceptEvents(config, system, storage, { sites, assets, ...ingest, ...access }));
  await host.beforeFill?.();
  await storage.fill();
  const parts = {
    config,
    host,
    storage,
    sites,
    assets,
    backups: openBackups(config, system, host, storage, stopping.signal),
    ...ingest,
    ...access,
    ...await openQueries(config, system, host, storage, sites, ingest.drops),
  };
  const newSites = await openNewSites(config, system, parts);
  const refusals = new Refusals();
  const jobParts = { ...parts, newSites, refusals };
  const jobs = new Jobs(jobTable(system, jobParts, stopping.signal), clock, log);
  const routes = await makeRoutes(system, { ...parts, newSites, jobs }, stopping.signal);
  const handle = serverOf(config, system, routes, parts.auth, { refusals });
  jobs.start();
  const stop = async () => {
    stopping.abort();
    parts.live.close();
    await finishWork(system, { ...parts, newSites, jobs });
    parts.hasher.close();
    await closeStorage(system, storage);
    refusals.report(log);
  };
  return { routes, handle, endStreams: () => parts.live.close(), stop };
}

/** Answers requests by some routes, as the settings say. */
function serverOf(
  config: Config,
  system: System,
  routes: readonly Route[],
  gate: Gate,
  options: Pick<ServerOptions, "unknown" | "refusals">,
): App["handle"] {
  const trusted = trustedProxies(config.trusted_proxies);
  const headers = securityHeaders({ ...config, tls: config.tls_cert_path !== null });
  return createServer(routes, gate, headers, system, {
    clientAddress: (peer, headers) => clientAddress(peer, headers, trusted),
    basePath: config.base_path,
    ...options,
  });
}

/** Takes events and serves what needs no statistics; answers 503 to all else. */
function acceptEvents(
  config: Config,
  system: System,
  { guard }: Storage,
  { pipeline, buffer, auth, sites, assets }: Pick<
    Parts,
    "pipeline" | "buffer" | "auth" | "sites" | "assets"
  >,
): Accepting {
  const ingest = ingestRoutes(pipeline, buffer, system.clock, () => guard.eventMs());
  const pages = [
    ...assets,
    ...privacyRoutes(config, sites),
    ...wellKnownRoutes(system.clock, config),
  ];
  const routes = acceptingRoutes(ingest, pages, () => !buffer.failing);
  const handle = serverOf(config, system, routes, auth, { unknown: notReady });
  return { handle, drain: () => buffer.drain() };
}

/** Everything that runs. */
type Parts =
  & { readonly config: Config; readonly host: Host; readonly storage: Storage }
  & { readonly sites: Sites; readonly newSites: NewSites; readonly assets: readonly Route[] }
  & { readonly backups: Backups; readonly jobs: Jobs }
  & Awaited<ReturnType<typeof openIngest>>
  & Awaited<ReturnType<typeof openAccess>>
  & Awaited<ReturnType<typeof openQueries>>;

async function makeRoutes(
  { clock, files, log, random }: System,
  parts: Parts,
  stopping: AbortSignal,
): Promise<Route[]> {
  const { config, storage } = parts;
  const { reader, store } = storage;
  const dataDir = resolve(config.data_dir);
  return routesOf({
    ...parts,
    settings: {
      ...config,
      data_dir: dataDir,
      weak_secrets: weakSecrets(config).map(({ name }) => name),
    },
    clock,
    eventMs: () => storage.guard.eventMs(),
    files,
    log,
    reader,
    store,
    erase: eraseWith(config, files, parts),
    exportFiles: await ExportFiles.open(reader, files, random, { folder: `${dataDir}/.exports` }),
    health: () => healthOf(parts),
    samples: () => samplesOf(parts),
    stopping,
    probe: async () => {
      const nowMs = Math.floor(clock.nowMs());
      await storage.space.check();
      await parts.buffer.probe(() => store.run("probe", nowMs), nowMs);
    },
  });
}

/** Erases events wherever they or what is made of them may be. */
function eraseWith(
  config: Config,
  files: Files,
  { storage: { eraser, store }, runner }: Pick<Parts, "storage" | "runner">,
): Erase {
  return async (site, firstDate, lastDate, dryRun) => {
    if (!dryRun) {
      await removeUpgradeCopies(files, resolve(config.data_dir));
      await store.run("forgetImportedContent", undefined);
    }
    return await eraser.erase(site, firstDate, lastDate, dryRun).finally(() => runner.forget());
  };
}

function openBackups(
  config: Config,
  system: System,
  host: Host,
  { store }: Storage,
  stopping: AbortSignal,
): Backups {
  const openDb = async (folder: string) =>
    await Db.open(await host.loadDuckDb(), system.clock, {
      folder,
      spillFolder: `${folder}/.spill`,
      memoryLimit: BACKUP_MEMORY,
      threads: 1,
      readers: 1,
    });
  return new Backups(system, store, openDb, {
    dataDir: resolve(config.data_dir),
    folder: config.backup_dir === null ? null : resolve(config.backup_dir),
    keep: config.backup_keep,
    keepDays: config.backup_keep_days,
    signal: stopping,
  });
}

async function openIngest(config: Config, system: System, storage: Storage, sites: Sites) {
  const { clock, files, log, random } = system;
  const { store, reader } = storage;
  const { geo, isOwn } = await loadGeoIp(files, log, {
    path: config.geoip_db_path,
    precision: config.geoip_precision,
  });
  const identity = await openIdentity(config, system, storage, sites);
  const drops = new Drops(store, clock, (site) => reader.hasSite(site));
  const admission = openAdmission(config, system, storage, sites);
  const perAddress = config.rate_limit_per_address;
  const addressRates = perAddress > 0 ? new RateLimit(clock, { perSecond: perAddress }) : null;
  const pipeline = new Pipeline({
    siteRates: new RateLimit(clock, { perSecond: config.rate_limit_per_site }),
    addressRates,
    policy: {
      rateLimit: (site) => sites.settings(site).rate_limit,
      isDeclared: (site) => sites.declared(site) !== undefined,
      admit: (site, caller) => admission.admit(site, caller),
      take: (site) => admission.take(site),
      hostnames: (site) => sites.settings(site).hostnames,
      masks: (site) => masksOf(sites.settings(site)),
    },
    drops,
    robots: new Robots(),
    userAgents: new UserAgents(),
    geo,
    identity,
    timestamps: new Timestamps({
      roundToHour: config.round_timestamps,
      lastUs: storage.lastTimestampUs,
    }),
    random,
  }, config);
  const buffer = new Buffer((events, imports) => storage.append(events, imports), log);
  return { buffer, pipeline, drops, identity, admission, addressRates, geoIsOwn: isOwn };
}

function openAdmission(
  config: Config,
  { clock, log }: System,
  { proposals, reader }: Storage,
  sites: Sites,
): SiteAdmission {
  const listed = new Set(config.site_ids);
  const known = {
    isDeclared: (site: string) => listed.has(site) || sites.declared(site) !== undefined,
    hasEvents: (site: string) => reader.hasSite(site),
  };
  return new SiteAdmission(proposals, known, clock, log, config);
}

/** New sites, with the decisions made while the server was down applied. */
async function openNewSites(
  config: Config,
  { files, log }: System,
  parts: Pick<Parts, "storage" | "sites" | "admission" | "runner">,
): Promise<NewSites> {
  const { storage, sites, admission } = parts;
  const erase = eraseWith(config, files, parts);
  const newSites = new NewSites(
    sites,
    {
      ...storage,
      known: () => storage.reader.sites(),
      erase: (site) => erase(site, ...ALL_DATES, false),
    },
    admission,
    log,
    config,
  );
  await newSites.acceptDeclared();
  await newSites.applyDecisions();
  return newSites;
}

/** Recent visitors by site whose events are in the journal only; read at the first call. */
function journaledVisitors(
  { store, reader }: Storage,
  nowMs: number,
  rules: IdentityRules,
): () => Promise<Partial<Record<string, readonly SeenVisitor[]>>> {
  const read = async () => {
    const gapMs = reader.sites().reduce((most, site) => Math.max(most, rules.visitGapMs(site)), 0);
    const rows = await store.run("journaledVisitors", Math.floor((nowMs - gapMs) * 1000));
    const seen = rows.map(({ site_id, visitor_id, lastUs }): SeenVisitor => [
      site_id,
      visitor_id,
      Math.floor(lastUs / 1000),
    ]);
    return Object.groupBy(seen, ([site]) => site);
  };
  let found: ReturnType<typeof read> | undefined;
  return () => found ??= read();
}

async function openIdentity(
  config: Config,
  { clock, files, random }: System,
  storage: Storage,
  sites: Sites,
): Promise<Identity> {
  const { reader, store } = storage;
  const rules: IdentityRules = {
    idDays: (site) => sites.settings(site).visitor_id_days,
    visitGapMs: (site) => sites.settings(site).visit_timeout_minutes * MINUTE_MS,
  };
  const nowMs = clock.nowMs();
  const journaled = journaledVisitors(storage, nowMs, rules);
  const seenSince: SeenSince = async (site, fromMs) => [
    ...await reader.visitorsSince(site, fromMs),
    ...((await journaled())[site] ?? []).filter(([, , lastMs]) => lastMs >= fromMs),
  ];
  const seen = await continuingVisitors(reader.sites(), seenSince, nowMs, rules);
  if (config.visitor_salt === "random") {
    const trustsClock = () => storage.guard.trusts();
    return await randomIdentity(store, clock, random, rules, seen, trustsClock);
  }
  await destroyAllSalts(store);
  const secret = await loadSecret(files, random, {
    dataDir: resolve(config.data_dir),
    fromEnvironment: config.secret,
  });
  return derivedIdentity(new VisitorIds(secret), clock, rules, seen);
}

async function openAccess(
  config: Config,
  system: System,
  host: Host,
  { store }: Storage,
  sites: Sites,
) {
  const { clock, files, log, random } = system;
  const imported = await readKeysFile(files, log, `${resolve(config.data_dir)}/api_keys.json`);
  const keys = await ApiKeys.open(store, clock, random, imported);
  const hasher = new PasswordHasher(random);
  const auth = await Auth.open(store, hasher, keys, system, {
    ...config,
    secure: isSecure({ ...config, tls: config.tls_cert_path !== null }),
    publicSites: () => sites.publicIds(),
    ...(host.tellSetupToken ? { tellSetupToken: host.tellSetupToken } : {}),
  });
  if (auth.setupToken !== null) host.tellSetupToken?.(auth.setupToken);
  return { auth, keys, hasher };
}

async function openQueries(
  config: Config,
  { clock, log }: System,
  host: Host,
  { reader, db, memory }: Storage,
  sites: Sites,
  drops: Drops,
) {
  const ask = (query: Sql) => db.query(query);
  const behavioral = await chooseEngine(config.behavioral, db.extensionFault, ask, log);
  const idDays = (site: string) => sites.settings(site).visitor_id_days;
  const runner = new Runner(reader, rulesOfSites(sites), clock, {
    explain: host.isDevelopment ?? false,
    queryTimeoutMs: config.query_timeout_secs * 1000,
    cacheTtlMs: config.cache_ttl_secs * 1000,
    cacheEntriesMax: config.cache_max_entries,
    heavyMax: config.max_concurrent_queries,
    slots: memory.slots,
    cacheCharsMax: memory.cacheCharsMax,
    engine: behavioral.engine,
    visitorIdDays: config.suppress_visitor_id ? () => 0 : idDays,
    listsVisits: (site) => sites.settings(site).visit_list,
    drops: (range) => drops.list(range),
  });
  return { runner, behavioral, live: new Live(runner, reader, clock, log) };
}

/** Writes hot events to Parquet and ends the jobs, within the time the owner allows. */
async function finishWork(
  { clock, log }: System,
  { config, jobs, buffer, drops, storage, backups }: Parts,
): Promise<void> {
  const work = async () => {
    await buffer.drain();
    await jobs.stop();
    await drops.flush();
    await storage.flusher.flushLargest();
    await backups.idle();
  };
  try {
    if (await finishesWithin(clock, config.shutdown_timeout_secs * 1000, work())) return;
    log("warn", "Stopped before all hot events were in Parquet: they stay in the journal");
  } catch (error) {
    log("error", `Shutdown failed: ${messageOf(error)}`);
  }
}

/**
 * Closes storage, or leaves it open where a query ignores its interruption: what was accepted is
 * safe in either case, and the process exits normally.
 */
async function closeStorage({ clock, log }: System, storage: Storage): Promise<void> {
  if (await finishesWithin(clock, CLOSE_MS_MAX, storage.close())) return;
  log("warn", "Stopped while a query was still running");
}

/** Whether work ends in time. Rejects when it fails in that time. */
async function finishesWithin(clock: Clock, ms: number, work: Promise<void>): Promise<boolean> {
  const ended = new AbortController();
  const late = clock.sleep(ms, ended.signal).then(() => false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    ended.abort();
  }
}
