// Writes small MaxMind databases, so that tests know every place in them. Format 2.0, records of
// 32 bits, IPv4 below ::/96 where the tree is of IPv6.
import { parseAddress } from "../../src/net/address.ts";

/** A value a database can hold. */
export type MmdbValue = string | number | readonly MmdbValue[] | {
  readonly [key: string]: MmdbValue;
};

/** One network and its record. */
export type MmdbRow = readonly [network: string, record: MmdbValue];

const MARKER = [0xab, 0xcd, 0xef, ...new TextEncoder().encode("MaxMind.com")];
const TYPES = { text: 2, uint32: 6, map: 7, array: 11 };

function control(type: number, size: number): number[] {
  const extended = type > 7;
  const first = (extended ? 0 : type) << 5;
  const kind = extended ? [type - 7] : [];
  if (size < 29) return [first | size, ...kind];
  if (size < 285) return [first | 29, ...kind, size - 29];
  return [first | 30, ...kind, (size - 285) >> 8, (size - 285) & 255];
}

function encode(value: MmdbValue): number[] {
  if (typeof value === "string") {
    const bytes = new TextEncoder().encode(value);
    return [...control(TYPES.text, bytes.length), ...bytes];
  }
  if (typeof value === "number") {
    const bytes = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
    return [...control(TYPES.uint32, 4), ...bytes];
  }
  if (Array.isArray(value)) {
    const list = value as readonly MmdbValue[];
    return [...control(TYPES.array, list.length), ...list.flatMap(encode)];
  }
  const entries = Object.entries(value);
  const parts = entries.flatMap(([key, inner]) => [...encode(key), ...encode(inner)]);
  return [...control(TYPES.map, entries.length), ...parts];
}

/** The bits of a network's prefix, from the root of the tree. */
function bitsOf(network: string, ipVersion: 4 | 6): number[] {
  const [text = "", length] = network.split("/");
  const address = parseAddress(text);
  if (!address || length === undefined) throw new RangeError(`Cannot use network: "${network}"`);
  const all = address.words.flatMap((word) =>
    Array.from({ length: 32 }, (_, at) => (word >>> (31 - at)) & 1)
  );
  if (!address.isV4) return all.slice(0, Number(length));
  const low = all.slice(96, 96 + Number(length));
  return ipVersion === 4 ? low : [...new Array<number>(96).fill(0), ...low];
}

/** The bytes of a database with these rows. `type` is what the file says it is. */
export function mmdb(
  rows: readonly MmdbRow[],
  { ipVersion = 6, type = "Test-City" }: { ipVersion?: 4 | 6; type?: string } = {},
): Uint8Array<ArrayBuffer> {
  const nodes: [number, number][] = [[-1, -1]];
  const data: number[] = [];
  for (const [network, record] of rows) {
    const bits = bitsOf(network, ipVersion);
    let node = 0;
    bits.forEach((bit, at) => {
      const slots = nodes[node]!;
      if (at === bits.length - 1) slots[bit as 0 | 1] = -2 - data.length;
      else {
        if (slots[bit as 0 | 1] < 0) slots[bit as 0 | 1] = nodes.push([-1, -1]) - 1;
        node = slots[bit as 0 | 1];
      }
    });
    data.push(...encode(record));
  }
  const slot = (value: number) =>
    value >= 0 ? value : value === -1 ? nodes.length : nodes.length + 16 + (-2 - value);
  const tree = nodes.flat().map(slot).flatMap((value) =>
    [24, 16, 8, 0].map((shift) => (value >>> shift) & 255)
  );
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    database_type: type,
    description: { en: "for tests" },
    ip_version: ipVersion,
    languages: ["en"],
    node_count: nodes.length,
    record_size: 32,
  });
  return Uint8Array.from([...tree, ...new Array(16).fill(0), ...data, ...MARKER, ...metadata]);
}
