// The composition root: all parts are made here, once, from the settings and the system, and passed
// to each other. createApp() returns a function that answers requests, and start and stop.
import { resolve } from "node:path";
import type { Config } from "./config/load.ts";
import { messageOf } from "./core/errors.ts";
import { Refusals } from "./http/refusals.ts";
import type { Route } from "./http/route.ts";
import type { System } from "./core/types.ts";
import { securityHeaders } from "./http/headers.ts";
import { routesFor } from "./api/nodes.ts";
import { assetRoutes, SCRIPT_PATHS } from "./api/pages/assets.ts";
import { privacyRoutes } from "./api/pages/privacy_page.ts";
import { acceptingRoutes, notReady, startingRoutes } from "./api/pages/starting.ts";
import { wellKnownRoutes } from "./api/pages/well_known.ts";
import type { Host } from "./runtime/host.ts";
import { clientAddressReader, namedProxies, trustedProxies } from "./net/proxies.ts";
import { ingestRoutes } from "./ingest/handler.ts";
import { Jobs } from "./runtime/jobs.ts";
import { jobTable } from "./runtime/job_table.ts";
import { extensionOptions } from "./query/engine/choose.ts";
import { createServer, type Gate, type Peer, type ServerOptions } from "./http/server.ts";
import { Sites } from "./sites/sites.ts";
import { type AcceptingStorage, openAccepting } from "./storage/open.ts";
import { isCorruptStore } from "./storage/open_journal.ts";
import type { Parts } from "./parts/parts.ts";
import { makeRoutes } from "./parts/routes.ts";
import { openBackups } from "./parts/backups.ts";
import { openImports } from "./parts/imports.ts";
import { openIngest } from "./parts/ingest.ts";
import { lakeOfStorage } from "./config/lake_options.ts";
import { openNewSites } from "./parts/new_sites.ts";
import { openAccess, refuseWeakSecrets } from "./parts/access.ts";
import { followOthers } from "./parts/sharing.ts";
import { openSiteNames } from "./parts/site_names.ts";
import { openQueries } from "./parts/queries.ts";
import { closeStorage, finishWork, settle } from "./parts/shutdown.ts";

/** The whole program behind one function. */
export interface App {
  /** Answers a request; until start() is done /health, pages and events alone. Never rejects. */
  handle(request: Request, peer: Peer): Promise<Response>;
  /** The routes of a started program. */
  routes(): readonly Pick<Route, "method" | "path" | "right" | "refuses">[];
  /** Opens everything. Rejects with a sentence the owner can act on. */
  start(): Promise<void>;
  /**
   * Before a stop, while requests are still answered: writes hot events to Parquet within
   * shutdown_timeout_secs. Events that come meanwhile are written by stop().
   */
  settle(): Promise<void>;
  /** Ends the streams of live numbers. */
  endStreams(): void;
  /** Stops accepting, settles if that was not done before, closes. */
  stop(): Promise<void>;
}

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
      {
        accessOf: () => ({ who: "nobody", rights: new Set(), sites: null }),
        authorize: () => {},
        notice: () => {},
      },
      { unknown: notReady },
    );
  let early = earlyServer([]);
  const serveEarly = (found: readonly Route[]) => {
    early = earlyServer(found.filter(({ path }) => !SCRIPT_PATHS.includes(path)));
  };
  return {
    handle: (request, peer) => (running?.handle ?? accepting?.handle ?? early)(request, peer),
    routes: () => running?.routes ?? [],
    async start() {
      try {
        // Without them openAll rejects.
        assets().then(serveEarly, () => {});
        const onAccepting = (now: Accepting | null) => accepting = now;
        running = await openAll(config, system, host, assets, onAccepting);
      } finally {
        accepting = null;
      }
    },
    settle: async () => await running?.settle(),
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

/** Told who takes events from now on; null for nobody. */
type OnAccepting = (accepting: Accepting | null) => void;
type Assets = () => Promise<readonly Route[]>;

interface Running {
  readonly routes: readonly Route[];
  readonly handle: App["handle"];
  readonly settle: App["settle"];
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
  try {
    return await openOnce(config, system, host, assets, onAccepting, false);
  } catch (error) {
    if (!isCorruptStore(error)) throw error;
    system.log("error", "Found mallard.sqlite corrupt while starting: it is opened again", {
      reason: messageOf(error),
    });
    return await openOnce(config, system, host, assets, onAccepting, true);
  }
}

/** With `isCautious`, mallard.sqlite is checked whole before events are taken. */
async function openOnce(
  config: Config,
  system: System,
  host: Host,
  assets: Assets,
  onAccepting: OnAccepting,
  isCautious: boolean,
): Promise<Running> {
  const storage = await openAccepting(system, host, {
    ...config,
    dataDir: resolve(config.data_dir),
    isCautious,
    ...await lakeOfStorage(config, system.files, host.askPeer),
    ...(config.behavioral === "extension"
      ? { extension: extensionOptions(config.behavioral_extension_path) }
      : {}),
  });
  let accepting: Accepting | null = null;
  const onEvents: OnAccepting = (now) => {
    accepting = now;
    onAccepting(now);
  };
  try {
    return await openParts(config, system, host, storage, await assets(), onEvents);
  } catch (error) {
    onAccepting(null);
    await (accepting as Accepting | null)?.drain();
    await storage.close();
    throw error;
  }
}

async function openParts(
  config: Config,
  system: System,
  host: Host,
  kept: AcceptingStorage,
  assets: readonly Route[],
  onAccepting: OnAccepting,
): Promise<Running> {
  const { clock, log } = system;
  const sites = await Sites.open(kept.owned, clock);
  const stopping = new AbortController();
  const names = openSiteNames(config, system, kept, sites);
  const ingest = await openIngest(config, system, kept, sites, names);
  const access = await openAccess(config, system, host, kept, sites, names);
  onAccepting(acceptEvents(config, system, kept, { sites, assets, ...ingest, ...access }));
  await host.beforeFill?.();
  const storage = await kept.complete();
  const parts = {
    config,
    host,
    storage,
    sites,
    names,
    assets,
    backups: openBackups(config, system, host, storage, stopping.signal),
    ...ingest,
    ...access,
    ...await openQueries(config, system, host, storage, sites, ingest),
  };
  const newSites = await openNewSites(config, system, parts);
  followOthers({ ...parts, newSites });
  const take = (site: string) => {
    ingest.admission.take(site);
    names.take(site);
  };
  const imports = openImports(config, system, { ...host, geo: ingest.geo, take }, storage, sites);
  await imports.clean().catch((error) =>
    log("warn", "Cannot remove files of imports that are over", { reason: messageOf(error) })
  );
  const refusals = new Refusals();
  const jobParts = { ...parts, newSites, imports, refusals };
  const jobs = new Jobs(jobTable(system, jobParts, stopping.signal), clock, log);
  const routes = await makeRoutes(
    system,
    { ...parts, newSites, imports, jobs },
    stopping.signal,
  );
  const handle = serverOf(config, system, routes, parts.auth, { refusals });
  jobs.start();
  const all = { ...parts, newSites, imports, jobs };
  let settling: Promise<void> | undefined;
  const settleOnce = () => {
    stopping.abort();
    return settling ??= settle(system, all);
  };
  const stop = async () => {
    parts.live.close();
    // What was answered is in the journal and counted before it is written.
    if (!settling) await parts.buffer.drain();
    await settleOnce();
    await finishWork(system, all);
    parts.hasher.close();
    await closeStorage(system, storage);
    refusals.report(log);
  };
  return { routes, handle, settle: settleOnce, endStreams: () => parts.live.close(), stop };
}

/** Answers requests by some routes, as the settings say. */
function serverOf(
  config: Config,
  system: System,
  routes: readonly Route[],
  gate: Gate,
  options: Pick<ServerOptions, "unknown" | "refusals">,
): App["handle"] {
  const headers = securityHeaders({ ...config, tls: config.tls_cert_path !== null });
  return createServer(routes, gate, headers, system, {
    clientAddress: clientAddressReader(trustedProxies(config.trusted_proxies)),
    guardedAddress: clientAddressReader(namedProxies(config.trusted_proxies)),
    basePath: config.base_path,
    questionMs: config.query_timeout_secs * 1000,
    ...options,
  });
}

/** Takes events and serves what needs no statistics; answers 503 to all else. */
function acceptEvents(
  config: Config,
  system: System,
  { guard }: AcceptingStorage,
  { pipeline, buffer, formatParts, auth, sites, assets }: Pick<
    Parts,
    "pipeline" | "buffer" | "formatParts" | "auth" | "sites" | "assets"
  >,
): Accepting {
  const eventMs = () => guard.eventMs();
  const ingest = routesFor(
    config.roles,
    ingestRoutes(pipeline, buffer, system.clock, eventMs, formatParts),
  );
  const pages = [
    ...assets,
    ...privacyRoutes(config, sites),
    ...wellKnownRoutes(system.clock, config),
  ];
  const collects = config.roles.includes("collect");
  const routes = acceptingRoutes(ingest, pages, () => collects && !buffer.failing);
  const handle = serverOf(config, system, routes, auth, { unknown: notReady });
  return { handle, drain: () => buffer.drain() };
}
