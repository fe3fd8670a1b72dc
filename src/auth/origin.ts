// Which page makes a browser send a request, as far as the browser tells: the rule against forged
// ones.
import { AppError } from "../core/errors.ts";

/**
 * Refuses a request whose Origin (else Referer) is not the dashboard's, with `forbidden`: it must
 * be `dashboardOrigin`; where none is set, one that is present must match Host. A missing one is
 * wrong under a `dashboardOrigin`, unless `missingAllowed`.
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

/** The host that was asked for, with its port where one was named, in lower case. */
export function hostOf(request: Request): string {
  return (request.headers.get("host") ?? new URL(request.url).host).toLowerCase();
}

/** The origin of a URL, or null where it has none. */
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
