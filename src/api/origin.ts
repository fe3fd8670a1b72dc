// Where a request comes from, as far as a browser tells: the rule against forged requests, and
// what counts as a client on this very machine.
import { AppError } from "../core/errors.ts";

const LOOPBACK_NAME = /^(localhost|[a-z0-9-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

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

/**
 * Whether Host is a name of this very machine. A page elsewhere whose name was made to point to
 * 127.0.0.1, and a proxy on this machine that serves a public name, carry that name instead.
 */
export function isLoopbackHost(request: Request): boolean {
  const host = hostOf(request).replace(/:\d+$/, "").replace(/\.$/, "");
  return LOOPBACK_NAME.test(host);
}

function hostOf(request: Request): string {
  return (request.headers.get("host") ?? new URL(request.url).host).toLowerCase();
}

function originOf(text: string): string | null {
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
