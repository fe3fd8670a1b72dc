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
  const { payload, address, parsedAddress } = draft;
  const { geo, policy } = context.parts;
  const page = pageColumns(draft, context);
  const source = sourceColumns(draft, page, context);
  const device = deviceColumns(draft, context);
  const place =
    (draft.place === null ? geo?.lookup(address, parsedAddress) : geo?.asPrecise(draft.place)) ??
      NOWHERE;
  // One by one: to spread several objects into one costs as much as all else that is done here.
  const event: Event = {
    site_id: payload.site_id,
    visitor_id: visitorId(draft, timestamp, context),
    timestamp,
    event_name: payload.event_name,
    pathname: page.pathname,
    hostname: page.hostname,
    referrer: source.referrer,
    referrer_source: source.referrer_source,
    utm_source: page.utm_source,
    utm_medium: page.utm_medium,
    utm_campaign: page.utm_campaign,
    utm_content: page.utm_content,
    utm_term: page.utm_term,
    browser: device.browser,
    browser_version: device.browser_version,
    os: device.os,
    os_version: device.os_version,
    device_type: device.device_type,
    screen_size: device.screen_size,
    country_code: place.country_code,
    region: place.region,
    city: place.city,
    props: payload.props,
    revenue_amount: payload.revenueCents,
    revenue_currency: payload.revenueCurrency,
    click_id: page.click_id,
    source_tag: source.source_tag,
    interactive: payload.isInteractive ? null : false,
    title: payload.title,
    language: payload.language,
    engaged_ms: payload.engagement?.engaged_ms ?? null,
    scroll_depth: payload.engagement?.scroll_depth ?? null,
    lcp_ms: payload.vitals?.lcp_ms ?? null,
    inp_ms: payload.vitals?.inp_ms ?? null,
    cls_ten_thousandths: payload.vitals?.cls_ten_thousandths ?? null,
    fcp_ms: payload.vitals?.fcp_ms ?? null,
    ttfb_ms: payload.vitals?.ttfb_ms ?? null,
  };
  return maskEvent(event, policy.masks(payload.site_id));
}
