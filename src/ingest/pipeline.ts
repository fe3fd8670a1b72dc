// From a checked payload to the event that is stored, in named steps. A step may drop the event;
// a drop is an outcome with a reason, never an exception. The client's address lives in the draft
// only and is gone when the event is made.
import type { ErrorCode } from "../core/errors.ts";
import type { Event } from "../core/event.ts";
import type { Random } from "../core/types.ts";
import type { Robots } from "./bot.ts";
import type { GeoIp, Place } from "./geoip.ts";
import type { Payload } from "./payload.ts";
import type { RateLimit } from "./ratelimit.ts";
import { sourceOf } from "./referrer.ts";
import type { Timestamps } from "./timestamps.ts";
import { pageOf, referrerOf } from "./url.ts";
import { deviceOf, type UserAgent, type UserAgents } from "./useragent.ts";
import type { VisitorIds } from "./visitor_id.ts";

/** Why an event is not stored, and what the sender is told; `code` null means 202 all the same. */
export const DROPS = {
  unknown_site: { code: "forbidden", message: "Cannot accept the event: its site is not listed" },
  foreign_origin: {
    code: "forbidden",
    message: "Cannot accept the event: its Origin is not a listed site",
  },
  rate_limited: {
    code: "too_many_requests",
    message: "Cannot accept the event: the site sends more than its rate limit allows",
  },
  robot: { code: null, message: "Dropped: a robot" },
} as const satisfies Record<
  string,
  { readonly code: ErrorCode | null; readonly message: string }
>;

/** A reason to drop an event. */
export type DropReason = keyof typeof DROPS;

/** What becomes of a payload. `retrySecs` tells when a rate limit lets the next one through. */
export type Outcome =
  | { readonly event: Event }
  | { readonly dropped: DropReason; readonly retrySecs?: number };

/** How a payload came in. */
export interface Arrival {
  readonly nowMs: number;
  readonly address: string;
  readonly headers: Headers;
}

/** A happening of the past, told by the owner. */
export interface PastArrival {
  readonly atMs: number;
  readonly address: string;
  readonly userAgent: string;
}

/** The settings the pipeline depends on, by their names. */
export interface PipelineOptions {
  readonly site_ids: readonly string[];
  readonly filter_bots: boolean;
  readonly strip_referrer_query: boolean;
  readonly suppress_browser_version: boolean;
  readonly suppress_os_version: boolean;
  readonly suppress_screen_size: boolean;
  readonly suppress_visitor_id: boolean;
}

/** The parts that know something about an event. */
export interface PipelineParts {
  readonly rates: RateLimit | null;
  readonly robots: Robots;
  readonly userAgents: UserAgents;
  readonly geo: GeoIp | null;
  readonly visitorIds: VisitorIds;
  readonly timestamps: Timestamps;
  readonly random: Random;
}

interface Draft {
  readonly payload: Payload;
  readonly nowMs: number;
  readonly address: string;
  readonly userAgent: string;
  readonly brands: string | null;
  readonly origin: string | null;
}

type Drop = Exclude<Outcome, { readonly event: Event }>;
type Step = (draft: Draft) => Drop | null;

const NOWHERE: Place = { country_code: null, region: null, city: null };
const VISITOR_ID_BYTES = 32;

/** Turns payloads into events. */
export class Pipeline {
  /** Events dropped since the start, by reason. */
  readonly drops: Record<DropReason, number> = {
    unknown_site: 0,
    foreign_origin: 0,
    rate_limited: 0,
    robot: 0,
  };
  /** Robots' events dropped since the start, by the robot's name. */
  readonly robots = new Map<string, number>();
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
      (draft) => this.#checkRate(draft),
      (draft) => this.#checkRobot(draft),
    ];
  }

  /** Judges and enriches what a tracker sent just now. */
  run(payload: Payload, { nowMs, address, headers }: Arrival): Outcome {
    const draft: Draft = {
      payload,
      nowMs,
      address,
      userAgent: headers.get("user-agent") ?? "",
      brands: headers.get("sec-ch-ua"),
      origin: headers.get("origin"),
    };
    for (const step of this.#steps) {
      const drop = step(draft);
      if (!drop) continue;
      this.drops[drop.dropped]++;
      return drop;
    }
    return { event: this.#event(draft, this.#parts.timestamps.next(nowMs)) };
  }

  /** Enriches what the owner tells of the past; only robots are dropped. */
  runPast(payload: Payload, { atMs, address, userAgent }: PastArrival): Outcome {
    const draft = { payload, nowMs: atMs, address, userAgent, brands: null, origin: null };
    if (this.#sites.size > 0 && !this.#sites.has(payload.site_id)) {
      return { dropped: "unknown_site" };
    }
    const drop = this.#checkRobot(draft);
    return drop ?? { event: this.#event(draft, this.#parts.timestamps.past(atMs)) };
  }

  #checkOrigin({ payload, origin }: Draft): Drop | null {
    if (this.#sites.size === 0) return null;
    if (!this.#sites.has(payload.site_id)) return { dropped: "unknown_site" };
    if (origin === null || this.#isListed(origin)) return null;
    return { dropped: "foreign_origin" };
  }

  #isListed(origin: string): boolean {
    if (!/^https?:\/\//i.test(origin) || !URL.canParse(origin)) return false;
    const { hostname, host } = new URL(origin);
    return this.#hosts.has(hostname) || this.#hosts.has(host);
  }

  #checkRate({ payload }: Draft): Drop | null {
    const waitSecs = this.#parts.rates?.take(payload.site_id) ?? 0;
    return waitSecs > 0 ? { dropped: "rate_limited", retrySecs: waitSecs } : null;
  }

  #checkRobot({ userAgent }: Draft): Drop | null {
    if (!this.#options.filter_bots) return null;
    const robot = this.#parts.robots.of(userAgent);
    if (!robot) return null;
    this.robots.set(robot.name, (this.robots.get(robot.name) ?? 0) + 1);
    return { dropped: "robot" };
  }

  #event(draft: Draft, timestamp: number): Event {
    const { payload, address, userAgent, brands } = draft;
    const { geo, userAgents } = this.#parts;
    const agent = userAgents.parse(userAgent, brands);
    const page = pageOf(payload.url);
    return {
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

  #visitorId({ address, userAgent }: Draft, timestamp: number): string {
    const { random, visitorIds } = this.#parts;
    if (this.#options.suppress_visitor_id) return hexOf(random.bytes(VISITOR_ID_BYTES));
    // The day of the stored time, so that an id never spans two partitions.
    return visitorIds.of(Math.floor(timestamp / 1000), address, userAgent);
  }
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
