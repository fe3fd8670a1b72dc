// Opens visitor ids, knowing the visits that are under way.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import { HOUR_MS, MINUTE_MS } from "../core/durations.ts";
import { AppError, messageOf } from "../core/errors.ts";
import type { System } from "../core/types.ts";
import type { IdentityRules, SeenVisitor } from "../ingest/identity/carried_visits.ts";
import {
  continuingVisitors,
  derivedIdentity,
  destroyAllSalts,
  type Identity,
  randomIdentity,
  type SeenSince,
} from "../ingest/identity/identity.ts";
import { type IdKind, recordServerIds } from "../ingest/identity/server_ids.ts";
import type { SharedSalts } from "../ingest/identity/salts.ts";
import { keepSecret, loadSecret, VisitorIds } from "../ingest/identity/visitor_id.ts";
import type { ServerIds } from "../sites/id_life.ts";
import type { Sites } from "../sites/sites.ts";
import type { AcceptingStorage } from "../storage/open.ts";
import type { SharedState } from "../storage/shared/shared_state.ts";

/** Recent visitors by site; read at the first call. */
function recentVisitors(
  { store, sites, seenVisitors }: AcceptingStorage,
  nowMs: number,
  rules: IdentityRules,
): () => Promise<Partial<Record<string, readonly SeenVisitor[]>>> {
  const read = async () => {
    const gapMs = sites.sites().reduce((most, site) => Math.max(most, rules.visitGapMs(site)), 0) +
      (rules.roundsToHour ? HOUR_MS : 0);
    const journaled = await store.run("journaledVisitors", Math.floor((nowMs - gapMs) * 1000));
    const seen = journaled.map(({ site_id, visitor_id, lastUs }): SeenVisitor => [
      site_id,
      visitor_id,
      Math.floor(lastUs / 1000),
    ]);
    // Later than the journal: no start has moved its rows into files yet.
    const all = [...seen, ...await seenVisitors(nowMs - gapMs, nowMs)];
    return Object.groupBy(all, ([site]) => site);
  };
  let found: ReturnType<typeof read> | undefined;
  return () => found ??= read();
}

const CARRIED_SITES = "carried_sites";

/** The sites on record; null where there is no record. */
async function readCarriedSites(
  store: AcceptingStorage["store"],
): Promise<ReadonlySet<string> | null> {
  const text = await store.run("getMeta", CARRIED_SITES);
  return text === null ? null : new Set(JSON.parse(text) as readonly string[]);
}

/** Records each minute which sites have carried visits: a start asks about no others. */
function recordingSites(identity: Identity, store: AcceptingStorage["store"]): Identity {
  let recorded: string | null = null;
  return {
    ...identity,
    async rotate() {
      await identity.rotate();
      const value = JSON.stringify([...identity.carriedSites()].sort());
      if (value === recorded) return;
      await store.run("setMeta", { name: CARRIED_SITES, value });
      recorded = value;
    },
  };
}

/** Visitor ids by the settings, and what is recorded of those of all sites. */
interface OpenIdentity {
  readonly identity: Identity;
  readonly serverIds: ServerIds;
}

/** Visitor ids by the settings: from salts that are destroyed, or from a secret. */
export async function openIdentity(
  config: Config,
  system: System,
  storage: AcceptingStorage,
  sites: Sites,
): Promise<OpenIdentity> {
  const { clock, random } = system;
  const { store, shared } = storage;
  const rules: IdentityRules = {
    idDays: (site) => sites.settings(site).visitor_id_days,
    visitGapMs: (site) => sites.settings(site).visit_timeout_minutes * MINUTE_MS,
    roundsToHour: config.round_timestamps,
  };
  const nowMs = clock.nowMs();
  const recent = recentVisitors(storage, nowMs, rules);
  const seenSince: SeenSince = async (site, fromMs) =>
    ((await recent())[site] ?? []).filter(([, , lastMs]) => lastMs >= fromMs);
  const seen = await continuingVisitors(
    storage.sites.sites(),
    seenSince,
    nowMs,
    rules,
    await readCarriedSites(store),
  );
  const record = (kind: IdKind) =>
    recordIds(system, storage, config.suppress_visitor_id ? "off" : kind, nowMs);
  const salts = shared && await saltsOf(system, shared);
  if (config.visitor_salt === "random") {
    const trustsClock = () => storage.guard.trusts();
    const identity = await randomIdentity(store, clock, random, rules, seen, trustsClock, salts);
    const serverIds = await record("random");
    return { identity: recordingSites(identity, store), serverIds };
  }
  await destroyAllSalts(store);
  const secret = await secretOf(config, system, shared);
  const identity = derivedIdentity(new VisitorIds(secret), clock, rules, seen, salts);
  return { identity: recordingSites(identity, store), serverIds: await record({ secret }) };
}

/** Records how ids are made; servers of one lake must make them in one way. */
async function recordIds(
  { log }: System,
  { owned, shared }: AcceptingStorage,
  kind: IdKind,
  nowMs: number,
): Promise<ServerIds> {
  const onOther = () => {
    if (shared === null) return;
    log("warn", "Visitor ids are made otherwise than before, by this or another server", {
      hint: "set the same visitor_salt, suppress_visitor_id and MALLARD_SECRET on all servers",
    });
  };
  try {
    return await recordServerIds(owned, kind, nowMs, onOther);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log("warn", "Cannot record how visitor ids are made", { reason: messageOf(error) });
    return { sinceUs: Math.floor(nowMs * 1000), changes: [] };
  }
}

async function saltsOf({ log }: System, shared: SharedState): Promise<SharedSalts> {
  const { SharedSaltRows } = await import("../storage/shared/shared_salts.ts");
  return new SharedSaltRows(shared, log);
}

/** The secret of this server, or the one that all servers of a lake have, kept here for later. */
async function secretOf(
  config: Config,
  { files, log, random }: System,
  shared: SharedState | null,
): Promise<string> {
  const dataDir = resolve(config.data_dir);
  const own = await loadSecret(files, random, { dataDir, fromEnvironment: config.secret });
  if (shared === null || config.secret !== null) return own;
  try {
    const common = await shared.secret("visitor_secret", own);
    if (common !== own) await keepSecret(files, dataDir, common);
    return common;
  } catch (error) {
    // A server that has joined has kept it.
    log("warn", "Cannot read the secret of all servers: the kept one is used", {
      reason: messageOf(error),
    });
    return own;
  }
}
