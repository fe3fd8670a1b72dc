import assert from "node:assert/strict";
import { BlockList, isIPv4, isIPv6 } from "node:net";
import {
  AddressRanges,
  clientAddress,
  isLoopback,
  isSpecialPurpose,
  parseAddress,
  senderOf,
  trustedProxies,
} from "../../src/net/address.ts";
import { seededRandom } from "../support/fake_system.ts";

const text = (address: string) => parseAddress(address)?.text ?? null;

Deno.test("parseAddress() reads addresses in all the ways they are written", () => {
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

Deno.test("parseAddress() refuses what is no address", () => {
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

Deno.test("AddressRanges has() agrees with node:net's BlockList on random ranges", () => {
  const { bytes } = seededRandom(11);
  const dotted = (part: Uint8Array) => [...part].join(".");
  const grouped = (part: Uint8Array) =>
    Array.from({ length: 8 }, (_, at) => (part[2 * at]! * 256 + part[2 * at + 1]!).toString(16))
      .join(":");
  for (let round = 0; round < 3000; round++) {
    const isV4 = round % 2 === 0;
    const base = bytes(isV4 ? 4 : 16);
    const bits = bytes(1)[0]! % (isV4 ? 33 : 129);
    const near = base.slice();
    // Change one bit, in or behind the prefix.
    const flip = bytes(1)[0]! % (near.length * 8);
    near[flip >> 3]! ^= 128 >> (flip & 7);
    const written = isV4 ? dotted : grouped;
    const list = new BlockList();
    list.addSubnet(written(base), bits, isV4 ? "ipv4" : "ipv6");
    const ranges = new AddressRanges([`${written(base)}/${bits}`]);
    for (const probe of [base, near]) {
      const address = parseAddress(written(probe))!;
      if (!isV4 && address.isV4) continue;
      assert.equal(
        ranges.has(address),
        list.check(written(probe), isV4 ? "ipv4" : "ipv6"),
        `${written(probe)} in ${written(base)}/${bits}`,
      );
    }
  }
});

Deno.test("AddressRanges keeps IPv4 and IPv6 apart and takes single addresses", () => {
  const all6 = new AddressRanges(["::/0"]);
  assert.equal(all6.has(parseAddress("1.2.3.4")!), false);
  assert.equal(all6.has(parseAddress("2001::1")!), true);
  const one = new AddressRanges(["1.2.3.4", "2001:db8::9"]);
  assert.equal(one.has(parseAddress("1.2.3.4")!), true);
  assert.equal(one.has(parseAddress("1.2.3.5")!), false);
  assert.equal(one.has(parseAddress("2001:db8::9")!), true);
});

Deno.test("trustedProxies() names the entry it cannot read", () => {
  for (const wrong of ["10.0.0.0/33", "::/129", "proxy.example", "10.0.0.0/", "10.0.0.0/-1", ""]) {
    assert.throws(() => trustedProxies(["10.0.0.0/8", wrong]), {
      name: "RangeError",
      message: `Cannot read address range: "${wrong}" is no address and no CIDR range`,
    });
  }
});

Deno.test("trustedProxies() trusts loopback and private ranges unless told otherwise", () => {
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

Deno.test("isSpecialPurpose() tells addresses that are no place", () => {
  const special = (address: string) => isSpecialPurpose(parseAddress(address)!);
  const none = [
    ..."0.0.0.0 10.1.1.1 100.64.0.1 100.127.255.255 127.0.0.1 169.254.1.1 172.20.0.1".split(" "),
    ..."192.0.0.1 192.0.2.1 192.168.0.1 198.18.0.1 198.19.9.9 198.51.100.1 203.0.113.9".split(" "),
    ..."224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 2001:db8::1 3fff::1 fc00::1".split(" "),
    ..."fd12::1 fe80::1 ff02::1 2001::1 ::ffff:10.0.0.1".split(" "),
  ];
  for (const one of none) assert.ok(special(one), one);
  const places = "1.1.1.1 8.8.8.8 100.63.9.9 100.128.0.1 172.15.0.1 172.32.0.1 198.17.0.1 " +
    "203.0.112.1 203.0.114.1 2001:4860:4860::8888 2a00::1 2400:cb00::1 2001:200::1";
  for (const one of places.split(" ")) assert.ok(!special(one), one);
});

Deno.test("isLoopback() knows this machine in every writing", () => {
  for (const one of ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "::ffff:127.0.0.1"]) {
    assert.ok(isLoopback(one), one);
  }
  for (const one of ["10.0.0.1", "::2", "128.0.0.1", "localhost", ""]) {
    assert.ok(!isLoopback(one), one);
  }
});

function client(
  peer: string,
  headers: Record<string, string> | [string, string][],
  trusted?: string[],
): string {
  return clientAddress(peer, new Headers(headers), trustedProxies(trusted));
}

Deno.test("clientAddress() believes no header of a peer that is not trusted", () => {
  const headers = { "x-forwarded-for": "198.51.100.9", "x-real-ip": "198.51.100.8" };
  assert.equal(client("203.0.113.1", headers), "203.0.113.1");
  assert.equal(client("127.0.0.1", headers, []), "127.0.0.1");
  assert.equal(client("::ffff:203.0.113.1", headers), "203.0.113.1");
});

Deno.test("clientAddress() walks from the right to the first hop that is not trusted", () => {
  const via = (list: string, trusted?: string[]) =>
    client("127.0.0.1", { "x-forwarded-for": list }, trusted);
  assert.equal(via("198.51.100.9"), "198.51.100.9");
  assert.equal(via("6.6.6.6, 198.51.100.9"), "198.51.100.9");
  assert.equal(via("6.6.6.6, 198.51.100.9, 10.0.0.1,192.168.1.1"), "198.51.100.9");
  assert.equal(via("6.6.6.6,198.51.100.9,8.8.8.8", ["127.0.0.1", "8.8.8.0/24"]), "198.51.100.9");
  assert.equal(via("[2001:db8::5]:4711, 10.0.0.1"), "2001:db8::5");
  assert.equal(via("198.51.100.9:4711"), "198.51.100.9");
});

Deno.test("clientAddress() takes the leftmost where all hops are trusted", () => {
  assert.equal(client("127.0.0.1", { "x-forwarded-for": "10.0.0.3, 10.0.0.2" }), "10.0.0.3");
  const many = Array.from({ length: 500 }, (_, at) => `10.0.${at >> 8}.${at & 255}`).join(", ");
  assert.equal(client("127.0.0.1", { "x-forwarded-for": many }), "10.0.0.0");
});

Deno.test("clientAddress() ends its walk at what is no address", () => {
  const via = (list: string) => client("127.0.0.1", { "x-forwarded-for": list });
  assert.equal(via("198.51.100.9, unknown, 10.0.0.1"), "10.0.0.1");
  assert.equal(via("198.51.100.9, _secret"), "127.0.0.1");
  assert.equal(via("unknown"), "127.0.0.1");
  assert.equal(via("198.51.100.9, , 10.0.0.1,"), "198.51.100.9");
});

Deno.test("clientAddress() takes several header lines as one list", () => {
  const lines: [string, string][] = [
    ["x-forwarded-for", "6.6.6.6"],
    ["x-forwarded-for", "198.51.100.9, 10.0.0.1"],
  ];
  assert.equal(client("10.9.9.9", lines), "198.51.100.9");
});

Deno.test("clientAddress() takes X-Real-IP only in the absence of X-Forwarded-For", () => {
  assert.equal(client("10.0.0.1", { "x-real-ip": "198.51.100.8" }), "198.51.100.8");
  assert.equal(client("10.0.0.1", { "x-real-ip": "nobody" }), "10.0.0.1");
  assert.equal(client("10.0.0.1", {}), "10.0.0.1");
  const both = { "x-forwarded-for": "unknown", "x-real-ip": "198.51.100.8" };
  assert.equal(client("10.0.0.1", both), "10.0.0.1");
  const blank = { "x-forwarded-for": " ", "x-real-ip": "198.51.100.8" };
  assert.equal(client("10.0.0.1", blank), "198.51.100.8");
});

Deno.test("clientAddress() leaves a peer without an address as it is", () => {
  assert.equal(client("/run/mallard.sock", { "x-forwarded-for": "1.1.1.1" }), "/run/mallard.sock");
});

Deno.test("senderOf() takes an IPv6 network of 64 bits for one", () => {
  const same = ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:DB8:1:2:0:0:0:9"];
  assert.equal(new Set(same.map(senderOf)).size, 1);
  const others = ["2001:db8:1:3::1", "2001:db8:1::1", "::1", "192.0.2.1", "192.0.2.2"];
  assert.equal(new Set([...same, ...others].map(senderOf)).size, 6);
  assert.deepEqual(["::ffff:192.0.2.1", "192.0.2.1", "a socket"].map(senderOf), [
    "192.0.2.1",
    "192.0.2.1",
    "a socket",
  ]);
});
