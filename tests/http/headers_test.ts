import { strictEqual as equal } from "node:assert";
import { type HeaderOptions, isSecure, securityHeaders } from "../../src/http/headers.ts";
import { json } from "../../src/http/response.ts";

const PLAIN: HeaderOptions = { secure_cookies: false, dashboard_origin: null };
const ORIGIN = "https://stats.example.com";

function applied(options: HeaderOptions, response: Response, headers: HeadersInit = {}): Headers {
  const request = new Request("http://localhost/", { headers });
  return securityHeaders(options).applyHeaders(response, request, "an-id").headers;
}

Deno.test("applyHeaders() sets the security headers on any response", () => {
  const answers = [
    json({}),
    json({ error: "no" }, 500),
    new Response(null, { status: 204 }),
    Response.redirect("http://localhost/elsewhere"),
  ];
  for (const answer of answers) {
    const { status } = answer;
    const headers = applied(PLAIN, answer);
    equal(headers.get("x-content-type-options"), "nosniff", String(status));
    equal(headers.get("x-frame-options"), "DENY");
    equal(headers.get("referrer-policy"), "strict-origin-when-cross-origin");
    equal(headers.get("permissions-policy"), "geolocation=(), microphone=(), camera=()");
    equal(headers.get("x-request-id"), "an-id");
    equal(headers.get("strict-transport-security"), null);
    equal(headers.get("access-control-allow-origin"), null);
  }
});

Deno.test("applyHeaders() keeps status and location of a response it has to copy", () => {
  const { applyHeaders } = securityHeaders(PLAIN);
  const redirect = Response.redirect("http://localhost/elsewhere", 307);
  const answer = applyHeaders(redirect, new Request("http://localhost/"), "an-id");
  equal(answer.status, 307);
  equal(answer.headers.get("location"), "http://localhost/elsewhere");
});

Deno.test("applyHeaders() sends HSTS exactly if TLS is certain", () => {
  const hsts = "max-age=31536000; includeSubDomains";
  const cases: [HeaderOptions, string | null][] = [
    [{ ...PLAIN, secure_cookies: true }, hsts],
    [{ ...PLAIN, dashboard_origin: ORIGIN }, hsts],
    [{ ...PLAIN, tls: true }, hsts],
    [{ ...PLAIN, dashboard_origin: "http://stats.example.com" }, null],
  ];
  for (const [options, expected] of cases) {
    equal(applied(options, json({})).get("strict-transport-security"), expected);
    equal(isSecure(options), expected !== null);
  }
});

Deno.test("applyHeaders() sets default policies for HTML and caching of JSON", () => {
  const html = (headers: Record<string, string> = {}) =>
    new Response("", { headers: { "content-type": "text/html; charset=utf-8", ...headers } });
  equal(
    applied(PLAIN, html()).get("content-security-policy"),
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  const own = html({ "content-security-policy": "default-src 'self'" });
  equal(applied(PLAIN, own).get("content-security-policy"), "default-src 'self'");
  const bare = new Response("{}", { headers: { "content-type": "application/json" } });
  equal(applied(PLAIN, bare).get("cache-control"), "no-store");
  const cached = json({}, 200, { "cache-control": "max-age=1" });
  equal(applied(PLAIN, cached).get("cache-control"), "max-age=1");
});

Deno.test("applyHeaders() allows credentialed reads only for the dashboard's origin", () => {
  const options = { ...PLAIN, dashboard_origin: ORIGIN };
  const headers = applied(options, json({}), { origin: ORIGIN });
  equal(headers.get("access-control-allow-origin"), ORIGIN);
  equal(headers.get("access-control-allow-credentials"), "true");
  equal(headers.get("vary"), "Origin");
  for (const origin of ["https://evil.example", "null", `${ORIGIN}.evil.example`, `${ORIGIN}/`]) {
    const refused = applied(options, json({}), { origin });
    equal(refused.get("access-control-allow-origin"), null, origin);
    equal(refused.get("access-control-allow-credentials"), null);
    equal(refused.get("vary"), "Origin");
  }
  const open = json({}, 200, { "access-control-allow-origin": "*" });
  const untouched = applied(options, open, { origin: ORIGIN });
  equal(untouched.get("access-control-allow-origin"), "*");
  equal(untouched.get("access-control-allow-credentials"), null);
});

Deno.test("preflight() answers only the dashboard's origin", () => {
  const { preflight } = securityHeaders({ ...PLAIN, dashboard_origin: ORIGIN });
  const ask = (origin: string, method = "OPTIONS") =>
    preflight(
      new Request("http://localhost/api/keys", {
        method,
        headers: { origin, "access-control-request-method": "DELETE" },
      }),
      ["GET", "DELETE"],
    );
  const answer = ask(ORIGIN);
  equal(answer?.status, 204);
  equal(answer?.headers.get("access-control-allow-methods"), "GET, DELETE");
  equal(ask("https://evil.example"), null);
  equal(ask(ORIGIN, "GET"), null);
  const plain = securityHeaders(PLAIN).preflight(
    new Request("http://localhost/", { method: "OPTIONS", headers: { origin: ORIGIN } }),
    [],
  );
  equal(plain, null);
});
