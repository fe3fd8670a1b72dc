import assert from "node:assert/strict";
import { parseAddress } from "../../src/net/address.ts";
import { clientAddress, isForwarded, namedProxies, trustedProxies } from "../../src/net/proxies.ts";

Deno.test("trustedProxies() names the entry it cannot read", () => {
  for (const wrong of ["10.0.0.0/33", "::/129", "proxy.example", "10.0.0.0/", "10.0.0.0/-1", ""]) {
    assert.throws(() => trustedProxies(["10.0.0.0/8", wrong]), {
      name: "RangeError",
      message: `Cannot read address range: "${wrong}" is neither an address nor a CIDR range`,
    });
  }
});

Deno.test("trustedProxies() trusts loopback and private ranges by default", () => {
  const trusted = trustedProxies();
  const has = (address: string) => trusted.has(parseAddress(address)!);
  for (const one of ["127.0.0.1", "127.9.9.9", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255"]) {
    assert.ok(has(one), one);
  }
  for (const one of ["192.168.1.1", "fd00::1", "::ffff:10.0.0.1"]) assert.ok(has(one), one);
  for (const one of ["172.32.0.1", "100.64.0.1", "203.0.113.1", "2001:db8::1", "fe80::1"]) {
    assert.ok(!has(one), one);
  }
  assert.equal(trustedProxies([]).has(parseAddress("127.0.0.1")!), false);
  assert.equal(trustedProxies(["Loopback"]).has(parseAddress("::1")!), true);
  assert.equal(trustedProxies(["loopback"]).has(parseAddress("10.0.0.1")!), false);
});

Deno.test("trustedProxies() accepts names of CDNs", () => {
  const has = (name: string, address: string) => trustedProxies([name]).has(parseAddress(address)!);
  assert.ok(has("cloudflare", "173.245.48.1") && has("cloudflare", "2606:4700::1"));
  assert.ok(has("Fastly", "151.101.1.1") && has("fastly", "2a04:4e42::1"));
  assert.ok(!has("cloudflare", "151.101.1.1") && !has("fastly", "8.8.8.8"));
});

Deno.test("namedProxies() names what is listed, but not what is merely private", () => {
  const has = (list: string[] | undefined, address: string) =>
    namedProxies(list).has(parseAddress(address)!);
  assert.ok(has(undefined, "127.0.0.1"));
  assert.ok(!has(undefined, "172.17.0.1"));
  assert.ok(!has(["loopback", "Private"], "10.0.0.1"));
  assert.ok(has(["private", "172.17.0.1"], "172.17.0.1"));
  assert.ok(has(["10.0.0.0/8", "cloudflare"], "10.0.0.1"));
});

function client(
  peer: string,
  headers: Record<string, string> | [string, string][],
  trusted?: string[],
): string {
  return clientAddress(peer, new Headers(headers), trustedProxies(trusted));
}

Deno.test("clientAddress() ignores the headers of an untrusted peer", () => {
  const headers = { "x-forwarded-for": "198.51.100.9", "x-real-ip": "198.51.100.8" };
  assert.equal(client("203.0.113.1", headers), "203.0.113.1");
  assert.equal(client("127.0.0.1", headers, []), "127.0.0.1");
  assert.equal(client("::ffff:203.0.113.1", headers), "203.0.113.1");
});

Deno.test("clientAddress() takes the first untrusted hop from the right", () => {
  const via = (list: string, trusted?: string[]) =>
    client("127.0.0.1", { "x-forwarded-for": list }, trusted);
  assert.equal(via("198.51.100.9"), "198.51.100.9");
  assert.equal(via("6.6.6.6, 198.51.100.9"), "198.51.100.9");
  assert.equal(via("6.6.6.6, 198.51.100.9, 10.0.0.1,192.168.1.1"), "198.51.100.9");
  assert.equal(via("6.6.6.6,198.51.100.9,8.8.8.8", ["127.0.0.1", "8.8.8.0/24"]), "198.51.100.9");
  assert.equal(via("[2001:db8::5]:4711, 10.0.0.1"), "2001:db8::5");
  assert.equal(via("198.51.100.9:4711"), "198.51.100.9");
});

Deno.test("clientAddress() takes the leftmost hop if all are trusted", () => {
  assert.equal(client("127.0.0.1", { "x-forwarded-for": "10.0.0.3, 10.0.0.2" }), "10.0.0.3");
  const many = Array.from({ length: 500 }, (_, at) => `10.0.${at >> 8}.${at & 255}`).join(", ");
  assert.equal(client("127.0.0.1", { "x-forwarded-for": many }), "10.0.0.0");
});

Deno.test("clientAddress() stops at an entry that is not an address", () => {
  const via = (list: string) => client("127.0.0.1", { "x-forwarded-for": list });
  assert.equal(via("198.51.100.9, unknown, 10.0.0.1"), "10.0.0.1");
  assert.equal(via("198.51.100.9, _secret"), "127.0.0.1");
  assert.equal(via("unknown"), "127.0.0.1");
  assert.equal(via("198.51.100.9, , 10.0.0.1,"), "198.51.100.9");
});

Deno.test("clientAddress() joins several header lines into one list", () => {
  const lines: [string, string][] = [
    ["x-forwarded-for", "6.6.6.6"],
    ["x-forwarded-for", "198.51.100.9, 10.0.0.1"],
  ];
  assert.equal(client("10.9.9.9", lines), "198.51.100.9");
});

Deno.test("clientAddress() uses X-Real-IP only without X-Forwarded-For", () => {
  assert.equal(client("10.0.0.1", { "x-real-ip": "198.51.100.8" }), "198.51.100.8");
  assert.equal(client("10.0.0.1", { "x-real-ip": "nobody" }), "10.0.0.1");
  assert.equal(client("10.0.0.1", {}), "10.0.0.1");
  const both = { "x-forwarded-for": "unknown", "x-real-ip": "198.51.100.8" };
  assert.equal(client("10.0.0.1", both), "10.0.0.1");
  const blank = { "x-forwarded-for": " ", "x-real-ip": "198.51.100.8" };
  assert.equal(client("10.0.0.1", blank), "198.51.100.8");
});

Deno.test("clientAddress() returns a peer without an address as it is", () => {
  assert.equal(client("/run/mallard.sock", { "x-forwarded-for": "1.1.1.1" }), "/run/mallard.sock");
});

Deno.test("isForwarded() knows headers of proxies from those of browsers and programs", () => {
  const browser = {
    "accept": "*/*",
    "accept-language": "de",
    "cache-control": "no-cache",
    "content-type": "text/plain",
    "cookie": "a=b",
    "dnt": "1",
    "host": "localhost:8000",
    "origin": "http://localhost:8000",
    "priority": "u=1",
    "referer": "http://localhost:8000/",
    "sec-ch-ua-platform": "Linux",
    "sec-fetch-site": "same-origin",
    "sec-gpc": "1",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "upgrade-insecure-requests": "1",
    "user-agent": "curl/8",
    "x-api-key": "a",
    "x-requested-with": "fetch",
    "x-request-id": "1",
  };
  assert.equal(isForwarded(new Headers(browser)), false);
  for (const name of ["Via", "X-Forwarded-For", "Forwarded", "CF-Ray", "X-Amzn-Trace-Id"]) {
    assert.equal(isForwarded(new Headers({ ...browser, [name]: "" })), true, name);
  }
});
