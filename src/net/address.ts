// Parses network addresses in all their notations. It must not store or log any.

/** 128 bits as four unsigned 32-bit words. IPv4 is kept as ::ffff:a.b.c.d. */
export type Words = readonly [number, number, number, number];

/** A parsed address. `text` is canonical: dotted IPv4, or IPv6 in the form of RFC 5952. */
export interface Address {
  readonly text: string;
  readonly isV4: boolean;
  readonly words: Words;
}

const MAPPED = 0xffff;
const TEXT_CHARS_MAX = 128;

/** The 32 bits of a dotted IPv4 address, or -1. Leading zeros are invalid: they may mean octal. */
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

/** The 16-bit groups between colons; a dotted tail is two. Null if one is not a group. */
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

/** Removes brackets, port and zone. */
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
 * Parses an address with or without brackets, port and zone. An IPv4-mapped IPv6 address
 * (`::ffff:1.2.3.4`) becomes that IPv4 address. Null for anything else.
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

/** The key under which requests of an address are counted: an IPv4 address, or the /64 of IPv6. */
export function rateLimitKey(address: string): string {
  const parsed = parseAddress(address);
  return parsed === null ? address : keyOfAddress(parsed);
}

/** The same of a parsed address. */
export function keyOfAddress({ isV4, text, words }: Address): string {
  return isV4 ? text : `${words[0]}:${words[1]}`;
}

/** The range by which one client is known: an IPv4 address, or the 64 bits of an IPv6 network. */
export function ownRange(address: string): string | null {
  const parsed = parseAddress(address);
  if (parsed === null || parsed.isV4) return parsed && parsed.text;
  const groups = parsed.words.slice(0, 2).flatMap((word) => [word >>> 16, word & 0xffff]);
  const network = parseAddress(`${groups.map((group) => group.toString(16)).join(":")}::`);
  return network && `${network.text}/64`;
}
