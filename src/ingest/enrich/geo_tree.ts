// The search tree of a MaxMind database, walked by the bits of a parsed address: the library would
// parse its text once more, and each place would be read from its record again.
import type { Address } from "../../net/address.ts";

/** What the file says of its tree. */
export interface TreeShape {
  readonly nodeCount: number;
  readonly nodeByteSize: number;
  /** Bits of a record, of which each node has two: 24, 28 or 32. */
  readonly recordSize: number;
  readonly ipVersion: number;
}

/** The bits of an IPv6 address before those of an IPv4 one. */
const BEFORE_V4 = 96;
const BITS = 128;

/** The tree of a file that holds all of it. */
export class GeoTree {
  readonly #bytes: Uint8Array;
  readonly #shape: TreeShape;
  /** Where IPv4 addresses begin. */
  readonly #firstV4: number;

  constructor(bytes: Uint8Array, shape: TreeShape) {
    this.#bytes = bytes;
    this.#shape = shape;
    let node = 0;
    const steps = shape.ipVersion === 4 ? 0 : BEFORE_V4;
    for (let step = 0; step < steps && node < shape.nodeCount; step++) node = this.#child(node, 0);
    this.#firstV4 = node;
  }

  /** The number of the record of an address; null where the file has none. */
  find({ isV4, words }: Address): number | null {
    const { nodeCount } = this.#shape;
    let node = isV4 ? this.#firstV4 : 0;
    for (let at = isV4 ? BEFORE_V4 : 0; at < BITS && node < nodeCount; at++) {
      node = this.#child(node, (words[at >> 5] ?? 0) >>> 31 - (at & 31) & 1);
    }
    return node > nodeCount ? node : null;
  }

  #child(node: number, side: number): number {
    const { nodeByteSize, recordSize } = this.#shape;
    const from = node * nodeByteSize;
    if (recordSize === 24) return this.#uint24(from + 3 * side);
    if (recordSize === 32) {
      return this.#uint24(from + 4 * side) * 256 + (this.#bytes[from + 4 * side + 3] ?? 0);
    }
    // The byte between both holds the first four bits of each.
    const middle = this.#bytes[from + 3] ?? 0;
    const first = side === 0 ? middle >> 4 : middle & 15;
    return first * 2 ** 24 + this.#uint24(from + 4 * side);
  }

  #uint24(at: number): number {
    const bytes = this.#bytes;
    return (bytes[at] ?? 0) << 16 | (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0);
  }
}
