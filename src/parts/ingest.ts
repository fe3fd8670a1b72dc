// Opens ingestion: the pipeline with all that its steps ask, and the buffer behind it.
import type { Config } from "../config/load.ts";
import type { System } from "../core/types.ts";
import { PathRewrites } from "../core/paths/rules.ts";
import { Referrers } from "../ingest/enrich/referrer.ts";
import { Robots } from "../ingest/enrich/robot.ts";
import { Buffer } from "../ingest/buffer.ts";
import { Drops } from "../ingest/drops.ts";
import { loadGeoIp } from "../ingest/enrich/geoip.ts";
import { Pipeline } from "../ingest/pipeline.ts";
import type { SitePolicy } from "../ingest/steps/draft.ts";
import { KnownRanges } from "../net/ranges.ts";
import { RateLimit } from "../net/rate_limit.ts";
import { Timestamps } from "../ingest/timestamps.ts";
import { UserAgents } from "../ingest/enrich/user_agent.ts";
import { masksOf } from "../sites/settings.ts";
import type { FormatParts } from "../ingest/formats/format.ts";
import { SiteCodes } from "../sites/site_codes.ts";
import type { SiteNames } from "../sites/site_names.ts";
import type { Sites } from "../sites/sites.ts";
import type { AcceptingStorage } from "../storage/open.ts";
import { openAdmission } from "./admission.ts";
import { openIdentity } from "./identity.ts";

const TOKEN_KEY_BYTES = 32;

/** The parts that events pass, from their request to the journal. */
export async function openIngest(
  config: Config,
  system: System,
  storage: AcceptingStorage,
  sites: Sites,
  names: SiteNames,
) {
  const { clock, files, log, random, timings } = system;
  const { store } = storage;
  const { geo, isOwn } = await loadGeoIp(files, log, {
    path: config.geoip_db_path,
    precision: config.geoip_precision,
  });
  const { identity, serverIds } = await openIdentity(config, system, storage, sites);
  const drops = new Drops(store, clock, (site) => storage.sites.hasSite(site));
  const admission = openAdmission(config, system, storage, names);
  const perAddress = config.rate_limit_per_address;
  const addressRates = perAddress > 0 ? new RateLimit(clock, { perSecond: perAddress }) : null;
  const pipeline = new Pipeline({
    siteRates: new RateLimit(clock, { perSecond: config.rate_limit_per_site }),
    addressRates,
    policy: sitePolicy(sites, names, admission),
    drops,
    robots: new Robots(),
    userAgents: new UserAgents(),
    referrers: new Referrers({ stripQuery: config.strip_referrer_query }),
    geo,
    identity,
    timestamps: new Timestamps({
      roundToHour: config.round_timestamps,
      lastUs: storage.lastTimestampUs,
    }),
    random,
  }, config);
  const buffer = new Buffer(
    (events, imports) => {
      const append = () => storage.append(events, imports);
      return timings ? timings.timed("commit", "", clock, append) : append();
    },
    log,
    { eventsMax: storage.memory.queueEventsMax, tracer: timings?.tracer },
  );
  const formatParts = formatPartsOf(config, system, storage, sites, names);
  return {
    buffer,
    pipeline,
    formatParts,
    drops,
    identity,
    serverIds,
    admission,
    addressRates,
    geo,
    geoIsOwn: isOwn,
    geoFacts: geo && { type: geo.type, builtMs: geo.builtMs },
  };
}

/** What wire formats ask about sites. */
function formatPartsOf(
  { site_ids }: Pick<Config, "site_ids">,
  { random }: System,
  storage: AcceptingStorage,
  sites: Sites,
  names: SiteNames,
): FormatParts {
  const siteIds = () => {
    const declared = [...sites.declaredIds(), ...site_ids].map((site) => names.idOf(site));
    return [...new Set([...storage.sites.sites(), ...declared])];
  };
  const codes = new SiteCodes({ ids: siteIds, ofAlias: (name) => sites.ofAlias(name) });
  return {
    siteOfCode: (code) => codes.siteOf(code),
    isSite: (name) => names.isKnown(name),
    siteIds,
    tokenKey: random.bytes(TOKEN_KEY_BYTES),
  };
}

/** What the owners of sites decided. */
function sitePolicy(
  sites: Sites,
  names: SiteNames,
  admission: ReturnType<typeof openAdmission>,
): SitePolicy {
  const rewrites = new PathRewrites();
  const ranges = new KnownRanges();
  return {
    rateLimit: (site) => sites.settings(site).rate_limit,
    takesUserIds: (site) => sites.settings(site).user_ids,
    idOf: (site) => names.idForEvent(site),
    isDeclared: (site) => names.isDeclared(site),
    isDeclaredHost: (host) => names.isDeclaredHost(host),
    admit: (site, caller) => {
      const refusal = admission.admit(site, caller);
      if (refusal === null) names.take(site);
      return refusal;
    },
    take: (site) => {
      admission.take(site);
      names.take(site);
    },
    ignores: (site, address) => {
      const { ignored_addresses } = sites.settings(site);
      return ignored_addresses.length > 0 && ranges.of(ignored_addresses).has(address);
    },
    hostnames: (site) => sites.settings(site).hostnames,
    aliases: (site) => sites.settings(site).aliases,
    pathRewrite: (site) => rewrites.of(sites.settings(site).path_rules),
    masks: (site) => masksOf(sites.settings(site)),
  };
}
