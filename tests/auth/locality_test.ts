import { strictEqual as equal } from "node:assert";
import { isLoopbackHost, localityOf } from "../../src/auth/locality.ts";

const HERE = { peer: "127.0.0.1", address: "127.0.0.1" };
const PUBLIC = "https://stats.example.com";

function locality(headers: Record<string, string>, caller = HERE): string {
  const request = new Request("http://localhost:8000/", { headers });
  return localityOf(request, caller);
}

Deno.test("localityOf() calls local what comes over loopback under a loopback name", () => {
  equal(locality({}), "local");
  equal(locality({ host: "127.0.0.1:8000" }), "local");
  equal(locality({}, { peer: "::1", address: "::1" }), "local");
  equal(locality({}, { peer: "::ffff:127.0.0.1", address: "127.0.0.1" }), "local");
  equal(locality({}, { peer: "198.51.100.7", address: "198.51.100.7" }), "remote");
  equal(locality({}, { peer: "127.0.0.1", address: "198.51.100.7" }), "remote");
  equal(locality({}, { peer: "10.0.0.1", address: "127.0.0.1" }), "remote");
  equal(locality({ host: "stats.example.com" }), "remote");
});

Deno.test("localityOf() calls remote what a proxy says it passed on", () => {
  for (
    const [name, value] of [
      ["x-forwarded-for", "127.0.0.1"],
      ["x-forwarded-for", "198.51.100.7"],
      ["x-forwarded-for", ""],
      ["x-real-ip", "127.0.0.1"],
      ["x-forwarded-proto", "https"],
      ["x-forwarded-host", "localhost"],
      ["x-forwarded-server", "a"],
      ["forwarded", "for=127.0.0.1"],
      ["via", "1.1 proxy"],
      ["x-forwarded", "for=198.51.100.7"],
      ["x-forwarded-port", "443"],
      ["x-client-ip", "198.51.100.7"],
      ["x-cluster-client-ip", "198.51.100.7"],
      ["fastly-client-ip", "198.51.100.7"],
      ["x-envoy-external-address", "198.51.100.7"],
      ["connection", "close"],
      ["connection", "Close, TE"],
      ["cf-connecting-ip", "198.51.100.7"],
      ["true-client-ip", "198.51.100.7"],
      ["cf-ray", "8a1b2c3d4e5f6071-FRA"],
      ["cdn-loop", "cloudflare"],
      ["x-amzn-trace-id", "Root=1-67891233-abcdef012345678912345678"],
      ["x-amz-cf-id", "a"],
      ["cloudfront-viewer-country", "DE"],
      ["x-azure-ref", "a"],
      ["x-cloud-trace-context", "a/1;o=1"],
      ["fastly-ff", "a"],
      ["x-varnish", "1"],
      ["x-original-url", "/"],
      ["x-nf-client-connection-ip", "198.51.100.7"],
      ["wl-proxy-client-ip", "198.51.100.7"],
      ["x-remote-addr", "198.51.100.7"],
    ] as const
  ) equal(locality({ [name]: value }), "remote", `${name}: ${value}`);
});

Deno.test("localityOf() detects by a browser's headers that a proxy replaced Host", () => {
  const same = { "sec-fetch-site": "same-origin" };
  equal(locality({ ...same, referer: `${PUBLIC}/?site=a` }), "proxied");
  equal(locality({ ...same, origin: PUBLIC }), "proxied");
  equal(locality({ ...same, origin: "https://203.0.113.9:8443" }), "proxied");
  for (
    const ordinary of [
      { ...same },
      { ...same, origin: "http://localhost:8000" },
      { ...same, referer: "http://127.0.0.1:8000/" },
      { ...same, referer: "http://[::1]:8000/" },
      { ...same, referer: "http://mallard.localhost/" },
      { ...same, origin: "null" },
      { ...same, referer: "nonsense" },
      { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
      { "sec-fetch-site": "none" },
      { origin: PUBLIC },
    ] as Record<string, string>[]
  ) equal(locality(ordinary), "local", JSON.stringify(ordinary));
  equal(locality({ ...same, host: "stats.example.com", origin: PUBLIC }), "remote");
});

Deno.test("isLoopbackHost() accepts the loopback names only", () => {
  const local = (host: string) =>
    isLoopbackHost(new Request("http://192.0.2.1/", { headers: { host } }));
  for (const host of ["localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1:8000", "[::1]:80"]) {
    equal(local(host), true, host);
  }
  for (
    const host of [
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "evil.example:127",
      "192.0.2.1",
      "[::2]",
      "",
    ]
  ) {
    equal(local(host), false, host);
  }
});
