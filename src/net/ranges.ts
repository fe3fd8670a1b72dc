// Ranges of network addresses. node:net's BlockList gives the same answers, but each check takes
// 10 to 40 times as long, and every event needs several.
import { type Address, parseAddress, type Words } from "./address.ts";

interface Range {
  readonly isV4: boolean;
  readonly words: Words;
  readonly masks: Words;
}

function maskOf(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

function parseRange(text: string): Range | null {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (!address) return null;
  const bitsMax = address.isV4 ? 32 : 128;
  const length = slash < 0 ? String(bitsMax) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > bitsMax) return null;
  const bits = Number(length) + 128 - bitsMax;
  const masks = [maskOf(bits), maskOf(bits - 32), maskOf(bits - 64), maskOf(bits - 96)] as const;
  const [a, b, c, d] = address.words;
  const words: Words = [
    (a & masks[0]) >>> 0,
    (b & masks[1]) >>> 0,
    (c & masks[2]) >>> 0,
    (d & masks[3]) >>> 0,
  ];
  return { isV4: address.isV4, masks, words };
}

/** Whether a text is an address or a CIDR range. */
export function isRange(text: string): boolean {
  return parseRange(text) !== null;
}

/** A set of address ranges. IPv4 and IPv6 are separate: `::/0` holds no IPv4 address. */
export class AddressRanges {
  readonly #v4: Range[] = [];
  readonly #v6: Range[] = [];

  /** `entries` are addresses or CIDR ranges. Throws RangeError naming the first that is neither. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const range = parseRange(entry.trim());
      if (!range) {
        throw new RangeError(
          `Cannot read address range: "${entry}" is neither an address nor a CIDR range`,
        );
      }
      (range.isV4 ? this.#v4 : this.#v6).push(range);
    }
  }

  /** Whether one of the ranges holds the address. */
  has(address: Address): boolean {
    const [a, b, c, d] = address.words;
    if (address.isV4) {
      for (const { words, masks } of this.#v4) {
        if ((d & masks[3]) >>> 0 === words[3]) return true;
      }
      return false;
    }
    for (const { words, masks } of this.#v6) {
      if (
        (a & masks[0]) >>> 0 === words[0] && (b & masks[1]) >>> 0 === words[1] &&
        (c & masks[2]) >>> 0 === words[2] && (d & masks[3]) >>> 0 === words[3]
      ) return true;
    }
    return false;
  }
}

/** Addresses of this machine. */
export const LOOPBACK = ["127.0.0.0/8", "::1/128"] as const;
/** Addresses of private networks. */
export const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"] as const;

const LOOPBACK_RANGES = new AddressRanges(LOOPBACK);
const NEAR_RANGES = new AddressRanges([...LOOPBACK, ...PRIVATE]);

/** What IANA's special-purpose registries list: none of it has a place in the public network. */
const SPECIAL_RANGES = new AddressRanges([
  ...LOOPBACK,
  ...PRIVATE,
  "0.0.0.0/8", // this network
  "100.64.0.0/10", // shared by carriers
  "169.254.0.0/16", // link-local
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // relays, withdrawn
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, broadcast
  "::/128", // unspecified
  "64:ff9b:1::/48", // local translation
  "100::/64", // discard
  "2001::/23", // protocol assignments
  "2001:db8::/32", // documentation
  "3fff::/20", // documentation
  "5f00::/16", // segment routing
  "fe80::/10", // link-local
  "fec0::/10", // site-local, withdrawn
  "ff00::/8", // multicast
]);

/** Whether the text is an address of this machine. */
export function isLoopback(address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== null && LOOPBACK_RANGES.has(parsed);
}

/** Whether the text is an address of this machine or of a private network. */
export function isNear(address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== null && NEAR_RANGES.has(parsed);
}

/** Whether the address is private, loopback, link-local, shared, documentation or the like. */
export function isSpecialPurpose(address: Address): boolean {
  return SPECIAL_RANGES.has(address);
}

/** The ranges of lists that do not change, each read once. */
export class KnownRanges {
  readonly #known = new WeakMap<readonly string[], AddressRanges>();

  /** The ranges of a list. Throws RangeError naming the first that is none. */
  of(entries: readonly string[]): AddressRanges {
    let ranges = this.#known.get(entries);
    if (!ranges) this.#known.set(entries, ranges = new AddressRanges(entries));
    return ranges;
  }
}
