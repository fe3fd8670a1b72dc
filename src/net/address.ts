// Network addresses: reading them in all the ways they are written, ranges of them, and whose
// address stands behind trusted proxies. It must not store or log any.

/** 128 bits as four unsigned 32-bit words. IPv4 stands as ::ffff:a.b.c.d. */
type Words = readonly [number, number, number, number];

/** An address that was read. `text` is canonical: dotted IPv4, or IPv6 as RFC 5952 writes it. */
export interface Address {
  readonly text: string;
  readonly isV4: boolean;
  readonly words: Words;
}

interface Range {
  readonly isV4: boolean;
  readonly words: Words;
  readonly masks: Words;
}

const MAPPED = 0xffff;
const TEXT_CHARS_MAX = 128;

/** The 32 bits of a dotted IPv4 address, or -1. Leading zeros are refused: they may mean octal. */
function v4Bits(text: string): number {
  let bits = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46) {
      if (digits === 0 || ++dots > 3) return -1;
      bits = bits * 256 + part;
      part = 0;
      digits = 0;
    } else if (code >= 48 && code <= 57) {
      if (digits > 0 && part === 0) return -1;
      part = part * 10 + code - 48;
      if (part > 255) return -1;
      digits++;
    } else return -1;
  }
  return dots === 3 && digits > 0 ? bits * 256 + part : -1;
}

/** The 16-bit groups between colons; a dotted tail counts as two. Null when one is not a group. */
function v6Groups(text: string, mayEndDotted: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] ?? "";
    if (mayEndDotted && at === parts.length - 1 && part.includes(".")) {
      const bits = v4Bits(part);
      if (bits < 0) return null;
      groups.push(Math.floor(bits / 65536), bits % 65536);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(parseInt(part, 16));
    else return null;
  }
  return groups;
}

function v6Words(text: string): Words | null {
  const gap = text.indexOf("::");
  let groups: number[] | null;
  if (gap < 0) groups = v6Groups(text, true);
  else {
    const left = v6Groups(text.slice(0, gap), false);
    const right = v6Groups(text.slice(gap + 2), true);
    if (!left || !right) return null;
    const missing = 8 - left.length - right.length;
    if (missing < 1) return null;
    groups = [...left, ...new Array<number>(missing).fill(0), ...right];
  }
  if (groups?.length !== 8) return null;
  const word = (at: number) => (groups[at] ?? 0) * 65536 + (groups[at + 1] ?? 0);
  return [word(0), word(2), word(4), word(6)];
}

function v4Text(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of zero groups as `::`. */
function v6Text(words: Words): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let from = -1;
  let length = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > length) {
      from = at;
      length = end - at;
    }
    if (end > at) at = end;
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (from < 0) return hex(groups);
  return `${hex(groups.slice(0, from))}::${hex(groups.slice(from + length))}`;
}

/** Takes off brackets, port and zone. */
function bare(text: string): string {
  let inner = text.trim();
  if (inner.startsWith("[")) {
    const match = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(inner);
    if (!match) return "";
    inner = match[1] ?? "";
  } else {
    const colon = inner.indexOf(":");
    if (
      colon >= 0 && colon === inner.lastIndexOf(":") && /^\d{1,5}$/.test(inner.slice(colon + 1))
    ) {
      inner = inner.slice(0, colon);
    }
  }
  const zone = inner.indexOf("%");
  return zone > 0 && inner.includes(":") ? inner.slice(0, zone) : inner;
}

/**
 * Reads an address with or without brackets, port and zone. An IPv4 address written as IPv6
 * (`::ffff:1.2.3.4`) is that IPv4 address. Null for anything else.
 */
export function parseAddress(text: string): Address | null {
  if (text.length > TEXT_CHARS_MAX) return null;
  const inner = bare(text);
  if (!inner.includes(":")) {
    const bits = v4Bits(inner);
    return bits < 0 ? null : { text: v4Text(bits), isV4: true, words: [0, 0, MAPPED, bits] };
  }
  const words = v6Words(inner);
  if (!words) return null;
  const isV4 = words[0] === 0 && words[1] === 0 && words[2] === MAPPED;
  return { text: isV4 ? v4Text(words[3]) : v6Text(words), isV4, words };
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
  const words = address.words.map((word, at) => (word & (masks[at] ?? 0)) >>> 0);
  return { isV4: address.isV4, masks, words: words as unknown as Words };
}

/** A set of address ranges, IPv4 and IPv6 apart: `::/0` holds no IPv4 address. */
export class AddressRanges {
  readonly #v4: Range[] = [];
  readonly #v6: Range[] = [];

  /** `entries` are addresses or CIDR ranges. Throws RangeError naming the first that is neither. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const range = parseRange(entry.trim());
      if (!range) {
        throw new RangeError(
          `Cannot read address range: "${entry}" is no address and no CIDR range`,
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

const LOOPBACK = ["127.0.0.0/8", "::1/128"] as const;
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"] as const;

const LOOPBACK_RANGES = new AddressRanges(LOOPBACK);

/** Whatever IANA's special-purpose registries keep from being a place on the public network. */
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

/** Names that `trusted_proxies` may use in place of ranges. */
const NAMED_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: LOOPBACK,
  private: PRIVATE,
};

/** The proxies trusted when the owner names none: loopback and private ranges. */
export const TRUSTED_PROXIES_DEFAULT: readonly string[] = ["loopback", "private"];

/**
 * The proxies whose word on a client's address is taken: addresses, CIDR ranges, or the words
 * `loopback` and `private`. An empty list trusts nobody. Throws RangeError naming a bad entry.
 */
export function trustedProxies(list: readonly string[] = TRUSTED_PROXIES_DEFAULT): AddressRanges {
  return new AddressRanges(list.flatMap((entry) => {
    const name = entry.trim().toLowerCase();
    return Object.hasOwn(NAMED_RANGES, name) ? NAMED_RANGES[name] ?? [] : [entry];
  }));
}

/** Whether the text is an address of this very machine. */
export function isLoopback(address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== null && LOOPBACK_RANGES.has(parsed);
}

/** What counts as one sender: an IPv4 address, or the /64 of an IPv6 one, which a host may have. */
export function senderOf(address: string): string {
  const parsed = parseAddress(address);
  if (!parsed) return address;
  return parsed.isV4 ? parsed.text : `${parsed.words[0]}:${parsed.words[1]}`;
}

/** Whether the address is private, loopback, link-local, shared, documentation or the like. */
export function isSpecialPurpose(address: Address): boolean {
  return SPECIAL_RANGES.has(address);
}

/** From the right, over trusted hops, to the first that isn't; what is no address ends the walk. */
function walk(forwarded: string, from: Address, trusted: AddressRanges): Address {
  let client = from;
  for (let end = forwarded.length; end >= 0;) {
    const comma = end === 0 ? -1 : forwarded.lastIndexOf(",", end - 1);
    const entry = forwarded.slice(comma + 1, end).trim();
    end = comma;
    if (entry === "") continue;
    const hop = parseAddress(entry);
    if (!hop) return client;
    client = hop;
    if (!trusted.has(hop)) return client;
  }
  return client;
}

/**
 * The client's address in canonical text. `peer` is the connected one; only when that is a trusted
 * proxy are X-Forwarded-For, or in its absence X-Real-IP, believed. A peer that has no address
 * (a local socket) is returned as it is.
 */
export function clientAddress(peer: string, headers: Headers, trusted: AddressRanges): string {
  const direct = parseAddress(peer);
  if (!direct) return peer;
  if (!trusted.has(direct)) return direct.text;
  const forwarded = headers.get("x-forwarded-for")?.trim();
  if (forwarded) return walk(forwarded, direct, trusted).text;
  return (parseAddress(headers.get("x-real-ip") ?? "") ?? direct).text;
}
