// From a checked payload to the event that is stored: the order of the steps. A step may drop the
// event; a drop is an outcome with a reason, never an exception. The steps are in steps/.
import { parseAddress } from "../net/address.ts";
import { type DropReason, DROPS } from "./drop_reasons.ts";
import { FIELD_REASON } from "./drops.ts";
import type { Place } from "./enrich/geoip.ts";
import { hintsOf, NO_HINTS } from "./enrich/device.ts";
import { Pages } from "./enrich/pages.ts";
import type { Page } from "./enrich/url.ts";
import { type Notice, NOTICES } from "./fields/notices.ts";
import type { PastEvent, PastVisits } from "./identity/past_visits.ts";
import type { GivenColumns } from "./fields/past_fields.ts";
import type { Payload } from "./payload.ts";
import { checkIgnored, checkOptOut, checkRobot } from "./steps/client.ts";
import { eventOf } from "./steps/columns.ts";
import type {
  Draft,
  Outcome,
  PipelineOptions,
  PipelineParts,
  Step,
  StepContext,
} from "./steps/draft.ts";
import { withGiven } from "./steps/given.ts";
import { checkHost, checkIsEvent, checkPage } from "./steps/page.ts";
import { checkAddressRate, checkSiteRate } from "./steps/rates.ts";
import { checkFits, checkListed, checkNewSite, checkOrigin } from "./steps/site.ts";

/** Who sends a payload. What is a function is needed for few. */
export interface Sender {
  readonly address: string;
  /** A program that sends for others, by an API key: its own user agent is not judged. */
  readonly hasKey?: boolean;
  /** The visitor of whom the sender speaks, where it is not the visitor itself. */
  readonly visitor?:
    | {
      readonly address?: string;
      readonly userAgent?: string;
      readonly place?: Place;
      readonly isAlone?: boolean;
    }
    | undefined;
  readonly headers: Headers;
  /** Where new sites are limited; the same by default. */
  readonly guardedAddress?: () => string;
  /** Sent by this machine itself or with a key: it may bring any number of new sites. */
  readonly isTrusted?: () => boolean;
}

/** How a payload came in. */
export interface Arrival extends Sender {
  readonly nowMs: number;
}

/** How an event of the past came in: from the owner. */
export interface PastArrival {
  readonly atMs: number;
  readonly address: string;
  readonly userAgent: string;
  /** Where it was, instead of what its address says. */
  readonly place?: Place | null;
  /** It belongs to no visit. */
  readonly isAlone?: boolean;
  /** What stands for what would be read from address and user agent. */
  readonly given?: GivenColumns;
  /** The id of a visitor that is given. */
  readonly visitorIdOf?: (visitor: string) => string;
}

/** In this order; the first that drops the event decides. */
const STEPS: readonly Step[] = [
  checkListed,
  checkFits,
  checkOrigin,
  checkAddressRate,
  checkSiteRate,
  checkOptOut,
  checkIgnored,
  checkRobot,
  checkPage,
  checkHost,
  checkIsEvent,
  checkNewSite,
];

/** For events of the past, which the owner sends. */
const PAST_STEPS: readonly Step[] = [
  checkListed,
  checkFits,
  checkRobot,
  checkPage,
  checkIsEvent,
];

function zeros<K extends string>(table: Readonly<Record<K, unknown>>): Record<K, number> {
  return Object.fromEntries(Object.keys(table).map((name) => [name, 0])) as Record<K, number>;
}

const no = () => false;

/** Turns payloads into events. */
export class Pipeline {
  /** Events dropped since the start, by reason. */
  readonly drops: Record<DropReason, number> = zeros(DROPS);
  /** Fields that were dropped or cut of events that are stored, by notice. */
  readonly notices: Record<Notice, number> = zeros(NOTICES);
  readonly #context: StepContext;
  readonly #pages = new Pages();

  constructor(parts: PipelineParts, options: PipelineOptions) {
    this.#context = { parts, options };
  }

  /** Judges and enriches an event that a client sent now. */
  run(sent: Payload, arrival: Arrival): Outcome {
    const { nowMs, headers, guardedAddress = () => arrival.address, isTrusted = no } = arrival;
    const { hasKey = false, visitor } = arrival;
    const address = visitor?.address ?? arrival.address;
    const userAgent = visitor?.userAgent;
    const payload = this.#asStored(sent);
    const draft: Draft = {
      payload,
      page: this.#readOnce(payload.url),
      nowMs,
      address,
      parsedAddress: parseAddress(address),
      // One key may speak for many visitors.
      senderAddress: hasKey ? address : arrival.address,
      guardedAddress,
      userAgent: userAgent ?? headers.get("user-agent") ?? "",
      // A key speaks for the program that sends, not for a visitor that it names.
      mayBeTool: hasKey && userAgent === undefined,
      hints: userAgent === undefined ? hintsOf(headers) : NO_HINTS,
      origin: headers.get("origin"),
      gpc: headers.get("sec-gpc") === "1",
      isTrusted,
      place: visitor?.place ?? null,
      isAlone: visitor?.isAlone ?? false,
      past: null,
    };
    for (const step of STEPS) {
      const drop = step(draft, this.#context);
      if (!drop) continue;
      this.drops[drop.dropped]++;
      return drop;
    }
    const { timestamps } = this.#context.parts;
    const event = eventOf(draft, timestamps.next(nowMs), this.#context);
    this.#count(payload);
    return { event, notices: payload.notices };
  }

  /** Counts an event that is dropped before it is judged. */
  dropped(dropped: DropReason): Outcome {
    this.drops[dropped]++;
    return { dropped };
  }

  /** Where events of the past that belong together get their visitor ids. */
  pastVisits(): PastVisits {
    return this.#context.parts.identity.pastVisits();
  }

  /** Whose an event of the past is, and when it was. */
  pastEventOf(sent: Payload, { atMs, address, userAgent }: PastArrival): PastEvent {
    const site = this.#context.parts.policy.idOf(sent.site_id);
    return { visitor: { site, address, userAgent }, atMs };
  }

  /**
   * Enriches an event of the past, which the owner sent: only robots are dropped, and no pages.
   * Events of the same `visits` come in the order of their times.
   */
  runPast(
    sent: Payload,
    { atMs, address, userAgent, place = null, isAlone = false, given, visitorIdOf }: PastArrival,
    visits: Pick<PastVisits, "idOf"> = this.pastVisits(),
  ): Outcome {
    const payload = this.#asStored(sent);
    const draft: Draft = {
      payload,
      page: this.#readOnce(payload.url),
      nowMs: atMs,
      address,
      parsedAddress: parseAddress(address),
      senderAddress: address,
      guardedAddress: () => address,
      userAgent,
      mayBeTool: true,
      hints: NO_HINTS,
      origin: null,
      gpc: false,
      isTrusted: () => true,
      place,
      isAlone,
      past: visits,
    };
    for (const step of PAST_STEPS) {
      const drop = step(draft, this.#context);
      if (drop) return drop;
    }
    const { policy, timestamps } = this.#context.parts;
    policy.take(payload.site_id);
    const whose = `${payload.site_id} ${given?.visitor ?? `${address} ${userAgent}`}`;
    const read = eventOf(draft, timestamps.past(atMs, whose), this.#context);
    const event = given && visitorIdOf
      ? withGiven(
        read,
        given,
        (visitor) => visitorIdOf(`${payload.site_id}|${visitor}`),
        this.#context,
      )
      : read;
    return { event, notices: payload.notices };
  }

  /** The payload with the id under which its site is known, and a user id only where it may. */
  #asStored(payload: Payload): Payload {
    const { policy } = this.#context.parts;
    const site_id = policy.idOf(payload.site_id);
    const named = site_id === payload.site_id ? payload : { ...payload, site_id };
    if (payload.userId === null || policy.takesUserIds(site_id)) return named;
    return { ...named, userId: null, notices: [...payload.notices, "user_id_dropped"] };
  }

  /** Two steps ask for the page of a URL; where an event is dropped before, none does. */
  #readOnce(url: string): () => Page {
    let page: Page | undefined;
    return () => page ??= this.#pages.read(url);
  }

  #count({ site_id, notices }: Payload): void {
    for (const notice of notices) {
      this.notices[notice]++;
      this.#context.parts.drops.count({ site_id, reason: FIELD_REASON, name: notice });
    }
  }
}
