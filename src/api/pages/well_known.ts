// robots.txt and security.txt.
import { DAY_MS } from "../../core/durations.ts";
import { AppError } from "../../core/errors.ts";
import type { Clock } from "../../core/types.ts";
import type { Route } from "../../http/route.ts";

const YEAR_MS = 365 * DAY_MS;
const SECURITY_PATH = "/.well-known/security.txt";

/** The settings that name whom to contact. */
export interface ContactSettings {
  readonly security_contact: string | null;
  readonly dashboard_origin: string | null;
  readonly base_path: string;
}

/** Routes of robots.txt and security.txt (RFC 9116). Nothing in them comes from the request. */
export function wellKnownRoutes(clock: Clock, settings: ContactSettings): Route[] {
  const text = (body: string) =>
    new Response(body, { headers: { "content-type": "text/plain; charset=utf-8" } });
  return [
    {
      method: "GET",
      path: "/robots.txt",
      right: "public",
      handle: () => text("User-agent: *\nDisallow: /\n"),
    },
    {
      method: "GET",
      path: SECURITY_PATH,
      right: "public",
      handle: () => {
        const contact = contactOf(settings);
        if (contact === null) {
          throw new AppError(
            "not_found",
            "Cannot name a contact: neither security_contact nor an https dashboard_origin is set",
          );
        }
        const expires = new Date(clock.nowMs() + YEAR_MS).toISOString();
        return text(`Contact: ${contact}\nExpires: ${expires}\n`);
      },
    },
  ];
}

/** Whom to contact: as set, else through the page on privacy where that is under TLS; else null. */
function contactOf(
  { security_contact, dashboard_origin, base_path }: ContactSettings,
): string | null {
  if (security_contact !== null) return security_contact;
  return dashboard_origin?.startsWith("https:") ? `${dashboard_origin}${base_path}/privacy` : null;
}
