// Where a visit came from: the columns of the referrer.
import type { Event } from "../../core/event.ts";
import { sourceOf } from "../enrich/referrer.ts";
import { referrerOf } from "../enrich/url.ts";
import type { Draft, StepContext } from "./draft.ts";

/** The columns of the referrer. `hostname` is the page's. */
export function sourceColumns(
  { payload: { referrer, site_id } }: Draft,
  hostname: string | null,
  { options }: StepContext,
): Pick<Event, "referrer" | "referrer_source"> {
  if (referrer === null) return { referrer: null, referrer_source: null };
  return {
    referrer: referrerOf(referrer, { stripQuery: options.strip_referrer_query }),
    referrer_source: sourceOf({ referrer, hostname: hostname ?? site_id }),
  };
}
