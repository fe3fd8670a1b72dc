// Steps about the site: whether it is listed, whether the request comes from one of its pages, and
// whether a site that is new may enter.
import { fitsLake } from "../../core/site_id.ts";
import type { SiteCaller } from "../../sites/admission.ts";
import type { Draft, Drop, StepContext } from "./draft.ts";

/** The owner may take a while to decide. */
const PROPOSALS_RETRY_SECS = 600;

/** Drops events of sites that are not listed, where sites are listed. */
export function checkListed(
  { payload }: Draft,
  { parts, options }: StepContext,
): Drop | null {
  if (options.site_ids.length === 0 || parts.policy.isDeclared(payload.site_id)) return null;
  return { dropped: "unknown_site" };
}

/** Drops events of a site that a lake cannot hold: no event beside them would get there either. */
export function checkFits({ payload }: Draft, { options }: StepContext): Drop | null {
  return options.storage !== "lake" || fitsLake(payload.site_id)
    ? null
    : { dropped: "site_too_long" };
}

/** Drops events that another site's page sent, where sites are listed. */
export function checkOrigin(
  { payload, origin }: Draft,
  context: StepContext,
): Drop | null {
  if (context.options.site_ids.length === 0 || origin === null) return null;
  if (isFromListed(origin, context)) return null;
  context.parts.drops.count({ site_id: payload.site_id, reason: "foreign_origin" });
  return { dropped: "foreign_origin" };
}

/** Who sends a draft: of a site that is known it does not matter, and is not asked. */
class DraftCaller implements SiteCaller {
  readonly #draft: Draft;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  get address(): string {
    return this.#draft.guardedAddress();
  }

  get isExempt(): boolean {
    return this.#draft.isTrusted();
  }

  get isMeasurement(): boolean {
    return this.#draft.payload.engagement !== null;
  }
}

/** Last: only an event that would be stored brings a new site. */
export function checkNewSite(draft: Draft, { parts }: StepContext): Drop | null {
  const refusal = parts.policy.admit(draft.payload.site_id, new DraftCaller(draft));
  if (refusal === null) return null;
  if (refusal.why === "limited") {
    return { dropped: "new_sites_limited", retrySecs: refusal.retrySecs };
  }
  if (refusal.why === "measurement") return { dropped: "no_event" };
  return refusal.why === "full"
    ? { dropped: "proposals_full", retrySecs: PROPOSALS_RETRY_SECS }
    : { dropped: "site_refused" };
}

/** Names of sites may carry a port; without one, any port of the host may send. */
function isFromListed(origin: string, { parts }: StepContext): boolean {
  if (!/^https?:\/\//i.test(origin) || !URL.canParse(origin)) return false;
  const { hostname, host } = new URL(origin);
  return [hostname, host].some((name) => parts.policy.isDeclaredHost(name));
}
