// Settings of events that come in: of which sites, how many, and their places.
import { choice, flag, listOf, path, siteId, wholeNumber } from "../kinds.ts";
import { row } from "./row.ts";

/** Rows of events that come in. */
export const COLLECTING_SETTINGS = {
  site_ids: row({
    env: "MALLARD_SITE_IDS",
    kind: listOf(
      "a list of site ids (1 to 256 of A-Z a-z 0-9 . - _ : without ..)",
      siteId,
    ),
    default: Object.freeze([]),
    shown: "[] (any)",
    doc: "Allowed sites, and hosts that may send events for them; empty allows any.",
  }),
  filter_bots: row({
    env: "MALLARD_FILTER_BOTS",
    kind: flag,
    default: true,
    doc: "Drop events of known robots.",
  }),
  new_sites: row<"accept" | "propose" | "refuse">({
    env: "MALLARD_NEW_SITES",
    kind: choice("accept", "propose", "refuse"),
    default: "accept",
    doc: "New sites that nobody declared: accept, propose (kept until accepted) or refuse (403).",
  }),
  undeclared_sites_max: row({
    env: "MALLARD_UNDECLARED_SITES_MAX",
    kind: wholeNumber(0, 1_000_000),
    default: 1000,
    doc: "Undeclared sites accepted since the start; further ones are proposed.",
  }),
  rate_limit_per_site: row({
    env: "MALLARD_RATE_LIMIT",
    kind: wholeNumber(0, 1_000_000),
    default: 0,
    shown: "0 (none)",
    doc: "Rate limit of a site, in events per second; 0 for none.",
  }),
  rate_limit_per_address: row({
    env: "MALLARD_RATE_LIMIT_PER_ADDRESS",
    kind: wholeNumber(0, 1_000_000),
    default: 1000,
    doc: "Rate limit of a public address, in events per second; 0 for none.",
  }),
  geoip_db_path: row<string | null>({
    env: "MALLARD_GEOIP_DB",
    kind: path,
    default: null,
    shown: "built in",
    example: "GeoLite2-City.mmdb",
    doc: "A MaxMind City or Country file (.mmdb) to use instead of the built-in one.",
  }),
} as const;
