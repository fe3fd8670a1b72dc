// The two texts that robots and researchers ask every server for.
import type { Route } from "../core/http.ts";
import type { Clock } from "../core/types.ts";

const YEAR_MS = 365 * 86_400_000;

/** Routes of robots.txt and security.txt (RFC 9116); the contact is the page on privacy. */
export function wellKnownRoutes(
  clock: Clock,
  { dashboardOrigin }: { readonly dashboardOrigin: string | null },
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
      path: "/.well-known/security.txt",
      right: "public",
      handle: ({ url }) => {
        const contact = `${dashboardOrigin ?? url.origin}/privacy`;
        const expires = new Date(clock.nowMs() + YEAR_MS).toISOString();
        return text(`Contact: ${contact}\nExpires: ${expires}\n`);
      },
    },
  ];
}
