import assert from "node:assert/strict";
import { Reader } from "maxmind";
import { parseAddress } from "../../../src/net/address.ts";
import { builtInDatabasePath } from "../../../src/ingest/enrich/geoip.ts";
import { GeoTree } from "../../../src/ingest/enrich/geo_tree.ts";
import { mmdb } from "../../support/mmdb.ts";

/** A random number of 32 bits for each call, the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 >>> 0;
}

/** Equal addresses by the number of their record, as the library and as the tree find it. */
function compare(bytes: Uint8Array, addresses: readonly string[]): number {
  const reader = new Reader(Buffer.from(bytes));
  const tree = new GeoTree(bytes, reader.metadata);
  const records = new Map<number, unknown>();
  let found = 0;
  for (const text of addresses) {
    const address = parseAddress(text);
    assert.ok(address);
    const expected = reader.get(text);
    const number = tree.find(address);
    assert.equal(number === null, expected === null, text);
    if (number === null) continue;
    if (records.has(number)) assert.deepEqual(expected, records.get(number), text);
    records.set(number, expected);
    found++;
  }
  assert.equal(new Set([...records.values()].map((one) => JSON.stringify(one))).size, records.size);
  return found;
}

function addressesOf(count: number): string[] {
  const next = numbers(7);
  const v4 = () => [24, 16, 8, 0].map((shift) => next() >>> shift & 255).join(".");
  const v6 = () => {
    const groups = Array.from({ length: 8 }, () => (next() & 0xffff).toString(16));
    return ["2a00", "2001", "2400", "2600"][next() & 3] + ":" + groups.slice(1).join(":");
  };
  return Array.from({ length: count }, (_, index) => index % 2 === 0 ? v4() : v6());
}

Deno.test("GeoTree finds the records of the built-in database that the library finds", async () => {
  const found = compare(await Deno.readFile(builtInDatabasePath()), addressesOf(20_000));
  assert.ok(found > 5_000, `only ${found} of the addresses have a record`);
});

Deno.test("GeoTree finds the records of a file of IPv4 addresses, and those of one of both", () => {
  const v4 = [["8.8.0.0/16", { country: "US" }], ["9.9.9.0/24", { country: "CH" }]] as const;
  const both = [...v4, ["2a00:1450::/32", { country: "IE" }]] as const;
  const some = ["8.8.8.8", "8.9.0.0", "9.9.9.255", "9.9.10.0", "0.0.0.0", "255.255.255.255"];
  assert.equal(compare(mmdb(v4, { ipVersion: 4 }), some), 2);
  assert.equal(compare(mmdb(both), [...some, "2a00:1450::1", "2a00:1451::", "::1"]), 3);
});

/** The nodes of a tree of 32 bits a record, written with fewer. */
function repacked(bytes: Uint8Array, nodeCount: number, recordSize: 24 | 28): Uint8Array {
  const view = new DataView(bytes.buffer);
  const nodes = Array.from({ length: nodeCount }, (_, node) => {
    const [left, right] = [view.getUint32(node * 8), view.getUint32(node * 8 + 4)];
    const low = (record: number) => [record >>> 16 & 255, record >>> 8 & 255, record & 255];
    const middle = recordSize === 24 ? [] : [left >>> 24 << 4 | right >>> 24];
    return [...low(left), ...middle, ...low(right)];
  });
  return Uint8Array.from(nodes.flat());
}

Deno.test("GeoTree reads records of 24 and of 28 bits as those of 32", () => {
  const rows = [["8.8.0.0/16", "a"], ["9.9.9.0/24", "b"], ["2a00:1450::/32", "c"]] as const;
  const bytes = mmdb(rows);
  const { metadata } = new Reader(Buffer.from(bytes));
  assert.equal(metadata.recordSize, 32);
  // A number that needs more than 24 bits, as in large files: that of a record, not of a node.
  const far = bytes.slice();
  const view = new DataView(far.buffer);
  const last = metadata.nodeCount * 8 - 4;
  view.setUint32(last, 0xabcdef1);
  const trees = ([24, 28] as const).map((recordSize) => ({
    recordSize,
    tree: new GeoTree(repacked(far, metadata.nodeCount, recordSize), {
      ...metadata,
      recordSize,
      nodeByteSize: recordSize / 4,
    }),
  }));
  const whole = new GeoTree(far, metadata);
  const seen = new Set<number | null>();
  const some = ["8.8.8.8", "8.9.0.0", "9.9.9.9", "2a00:1450::7", "2a00:1451::7"];
  for (const text of [...some, ...addressesOf(500)]) {
    const address = parseAddress(text);
    assert.ok(address);
    const found = whole.find(address);
    seen.add(found);
    for (const { recordSize, tree } of trees) {
      if (recordSize === 24 && found === 0xabcdef1) continue;
      assert.equal(tree.find(address), found, `${text}, ${recordSize} bits`);
    }
  }
  assert.ok(seen.has(0xabcdef1) && seen.size >= 4);
});
