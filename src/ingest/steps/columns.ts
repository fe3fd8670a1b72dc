// The event that is stored, from a draft that every step let pass: each group of columns is made
// by its own file, then the site's masks are applied.
import type { Event } from "../../core/event.ts";
import { maskEvent } from "../../core/text.ts";
import type { Place } from "../enrich/geoip.ts";
import { deviceColumns } from "./device.ts";
import type { Draft, StepContext } from "./draft.ts";
import { pageColumns } from "./page.ts";
import { sourceColumns } from "./source.ts";
import { visitorId } from "./visitor.ts";

const NOWHERE: Place = { country_code: null, region: null, city: null };

/** The event as it is stored. `timestamp` is in microseconds. */
export function eventOf(draft: Draft, timestamp: number, context: StepContext): Event {
  const { payload, address } = draft;
  const { geo, policy } = context.parts;
  const page = pageColumns(draft, context);
  const event: Event = {
    site_id: payload.site_id,
    visitor_id: visitorId(draft, timestamp, context),
    timestamp,
    event_name: payload.event_name,
    ...page,
    ...sourceColumns(draft, page, context),
    ...deviceColumns(draft, context),
    ...(geo?.lookup(address) ?? NOWHERE),
    props: payload.props,
    revenue_amount: payload.revenueCents,
    revenue_currency: payload.revenueCurrency,
  };
  return maskEvent(event, policy.masks(payload.site_id));
}
