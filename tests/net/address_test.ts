import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { ownRange, parseAddress, rateLimitKey } from "../../src/net/address.ts";
import { isRange } from "../../src/net/ranges.ts";
import { seededRandom } from "../support/fake_system.ts";

const text = (address: string) => parseAddress(address)?.text ?? null;

Deno.test("parseAddress() reads addresses in all notations", () => {
  const table: [string, string | null][] = [
    ["203.0.113.7", "203.0.113.7"],
    [" 203.0.113.7 ", "203.0.113.7"],
    ["203.0.113.7:8080", "203.0.113.7"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:cb00:7107", "203.0.113.7"],
    ["[::ffff:203.0.113.7]:443", "203.0.113.7"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:65535", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["[fe80::1%25en0]:80", "fe80::1"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["::1.2.3.4", "::102:304"],
  ];
  for (const [written, canonical] of table) assert.equal(text(written), canonical, written);
});

Deno.test("parseAddress() returns null for anything else", () => {
  const wrong = [
    ..."|unknown|1.2.3|1.2.3.4.5|256.1.1.1|01.2.3.4|1.2.3.+4|1..2.3|1.2.3.4.|.1.2.3.4".split("|"),
    ...":::|1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9|1::2::3|12345::|g::1|:1:2:3:4:5:6:7".split("|"),
    ...["1.2.3.4::", "::1.2.3", "[::1", "::1]", "[::1]x", "1.2.3.4%eth0", "1.2.3.4:port"],
    ...["0x7f.1.1.1", "127.1", "example.com", "１.2.3.4", "1".repeat(5000), "1:".repeat(60)],
    ...["1:2:3:4:5:6:7::8:9", "1:2:3:4:5:6:7:1.2.3.4", "_hidden"],
  ];
  for (const one of wrong) assert.equal(parseAddress(one), null, one);
});

Deno.test("parseAddress() agrees with node:net and the URL parser on random texts", () => {
  const { bytes } = seededRandom(7);
  const byte = () => bytes(1)[0]!;
  const pick = (list: string) => list[byte() % list.length]!;
  let valid = 0;
  for (let round = 0; round < 20_000; round++) {
    const parts = Array.from({ length: 1 + byte() % 9 }, () => {
      const kind = byte() % 8;
      return kind < 2
        ? ""
        : kind < 5
        ? "0"
        : Array.from({ length: 1 + byte() % 4 }, () => pick("0123456789abcdef")).join("");
    });
    const tail = byte() % 4 === 0 ? `:${byte()}.${byte()}.${byte()}.${byte()}` : "";
    const written = parts.join(":") + tail;
    if (!isIPv6(written)) {
      // One colon and digits may be an address with a port: that is tried above.
      if (!isIPv4(written)) assert.equal(parseAddress(written), null, written);
      continue;
    }
    valid++;
    const parsed = parseAddress(written);
    assert.ok(parsed, written);
    const canonical = new URL(`http://[${written}]/`).hostname.slice(1, -1);
    if (!parsed.isV4) assert.equal(parsed.text, canonical, written);
    else assert.equal(new URL(`http://[::ffff:${parsed.text}]/`).hostname.slice(1, -1), canonical);
    assert.deepEqual(parseAddress(parsed.text), parsed);
  }
  assert.ok(valid > 1000, `only ${valid} of the texts were addresses`);
});

Deno.test("rateLimitKey() is the same for a whole /64 of IPv6", () => {
  const same = ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:DB8:1:2:0:0:0:9"];
  assert.equal(new Set(same.map(rateLimitKey)).size, 1);
  const others = ["2001:db8:1:3::1", "2001:db8:1::1", "::1", "192.0.2.1", "192.0.2.2"];
  assert.equal(new Set([...same, ...others].map(rateLimitKey)).size, 6);
  assert.deepEqual(["::ffff:192.0.2.1", "192.0.2.1", "a socket"].map(rateLimitKey), [
    "192.0.2.1",
    "192.0.2.1",
    "a socket",
  ]);
});

Deno.test("ownRange() is an IPv4 address, or the network of an IPv6 one", () => {
  const ranges = {
    "81.2.69.142": "81.2.69.142",
    "::ffff:81.2.69.142": "81.2.69.142",
    "2001:db8:1:2:aaaa:bbbb:cccc:dddd": "2001:db8:1:2::/64",
    "2001:db8::1": "2001:db8::/64",
    "::1": "::/64",
    "unknown": null,
  };
  for (const [address, range] of Object.entries(ranges)) {
    assert.equal(ownRange(address), range, address);
    if (range !== null) assert.ok(isRange(range));
  }
});
