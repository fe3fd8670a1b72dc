// Where a visitor was, and when: as programs say it that send for visitors.
import type { Place } from "../enrich/geoip.ts";
import type { Notice } from "./notices.ts";

const LOCATION = /^([a-z]{2})(?:-([a-z0-9]{1,3}))?$/i;

/** A code of ISO 3166-1, or of 3166-2 as `US-TX`, as a place; null where there is none. */
export function readLocation(value: unknown, note: (notice: Notice) => void): Place | null {
  if (value === undefined || value === null || value === "") return null;
  const [, country, region] = typeof value === "string" ? LOCATION.exec(value.trim()) ?? [] : [];
  if (country === undefined) {
    note("place_dropped");
    return null;
  }
  const country_code = country.toUpperCase();
  const code = region === undefined ? null : `${country_code}-${region.toUpperCase()}`;
  return { country_code, region: code, city: null };
}

/** Milliseconds since 1970; null for an event of now, also where the time cannot be read. */
export function readTime(
  value: unknown,
  parse: (value: unknown) => number,
  note: (notice: Notice) => void,
): number | null {
  if (value === undefined || value === null || value === "") return null;
  const ms = parse(value);
  if (Number.isFinite(ms)) return ms;
  note("time_dropped");
  return null;
}
