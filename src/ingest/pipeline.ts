// From a checked payload to the event that is stored: the order of the steps. A step may drop the
// event; a drop is an outcome with a reason, never an exception. The steps are in steps/.
import { type DropReason, DROPS } from "./drop_reasons.ts";
import type { Payload } from "./payload.ts";
import { checkOptOut, checkRobot } from "./steps/client.ts";
import { eventOf } from "./steps/columns.ts";
import type {
  Draft,
  Outcome,
  PipelineOptions,
  PipelineParts,
  Step,
  StepContext,
} from "./steps/draft.ts";
import { checkHost } from "./steps/page.ts";
import { checkAddressRate, checkSiteRate } from "./steps/rates.ts";
import { checkListed, checkNewSite, checkOrigin } from "./steps/site.ts";

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

/** In this order; the first that drops the event decides. */
const STEPS: readonly Step[] = [
  checkListed,
  checkOrigin,
  checkAddressRate,
  checkSiteRate,
  checkOptOut,
  checkRobot,
  checkHost,
  checkNewSite,
];

/** For events of the past, which the owner sends. */
const PAST_STEPS: readonly Step[] = [checkListed, checkRobot];

/** Turns payloads into events. */
export class Pipeline {
  /** Events dropped since the start, by reason. */
  readonly drops: Record<DropReason, number> = Object.fromEntries(
    Object.keys(DROPS).map((reason) => [reason, 0]),
  ) as Record<DropReason, number>;
  readonly #context: StepContext;

  constructor(parts: PipelineParts, options: PipelineOptions) {
    this.#context = {
      parts,
      options,
      listedSites: new Set(options.site_ids),
      listedHosts: new Set(options.site_ids.map((site) => site.toLowerCase())),
    };
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
    for (const step of STEPS) {
      const drop = step(draft, this.#context);
      if (!drop) continue;
      this.drops[drop.dropped]++;
      return drop;
    }
    const { timestamps } = this.#context.parts;
    return { event: eventOf(draft, timestamps.next(nowMs), this.#context) };
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
    for (const step of PAST_STEPS) {
      const drop = step(draft, this.#context);
      if (drop) return drop;
    }
    const { policy, timestamps } = this.#context.parts;
    policy.take(payload.site_id);
    return { event: eventOf(draft, timestamps.past(atMs), this.#context) };
  }
}
