// Single made-up events for the measurements of storage: what the journal takes, and what a
// browser would send.
import { createHash } from "node:crypto";
import type { Event } from "../../../src/core/event.ts";
import { EVENT_COLUMN_NAMES } from "../../../src/core/event.ts";
import { NOW_MS, SITE } from "./lib.ts";

/** The n-th event: each three of a visitor, a millisecond apart. */
export function pageviewOf(n: number): Event {
  const nothing = Object.fromEntries(EVENT_COLUMN_NAMES.map((name) => [name, null]));
  return {
    ...nothing,
    site_id: SITE,
    visitor_id: createHash("sha256").update(String(Math.floor(n / 3))).digest("hex"),
    timestamp: (NOW_MS + n) * 1000,
    event_name: "pageview",
    pathname: `/page/${n % 97}`,
    hostname: SITE,
    referrer: n % 3 === 0 ? "https://www.google.com/" : `https://${SITE}/page/${(n + 96) % 97}`,
    referrer_source: n % 3 === 0 ? "Google" : null,
    browser: "Firefox",
    browser_version: String(120 + n % 9),
    os: "Linux",
    device_type: "desktop",
    screen_size: "1920",
    country_code: "DE",
    region: "Region",
    city: `City ${n % 50}`,
  } as Event;
}
