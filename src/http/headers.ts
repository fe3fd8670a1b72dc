// The security headers of every response: what a browser may do with it, and which origin may read
// it.

/** The settings that headers depend on, by their names. */
export interface HeaderOptions {
  readonly secure_cookies: boolean;
  readonly dashboard_origin: string | null;
  /** Whether the server itself speaks TLS. */
  readonly tls?: boolean;
}

/** Response headers for the settings in use. */
export interface SecurityHeaders {
  /** Sets the headers. Returns the same response, or a copy if its headers are immutable. */
  applyHeaders(
    response: Response,
    request: Pick<Request, "headers">,
    requestId: string,
  ): Response;
  /**
   * The response to a CORS preflight of the dashboard's origin for a route with these methods; null
   * for any other request. It still needs applyHeaders().
   */
  preflight(
    request: Pick<Request, "method" | "headers">,
    methods: readonly string[],
  ): Response | null;
}

const HSTS = "max-age=31536000; includeSubDomains";

/** The default policy of HTML: it may load nothing. */
const HTML_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'";

const ALLOWED_HEADERS = "Content-Type, Authorization, X-API-Key";
const EXPOSED_HEADERS = "X-Request-ID, Retry-After, Content-Disposition";
const PREFLIGHT_SECS = 600;

/** Whether browsers reach the server by TLS only. If so, cookies are Secure and HSTS is sent. */
export function isSecure(options: HeaderOptions): boolean {
  return options.secure_cookies || options.tls === true ||
    (options.dashboard_origin?.startsWith("https:") ?? false);
}

/** Makes the headers for these settings. */
export function securityHeaders(options: HeaderOptions): SecurityHeaders {
  const fixed: [string, string][] = [
    ["x-content-type-options", "nosniff"],
    ["x-frame-options", "DENY"],
    ["referrer-policy", "strict-origin-when-cross-origin"],
    ["permissions-policy", "geolocation=(), microphone=(), camera=()"],
  ];
  if (isSecure(options)) fixed.push(["strict-transport-security", HSTS]);
  const { dashboard_origin } = options;
  const fromDashboard = (request: Pick<Request, "headers">) =>
    dashboard_origin !== null && request.headers.get("origin") === dashboard_origin;

  const put = (headers: Headers, request: Pick<Request, "headers">, requestId: string) => {
    for (const [name, value] of fixed) headers.set(name, value);
    // A policy that lets any page frame it is that of what is made for it.
    if (headers.get("content-security-policy")?.includes("frame-ancestors *")) {
      headers.delete("x-frame-options");
    }
    headers.set("x-request-id", requestId);
    const type = headers.get("content-type") ?? "";
    if (type.startsWith("text/html")) {
      if (!headers.has("content-security-policy")) {
        headers.set("content-security-policy", HTML_POLICY);
      }
    } else if (type.startsWith("application/json") && !headers.has("cache-control")) {
      headers.set("cache-control", "no-store");
    }
    if (dashboard_origin === null || headers.has("access-control-allow-origin")) return;
    headers.append("vary", "Origin");
    if (!fromDashboard(request)) return;
    headers.set("access-control-allow-origin", dashboard_origin);
    headers.set("access-control-allow-credentials", "true");
    headers.set("access-control-expose-headers", EXPOSED_HEADERS);
  };

  return {
    applyHeaders(response, request, requestId) {
      try {
        put(response.headers, request, requestId);
        return response;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        const copy = new Response(response.body, response);
        put(copy.headers, request, requestId);
        return copy;
      }
    },
    preflight(request, methods) {
      const asked = request.headers.has("access-control-request-method");
      if (request.method !== "OPTIONS" || !asked || !fromDashboard(request)) return null;
      return new Response(null, {
        status: 204,
        headers: {
          "access-control-allow-methods": methods.join(", "),
          "access-control-allow-headers": ALLOWED_HEADERS,
          "access-control-max-age": String(PREFLIGHT_SECS),
        },
      });
    },
  };
}
