// Protection against cross-site request forgery (CSRF): checks the Origin or Referer header.
import { AppError } from "../core/errors.ts";

/**
 * Throws `forbidden` unless the request's Origin (else Referer) is the dashboard's. With
 * `dashboardOrigin` it must be equal to that, and may be missing only if `missingAllowed`. Without
 * it, it may be missing and must otherwise match Host.
 */
export function requireOrigin(
  request: Request,
  dashboardOrigin: string | null,
  { missingAllowed = false } = {},
): void {
  const { headers } = request;
  const named = headers.get("origin") ?? headers.get("referer");
  if (named === null && (dashboardOrigin === null || missingAllowed)) return;
  const origin = named === null ? null : originOf(named);
  if (origin !== null) {
    if (dashboardOrigin === null ? sameHost(origin, hostOf(request)) : origin === dashboardOrigin) {
      return;
    }
  }
  throw new AppError(
    "forbidden",
    "Cannot do this from another site: Origin or Referer is not the dashboard's",
  );
}

/** The requested host in lower case, with its port if there is one. */
export function hostOf(request: Request): string {
  return (request.headers.get("host") ?? new URL(request.url).host).toLowerCase();
}

/** The origin of a URL, or null if it has none. */
export function originOf(text: string): string | null {
  try {
    const { origin } = new URL(text);
    return origin === "null" ? null : origin;
  } catch {
    return null;
  }
}

function sameHost(origin: string, host: string): boolean {
  const { protocol, host: wanted } = new URL(origin);
  const usual = protocol === "https:" ? ":443" : ":80";
  const given = host.endsWith(usual) ? host.slice(0, -usual.length) : host;
  return wanted === given;
}
