import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { parseAddress } from "../../src/net/address.ts";
import { AddressRanges, isLoopback, isSpecialPurpose } from "../../src/net/ranges.ts";
import { seededRandom } from "../support/fake_system.ts";

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

Deno.test("AddressRanges separates IPv4 and IPv6 and accepts single addresses", () => {
  const all6 = new AddressRanges(["::/0"]);
  assert.equal(all6.has(parseAddress("1.2.3.4")!), false);
  assert.equal(all6.has(parseAddress("2001::1")!), true);
  const one = new AddressRanges(["1.2.3.4", "2001:db8::9"]);
  assert.equal(one.has(parseAddress("1.2.3.4")!), true);
  assert.equal(one.has(parseAddress("1.2.3.5")!), false);
  assert.equal(one.has(parseAddress("2001:db8::9")!), true);
});

Deno.test("isSpecialPurpose() recognises the special-purpose ranges", () => {
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

Deno.test("isLoopback() recognises loopback addresses in all notations", () => {
  for (const one of ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "::ffff:127.0.0.1"]) {
    assert.ok(isLoopback(one), one);
  }
  for (const one of ["10.0.0.1", "::2", "128.0.0.1", "localhost", ""]) {
    assert.ok(!isLoopback(one), one);
  }
});
