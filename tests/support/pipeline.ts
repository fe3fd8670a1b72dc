// A pipeline as the app makes it, with nothing limited and nothing counted.
import { siteNames } from "./storage/sites.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { System } from "../../src/core/types.ts";
import { Referrers } from "../../src/ingest/enrich/referrer.ts";
import { Robots } from "../../src/ingest/enrich/robot.ts";
import type { GeoIp } from "../../src/ingest/enrich/geoip.ts";
import { derivedIdentity } from "../../src/ingest/identity/identity.ts";
import { Pipeline } from "../../src/ingest/pipeline.ts";
import { RateLimit } from "../../src/net/rate_limit.ts";
import { Timestamps } from "../../src/ingest/timestamps.ts";
import { UserAgents } from "../../src/ingest/enrich/user_agent.ts";
import { VisitorIds } from "../../src/ingest/identity/visitor_id.ts";

/** Makes one with settings from `env`. */
export function openPipeline(
  { clock, random }: Pick<System, "clock" | "random">,
  geo: GeoIp | null,
  { secret = "test", env = {} }: { secret?: string; env?: Readonly<Record<string, string>> } = {},
): Pipeline {
  const loaded = loadConfig({ file: null, env });
  if ("faults" in loaded) throw new Error(loaded.faults.join());
  const names = siteNames(undefined, undefined, loaded.config.site_ids);
  return new Pipeline({
    siteRates: new RateLimit(clock, { perSecond: 0 }),
    addressRates: null,
    policy: {
      rateLimit: () => null,
      takesUserIds: () => false,
      idOf: (site) => names.idForEvent(site),
      isDeclared: (site) => names.isDeclared(site),
      isDeclaredHost: (host) => names.isDeclaredHost(host),
      admit: () => null,
      take: () => {},
      ignores: () => false,
      hostnames: () => [],
      aliases: () => [],
      pathRewrite: () => null,
      masks: () => ({ emails: true, tokens: false }),
    },
    drops: { count: () => {} },
    robots: new Robots(),
    userAgents: new UserAgents(),
    referrers: new Referrers({ stripQuery: loaded.config.strip_referrer_query }),
    geo,
    identity: derivedIdentity(new VisitorIds(secret), clock, {
      idDays: () => 1,
      visitGapMs: () => 30 * 60_000,
    }),
    timestamps: new Timestamps({ roundToHour: false, lastUs: 0 }),
    random,
  }, loaded.config);
}
