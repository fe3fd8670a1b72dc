// What the steps of the pipeline work on: an event under way with what its request said, the
// parts they ask, and the outcome. The client's address is in the draft and in nothing later.
import type { Event } from "../../core/event.ts";
import type { PathRewrite } from "../../core/paths/rules.ts";
import type { Masks } from "../../core/text.ts";
import type { Random } from "../../core/types.ts";
import type { Address } from "../../net/address.ts";
import type { RateLimit } from "../../net/rate_limit.ts";
import type { AdmissionRefusal, SiteCaller } from "../../sites/admission.ts";
import type { DropReason } from "../drop_reasons.ts";
import type { Drops } from "../drops.ts";
import type { ClientHints } from "../enrich/device.ts";
import type { GeoIp, Place } from "../enrich/geoip.ts";
import type { Page } from "../enrich/url.ts";
import type { Referrers } from "../enrich/referrer.ts";
import type { Robots } from "../enrich/robot.ts";
import type { UserAgents } from "../enrich/user_agent.ts";
import type { Notice } from "../fields/notices.ts";
import type { Identity } from "../identity/identity.ts";
import type { PastVisits } from "../identity/past_visits.ts";
import type { Payload } from "../payload.ts";
import type { Timestamps } from "../timestamps.ts";

/** An event that is not stored. `retrySecs` is when a rate limit accepts the next one. */
export interface Drop {
  readonly dropped: DropReason;
  readonly retrySecs?: number;
}

/** An event to be stored, with what was dropped or cut of it. */
export interface Kept {
  readonly event: Event;
  readonly notices: readonly Notice[];
}

/** The outcome of a payload. */
export type Outcome = Kept | Drop;

/** An event under way: its payload, and what its request says about the client. */
export interface Draft {
  readonly payload: Payload;
  /** What its URL says without the site's rules; read at the first call. */
  readonly page: () => Page;
  readonly nowMs: number;
  readonly address: string;
  /** The same, parsed; null for what is none. */
  readonly parsedAddress: Address | null;
  /** The address whose events are limited. */
  readonly senderAddress: string;
  /** What is known of it without believing proxies that are not named. */
  readonly guardedAddress: () => string;
  readonly userAgent: string;
  /** Sent by a program with an API key: then its user agent may be that of a library. */
  readonly mayBeTool: boolean;
  readonly hints: ClientHints;
  readonly origin: string | null;
  readonly gpc: boolean;
  readonly isTrusted: () => boolean;
  /** Where the visitor was, where the sender says so; else null. */
  readonly place: Place | null;
  /** It gets a visitor id of its own. */
  readonly isAlone: boolean;
  /** Where an event of the past gets its visitor id, which the owner sent; else null. */
  readonly past: Pick<PastVisits, "idOf"> | null;
}

/** The settings the pipeline depends on, by their names. */
export interface PipelineOptions {
  readonly storage: "local" | "lake";
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
  readonly referrers: Referrers;
  readonly geo: GeoIp | null;
  readonly identity: Identity;
  readonly timestamps: Timestamps;
  readonly random: Random;
}

/** What the owner of a site decided about its events. */
export interface SitePolicy {
  /** Events a second; null for the server's own rate. */
  rateLimit(site: string): number | null;
  /** The id under which events of the site are stored. */
  idOf(site: string): string;
  /** Whether the owner listed or declared the site. */
  isDeclared(site: string): boolean;
  /** Whether the owner listed or declared the host of a page. */
  isDeclaredHost(host: string): boolean;
  /** Judges an event of a site that may be new; null if it is accepted. */
  admit(site: string, caller: SiteCaller): AdmissionRefusal;
  /** Accepts a site that the owner imports. */
  take(site: string): void;
  /** Whether the owner ignores what comes from an address. */
  ignores(site: string, address: Address): boolean;
  /** Hosts whose pages count; empty for any. */
  hostnames(site: string): readonly string[];
  /** The site's other names. */
  aliases(site: string): readonly string[];
  /** How the site's path rules change the path of a page; null where they do not. */
  pathRewrite(site: string): PathRewrite | null;
  /** Whether the owner lets pages say who a visitor is. */
  takesUserIds(site: string): boolean;
  /** What is masked in the texts of the site's events. */
  masks(site: string): Masks;
}

/** What a step may ask. */
export interface StepContext {
  readonly parts: PipelineParts;
  readonly options: PipelineOptions;
}

/** Judges an event; null lets it pass. */
export type Step = (draft: Draft, context: StepContext) => Drop | null;
