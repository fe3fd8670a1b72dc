// Reasons to drop an event, and the response to its sender.
import type { ErrorCode } from "../core/errors.ts";

/** Why an event is not stored, and the response to its sender; `code` null means 202. */
export const DROPS = {
  unknown_site: { code: "forbidden", message: "Cannot accept the event: its site is not listed" },
  site_too_long: {
    code: "bad_request",
    message: "Cannot accept the event: its site id is too long for a lake (247 bytes at most)",
  },
  foreign_origin: {
    code: "forbidden",
    message: "Cannot accept the event: its Origin is not a listed site",
  },
  site_refused: {
    code: "forbidden",
    message: "Cannot accept the event: new sites are refused; declare the site first",
  },
  new_sites_limited: {
    code: "too_many_requests",
    message: "Cannot accept the event: too many new sites come from this address",
  },
  proposals_full: {
    code: "unavailable",
    message: "Cannot accept the event: its site waits for a decision, and no more events fit",
  },
  rate_limited: {
    code: "too_many_requests",
    message: "Cannot accept the event: the site sends more than its rate limit allows",
  },
  address_limited: {
    code: "too_many_requests",
    message: "Cannot accept the event: too many come from this address",
  },
  past_refused: {
    code: "forbidden",
    message: "Cannot accept the event: its time is in the past, and there is no Admin API key",
  },
  ignored_address: {
    code: null,
    message: "Dropped: the site's owner ignores visits from this address",
  },
  robot: { code: null, message: "Dropped: a robot" },
  user_ids_off: {
    code: null,
    message: "Not stored: the site's owner has not switched user_ids on",
  },
  no_event: { code: null, message: "Not stored: it is a measurement, and no event" },
  opted_out: { code: null, message: "Dropped: the browser sends Sec-GPC" },
  not_a_page: { code: null, message: "Dropped: its URL is not of a page of a website" },
  local_page: {
    code: null,
    message: "Dropped: the page is on the visitor's own machine; data-local counts it",
  },
  foreign_host: { code: null, message: "Dropped: the page's host is not one of the site's" },
} as const satisfies Record<
  string,
  { readonly code: ErrorCode | null; readonly message: string }
>;

/** A reason to drop an event. */
export type DropReason = keyof typeof DROPS;
