// robots.txt and security.txt.
import type { Route } from "../../http/route.ts";
import { DAY_MS } from "../../core/durations.ts";
import type { Clock } from "../../core/types.ts";

const YEAR_MS = 365 * DAY_MS;
const SECURITY_PATH = "/.well-known/security.txt";

/** Routes of robots.txt and security.txt (RFC 9116); the contact is the page on privacy. */
export function wellKnownRoutes(
  clock: Clock,
  { dashboard_origin }: { readonly dashboard_origin: string | null },
): Route[] {
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
      handle: ({ url }) => {
        const basePath = url.pathname.slice(0, -SECURITY_PATH.length);
        const contact = `${dashboard_origin ?? url.origin}${basePath}/privacy`;
        const expires = new Date(clock.nowMs() + YEAR_MS).toISOString();
        return text(`Contact: ${contact}\nExpires: ${expires}\n`);
      },
    },
  ];
}
