// Opens visitor ids, knowing the visits that are under way.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import { HOUR_MS, MINUTE_MS } from "../core/durations.ts";
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
import { loadSecret, VisitorIds } from "../ingest/identity/visitor_id.ts";
import type { ServerIds } from "../sites/id_life.ts";
import type { Sites } from "../sites/sites.ts";
import type { AcceptingStorage } from "../storage/open.ts";

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
  { clock, files, random }: System,
  storage: AcceptingStorage,
  sites: Sites,
): Promise<OpenIdentity> {
  const { store } = storage;
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
    recordServerIds(store, config.suppress_visitor_id ? "off" : kind, nowMs);
  if (config.visitor_salt === "random") {
    const trustsClock = () => storage.guard.trusts();
    const identity = await randomIdentity(store, clock, random, rules, seen, trustsClock);
    const serverIds = await record("random");
    return { identity: recordingSites(identity, store), serverIds };
  }
  await destroyAllSalts(store);
  const secret = await loadSecret(files, random, {
    dataDir: resolve(config.data_dir),
    fromEnvironment: config.secret,
  });
  const identity = derivedIdentity(new VisitorIds(secret), clock, rules, seen);
  return { identity: recordingSites(identity, store), serverIds: await record({ secret }) };
}
