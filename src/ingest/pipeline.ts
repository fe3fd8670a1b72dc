// From a checked payload to the event that is stored, in named steps. A step may drop the event;
// a drop is an outcome with a reason, never an exception. The client's address lives in the draft
// only and is gone when the event is made.
import type { Event } from "../core/event.ts";
import { maskEvent, type Masks } from "../core/text.ts";
import type { Random } from "../core/types.ts";
import { parseAddress, rateLimitKey } from "../net/address.ts";
import { isSpecialPurpose } from "../net/ranges.ts";
import type { Robots } from "./enrich/robot.ts";
import { type DropReason, DROPS } from "./drop_reasons.ts";
import type { Drops } from "./drops.ts";
import type { GeoIp, Place } from "./enrich/geoip.ts";
import type { Identity } from "./identity/identity.ts";
import type { Payload } from "./payload.ts";
import type { RateLimit } from "../net/rate_limit.ts";
import type { AdmissionRefusal, SiteCaller } from "../sites/admission.ts";
import { sourceOf } from "./enrich/referrer.ts";
import type { Timestamps } from "./timestamps.ts";
import { pageOf, referrerOf } from "./enrich/url.ts";
import { deviceOf, type UserAgent, type UserAgents } from "./enrich/user_agent.ts";

/** The outcome of a payload. `retrySecs` is when a rate limit accepts the next one. */
export type Outcome =
  | { readonly event: Event }
  | { readonly dropped: DropReason; readonly retrySecs?: number };

/** How a payload came in. */
export interface Arrival {
  readonly nowMs: number;
  readonly address: string;
  readonly headers: Headers;
  /** Sent by this machine itself or with a key: it may bring any number of new sites. */
  readonly isTrusted?: boolean;
}

/** How an event of the past came in: from the owner. */
export interface PastArrival {
  readonly atMs: number;
  readonly address: string;
  readonly userAgent: string;
}

/** The settings the pipeline depends on, by their names. */
export interface PipelineOptions {
  readonly site_ids: readonly string[];
  readonly filter_bots: boolean;
  readonly respect_gpc: boolean;
  readonly strip_referrer_query: boolean;
  readonly suppress_browser_version: boolean;
  readonly suppress_os_version: boolean;
  readonly suppress_screen_size: boolean;
  readonly suppress_visitor_id: boolean;
}

/** The parts that judge and enrich events. */
export interface PipelineParts {
  /** Per site; a site may have its own rate. */
  readonly siteRates: RateLimit;
  /** Per public address; null for no limit. */
  readonly addressRates: RateLimit | null;
  readonly policy: SitePolicy;
  readonly drops: Pick<Drops, "count">;
  readonly robots: Robots;
  readonly userAgents: UserAgents;
  readonly geo: GeoIp | null;
  readonly identity: Identity;
  readonly timestamps: Timestamps;
  readonly random: Random;
}

/** What the owner of a site decided about its events. */
export interface SitePolicy {
  /** Events a second; null for the server's own rate. */
  rateLimit(site: string): number | null;
  /** Whether the owner declared the site: then it counts as listed. */
  isDeclared(site: string): boolean;
  /** Judges an event of a site that may be new; null if it is accepted. */
  admit(site: string, caller: SiteCaller): AdmissionRefusal;
  /** Accepts a site that the owner imports. */
  take(site: string): void;
  /** Hosts whose pages count; empty for any. */
  hostnames(site: string): readonly string[];
  /** What is masked in the texts of the site's events. */
  masks(site: string): Masks;
}

interface Draft {
  readonly payload: Payload;
  readonly nowMs: number;
  readonly address: string;
  readonly userAgent: string;
  readonly brands: string | null;
  readonly origin: string | null;
  readonly gpc: boolean;
  readonly isTrusted: boolean;
  /** An event of the past, from the owner. */
  readonly isPast: boolean;
}

type Drop = Exclude<Outcome, { readonly event: Event }>;
type Step = (draft: Draft) => Drop | null;

const NOWHERE: Place = { country_code: null, region: null, city: null };
const VISITOR_ID_BYTES = 32;
/** The owner may take a while to decide. */
const PROPOSALS_RETRY_SECS = 600;

/** Turns payloads into events. */
export class Pipeline {
  /** Events dropped since the start, by reason. */
  readonly drops: Record<DropReason, number> = Object.fromEntries(
    Object.keys(DROPS).map((reason) => [reason, 0]),
  ) as Record<DropReason, number>;
  readonly #parts: PipelineParts;
  readonly #options: PipelineOptions;
  readonly #sites: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;
  readonly #steps: readonly Step[];

  constructor(parts: PipelineParts, options: PipelineOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#sites = new Set(options.site_ids);
    this.#hosts = new Set(options.site_ids.map((site) => site.toLowerCase()));
    this.#steps = [
      (draft) => this.#checkOrigin(draft),
      (draft) => this.#checkAddressRate(draft),
      (draft) => this.#checkRate(draft),
      (draft) => this.#checkOptOut(draft),
      (draft) => this.#checkRobot(draft),
      (draft) => this.#checkHost(draft),
      (draft) => this.#checkNewSite(draft),
    ];
  }

  /** Judges and enriches an event that a client sent now. */
  run(payload: Payload, { nowMs, address, headers, isTrusted = false }: Arrival): Outcome {
    const draft: Draft = {
      payload,
      nowMs,
      address,
      userAgent: headers.get("user-agent") ?? "",
      brands: headers.get("sec-ch-ua"),
      origin: headers.get("origin"),
      gpc: headers.get("sec-gpc") === "1",
      isTrusted,
      isPast: false,
    };
    for (const step of this.#steps) {
      const drop = step(draft);
      if (!drop) continue;
      this.drops[drop.dropped]++;
      return drop;
    }
    return { event: this.#event(draft, this.#parts.timestamps.next(nowMs)) };
  }

  /** Enriches an event of the past, which the owner sent; only robots are dropped. */
  runPast(payload: Payload, { atMs, address, userAgent }: PastArrival): Outcome {
    const draft: Draft = {
      payload,
      nowMs: atMs,
      address,
      userAgent,
      brands: null,
      origin: null,
      gpc: false,
      isTrusted: true,
      isPast: true,
    };
    if (this.#sites.size > 0 && !this.#isListed(payload.site_id)) {
      return { dropped: "unknown_site" };
    }
    const drop = this.#checkRobot(draft);
    if (!drop) this.#parts.policy.take(payload.site_id);
    return drop ?? { event: this.#event(draft, this.#parts.timestamps.past(atMs)) };
  }

  #checkOrigin({ payload, origin }: Draft): Drop | null {
    if (this.#sites.size === 0) return null;
    if (!this.#isListed(payload.site_id)) return { dropped: "unknown_site" };
    if (origin === null || this.#isFromListed(origin)) return null;
    return { dropped: "foreign_origin" };
  }

  #isListed(site: string): boolean {
    return this.#sites.has(site) || this.#parts.policy.isDeclared(site);
  }

  #isFromListed(origin: string): boolean {
    if (!/^https?:\/\//i.test(origin) || !URL.canParse(origin)) return false;
    const { hostname, host } = new URL(origin);
    const { policy } = this.#parts;
    return [hostname, host].some((name) => this.#hosts.has(name) || policy.isDeclared(name));
  }

  #checkRate({ payload }: Draft): Drop | null {
    const { siteRates, policy } = this.#parts;
    const own = policy.rateLimit(payload.site_id);
    const waitSecs = siteRates.take(payload.site_id, own ?? undefined);
    if (waitSecs === 0) return null;
    this.#count(payload, "rate_limited");
    return { dropped: "rate_limited", retrySecs: waitSecs };
  }

  /** Last: only an event that would be stored brings a new site. */
  #checkNewSite({ payload, address, isTrusted }: Draft): Drop | null {
    const caller = { address, isExempt: isTrusted };
    const refusal = this.#parts.policy.admit(payload.site_id, caller);
    if (refusal === null) return null;
    if (refusal.why === "limited") {
      return { dropped: "new_sites_limited", retrySecs: refusal.retrySecs };
    }
    return refusal.why === "full"
      ? { dropped: "proposals_full", retrySecs: PROPOSALS_RETRY_SECS }
      : { dropped: "site_refused" };
  }

  #checkAddressRate({ payload, address }: Draft): Drop | null {
    const { addressRates } = this.#parts;
    if (addressRates === null) return null;
    const parsed = parseAddress(address);
    // Behind a proxy that is not trusted, all clients share the proxy's private address.
    if (!parsed || isSpecialPurpose(parsed)) return null;
    const waitSecs = addressRates.take(rateLimitKey(address));
    if (waitSecs === 0) return null;
    this.#count(payload, "address_limited");
    return { dropped: "address_limited", retrySecs: waitSecs };
  }

  #checkOptOut({ payload, gpc }: Draft): Drop | null {
    if (!gpc || !this.#options.respect_gpc) return null;
    this.#count(payload, "opted_out");
    return { dropped: "opted_out" };
  }

  #checkRobot({ payload, userAgent, isPast }: Draft): Drop | null {
    if (!this.#options.filter_bots) return null;
    const robot = this.#parts.robots.of(userAgent);
    if (!robot) return null;
    if (!isPast) this.#count(payload, "robot", robot.name);
    return { dropped: "robot" };
  }

  #checkHost({ payload }: Draft): Drop | null {
    const allowed = this.#parts.policy.hostnames(payload.site_id);
    if (allowed.length === 0) return null;
    const { hostname } = pageOf(payload.url);
    if (hostname === null || allowed.includes(hostname)) return null;
    this.#count(payload, "foreign_host");
    return { dropped: "foreign_host" };
  }

  #count({ site_id }: Payload, reason: DropReason, name = ""): void {
    this.#parts.drops.count({ site_id, reason, name });
  }

  #event(draft: Draft, timestamp: number): Event {
    const { payload, address, userAgent, brands } = draft;
    const { geo, userAgents } = this.#parts;
    const agent = userAgents.parse(userAgent, brands);
    const page = pageOf(payload.url);
    const event: Event = {
      site_id: payload.site_id,
      visitor_id: this.#visitorId(draft, timestamp),
      timestamp,
      event_name: payload.event_name,
      ...page,
      ...this.#origin(payload, page.hostname),
      ...this.#device(agent, payload.screenPixels),
      ...(geo?.lookup(address) ?? NOWHERE),
      props: payload.props,
      revenue_amount: payload.revenueCents,
      revenue_currency: payload.revenueCurrency,
    };
    return maskEvent(event, this.#parts.policy.masks(payload.site_id));
  }

  #origin(
    { referrer, site_id }: Payload,
    hostname: string | null,
  ): Pick<Event, "referrer" | "referrer_source"> {
    if (referrer === null) return { referrer: null, referrer_source: null };
    return {
      referrer: referrerOf(referrer, { stripQuery: this.#options.strip_referrer_query }),
      referrer_source: sourceOf({ referrer, hostname: hostname ?? site_id }),
    };
  }

  #device(
    agent: UserAgent,
    screenPixels: number | null,
  ): Pick<
    Event,
    "browser" | "browser_version" | "os" | "os_version" | "device_type" | "screen_size"
  > {
    const options = this.#options;
    const hideScreen = options.suppress_screen_size;
    return {
      browser: agent.browser,
      browser_version: options.suppress_browser_version ? null : agent.browser_version,
      os: agent.os,
      os_version: options.suppress_os_version ? null : agent.os_version,
      device_type: hideScreen ? null : deviceOf(screenPixels, agent.device_type),
      screen_size: hideScreen || screenPixels === null ? null : String(screenPixels),
    };
  }

  #visitorId({ payload, address, userAgent, nowMs, isPast }: Draft, timestamp: number): string {
    const { random, identity } = this.#parts;
    if (this.#options.suppress_visitor_id) return random.bytes(VISITOR_ID_BYTES).toHex();
    const visitor = { site: payload.site_id, address, userAgent };
    const timestampMs = Math.floor(timestamp / 1000);
    return isPast
      ? identity.pastIdOf(visitor, timestampMs)
      : identity.idOf(visitor, timestampMs, nowMs);
  }
}
