import assert from "node:assert/strict";
import { namedProxies } from "../../src/net/proxies.ts";
import { UnnamedProxies } from "../../src/net/unnamed_proxies.ts";
import { fakeSystem } from "../support/fake_system.ts";

function open(list: readonly string[] = ["loopback", "private"]) {
  const { log, lines } = fakeSystem();
  const proxies = new UnnamedProxies(log, list, namedProxies(list));
  const notice = (
    peer: string,
    headers: Record<string, string> = { "x-forwarded-for": "1.1.1.1" },
  ) => proxies.notice(peer, new Headers(headers));
  return { proxies, lines, notice };
}

Deno.test("UnnamedProxies.notice() says once which line names the proxy", () => {
  const { proxies, lines, notice } = open();
  notice("172.17.0.1", {});
  notice("127.0.0.1");
  notice("203.0.113.7");
  assert.deepEqual([proxies.line, lines.length], [null, 0]);
  notice("172.17.0.1", { "x-real-ip": "1.1.1.1" });
  notice("10.0.0.9");
  const line = 'trusted_proxies = ["loopback", "private", "172.17.0.1"]';
  assert.equal(proxies.line, line);
  assert.deepEqual(lines.map(({ level, fields }) => [level, fields]), [["warn", { add: line }]]);
  assert.ok(!JSON.stringify(lines).includes("1.1.1.1"));
});

Deno.test("UnnamedProxies.notice() names a CDN, and nothing that is named already", () => {
  const cdn = open();
  cdn.notice("173.245.48.9");
  assert.equal(cdn.proxies.line, 'trusted_proxies = ["loopback", "private", "cloudflare"]');
  const named = open(["loopback", "172.17.0.1", "cloudflare"]);
  named.notice("172.17.0.1");
  named.notice("173.245.48.9");
  assert.equal(named.proxies.line, null);
});
