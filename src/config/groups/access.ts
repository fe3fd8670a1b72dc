// Settings of who may sign in and read.
import { anyText, contact, flag, origin, wholeNumber } from "../kinds.ts";
import { row, YEAR_SECS } from "./row.ts";

/** Rows of who may sign in and read. */
export const ACCESS_SETTINGS = {
  admin_password: row<string | null>({
    env: "MALLARD_ADMIN_PASSWORD",
    kind: anyText,
    default: null,
    shown: "set in the dashboard",
    secret: true,
    envOnly: true,
    doc: "Password of the dashboard; kept in memory only, takes precedence over a stored one.",
  }),
  dashboard_origin: row<string | null>({
    env: "MALLARD_DASHBOARD_ORIGIN",
    kind: origin,
    default: null,
    example: "https://stats.example.com",
    doc: "Origin of the dashboard; requests from other origins cannot change anything.",
  }),
  secure_cookies: row({
    env: "MALLARD_SECURE_COOKIES",
    kind: flag,
    default: false,
    doc: "Send the login cookie over https only.",
  }),
  session_ttl_secs: row({
    env: "MALLARD_SESSION_TTL",
    kind: wholeNumber(1, 10 * YEAR_SECS),
    default: 86_400,
    doc: "How long a login lasts.",
  }),
  max_login_attempts: row({
    env: "MALLARD_MAX_LOGIN_ATTEMPTS",
    kind: wholeNumber(0, 1_000_000),
    default: 5,
    doc: "Failed logins of one address before it is locked out; 0 never locks out.",
  }),
  login_lockout_secs: row({
    env: "MALLARD_LOGIN_LOCKOUT",
    kind: wholeNumber(1, YEAR_SECS),
    default: 300,
    doc: "How long an address stays locked out.",
  }),
  metrics_token: row<string | null>({
    env: "MALLARD_METRICS_TOKEN",
    kind: anyText,
    default: null,
    shown: "none: others see no numbers",
    example: "a long random text",
    secret: true,
    doc:
      "Bearer token for /metrics and /health/detailed; with one, /metrics asks everybody for it.",
  }),
  security_contact: row<string | null>({
    env: "MALLARD_SECURITY_CONTACT",
    kind: contact,
    default: null,
    shown: "the privacy page, under https",
    example: "mailto:security@example.com",
    doc: "Contact in /.well-known/security.txt: https:, mailto: or tel:, or an e-mail address.",
  }),
} as const;
