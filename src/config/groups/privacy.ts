// Settings of what is not stored, and of visitor ids.
import { anyText, choice, flag } from "../kinds.ts";
import { row } from "./row.ts";

/** Rows of what is not stored, and of visitor ids. */
export const PRIVACY_SETTINGS = {
  secret: row<string | null>({
    env: "MALLARD_SECRET",
    kind: anyText,
    default: null,
    shown: "made once, kept in DATA_DIR/.secret",
    secret: true,
    envOnly: true,
    doc: "Secret from which the daily salt of visitor ids is made.",
  }),
  gdpr_mode: row({
    env: "MALLARD_GDPR_MODE",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Turn on the next five settings, and store no location finer than the country.",
  }),
  strip_referrer_query: row({
    env: "MALLARD_STRIP_REFERRER_QUERY",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Store referrers without query and fragment.",
  }),
  round_timestamps: row({
    env: "MALLARD_ROUND_TIMESTAMPS",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Store times rounded down to the hour.",
  }),
  suppress_browser_version: row({
    env: "MALLARD_SUPPRESS_BROWSER_VERSION",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Store no browser version.",
  }),
  suppress_os_version: row({
    env: "MALLARD_SUPPRESS_OS_VERSION",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Store no version of the operating system.",
  }),
  suppress_screen_size: row({
    env: "MALLARD_SUPPRESS_SCREEN_SIZE",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Store neither screen size nor device type.",
  }),
  suppress_visitor_id: row({
    env: "MALLARD_SUPPRESS_VISITOR_ID",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Give every event a random visitor id: unique visitors and visits cannot be counted.",
  }),
  respect_gpc: row({
    env: "MALLARD_RESPECT_GPC",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Do not record browsers that send Sec-GPC: 1 (Global Privacy Control).",
  }),
  visitor_salt: row({
    env: "MALLARD_VISITOR_SALT",
    kind: choice("derived", "random"),
    default: "derived",
    privacy: true,
    doc: "derived: visitor ids from the secret; random: from salts that are destroyed after use.",
  }),
  geoip_precision: row({
    env: "MALLARD_GEOIP_PRECISION",
    kind: choice("city", "region", "country", "none"),
    default: "city",
    privacy: true,
    doc: "Finest location that is stored: city, region, country or none.",
  }),
} as const;
