import { doesNotThrow, strictEqual as equal, throws } from "node:assert";
import { hostOf, originOf, requireOrigin } from "../../src/auth/origin.ts";

function request(headers: Record<string, string>): Request {
  return new Request("http://127.0.0.1:8000/", { headers });
}

const FORBIDDEN = { name: "AppError", code: "forbidden" };

Deno.test("requireOrigin() compares host and port with Host, also behind a TLS proxy", () => {
  for (
    const [host, origin] of [
      ["stats.example.com", "https://stats.example.com"],
      ["stats.example.com:443", "https://stats.example.com"],
      ["STATS.example.com", "https://stats.example.com"],
      ["stats.example.com:8000", "http://stats.example.com:8000"],
    ] as const
  ) doesNotThrow(() => requireOrigin(request({ host, origin }), null), `${origin} at ${host}`);
  for (
    const [host, origin] of [
      ["stats.example.com:80", "https://stats.example.com"],
      ["stats.example.com:8000", "http://stats.example.com"],
      ["stats.example.com", "http://stats.example.com:8000"],
      ["stats.example.com", "https://stats.example.com@evil.example"],
      ["stats.example.com", "null"],
      ["stats.example.com", "nonsense"],
    ] as const
  ) {
    throws(() => requireOrigin(request({ host, origin }), null), FORBIDDEN, `${origin} at ${host}`);
  }
});

Deno.test("requireOrigin() accepts only the dashboard's origin if one is set", () => {
  const dashboard = "https://stats.example.com";
  const check = (headers: Record<string, string>, options?: { missingAllowed: boolean }) => () =>
    requireOrigin(request(headers), dashboard, options);
  doesNotThrow(check({ origin: dashboard }));
  doesNotThrow(check({ referer: `${dashboard}/settings?x=1` }));
  doesNotThrow(check({}, { missingAllowed: true }));
  throws(check({}), FORBIDDEN);
  throws(check({ origin: "http://127.0.0.1:8000" }), FORBIDDEN, "Host is not enough");
  throws(check({ origin: "https://evil.example", referer: `${dashboard}/` }), FORBIDDEN);
  throws(check({ origin: "https://evil.example" }, { missingAllowed: true }), FORBIDDEN);
});

Deno.test("requireOrigin() accepts a request without Origin and Referer if none is set", () => {
  doesNotThrow(() => requireOrigin(request({}), null));
});

Deno.test("hostOf() and originOf() read what a browser sends", () => {
  equal(hostOf(request({ host: "Stats.Example.com:8443" })), "stats.example.com:8443");
  equal(hostOf(request({})), "127.0.0.1:8000");
  equal(originOf("https://stats.example.com:443/page?x=1"), "https://stats.example.com");
  equal(originOf("null"), null);
  equal(originOf("data:text/plain,x"), null);
});
