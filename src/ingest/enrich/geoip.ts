// Country, region and city of an address, from a MaxMind database file. The only file that knows
// maxmind. It remembers records of the database, never an address.
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { zstdDecompressSync } from "node:zlib";
import { type CityResponse, Reader } from "maxmind";
import { messageOf } from "../../core/errors.ts";
import type { Files, Log } from "../../core/types.ts";
import { type Address, parseAddress } from "../../net/address.ts";
import { isSpecialPurpose } from "../../net/ranges.ts";
import { LruCache } from "../../core/lru_cache.ts";
import { GeoTree } from "./geo_tree.ts";

/** How precise a stored place is, from most to least. */
export const GEO_PRECISIONS = ["city", "region", "country", "none"] as const;

/** One of GEO_PRECISIONS. */
export type GeoPrecision = (typeof GEO_PRECISIONS)[number];

/** A place. The keys are columns of the event; null where it is unknown or too precise. */
export interface Place {
  readonly country_code: string | null;
  readonly region: string | null;
  readonly city: string | null;
}

/** An unknown place. */
export const NOWHERE: Place = { country_code: null, region: null, city: null };

const RECORDS_MAX = 20_000;
const PLACES_MAX = 5_000;
const NAME_CHARS_MAX = 128;
const SEPARATOR_BYTES = 16;
const PROBES = ["1.1.1.1", "8.8.8.8", "85.10.192.1", "200.160.0.1", "2001:4860:4860::8888"];

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? value as Fields : {};
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value.slice(0, NAME_CHARS_MAX) : null;
}

function countryOf(record: Fields): string | null {
  const code = record.country_code ?? fieldsOf(record.country).iso_code ?? record.country;
  if (typeof code !== "string" || !/^[A-Z]{2}$/i.test(code)) return null;
  const upper = code.toUpperCase();
  return upper === "ZZ" || upper === "XX" ? null : upper;
}

function nameOf(value: unknown): string | null {
  const direct = textOf(value);
  if (direct !== null) return direct;
  return textOf(fieldsOf(fieldsOf(value).names).en);
}

function regionOf(record: Fields): string | null {
  const parts = record.subdivisions;
  return nameOf(Array.isArray(parts) ? parts[0] : record.region ?? record.state1);
}

/** Reads MaxMind's nested records (`country.iso_code`, `city.names.en`) and flat ones. */
function placeOf(value: unknown, precision: GeoPrecision): Place {
  const record = fieldsOf(value);
  return {
    country_code: countryOf(record),
    region: precision === "country" ? null : regionOf(record),
    city: precision === "city" ? nameOf(record.city) : null,
  };
}

/** Whether the search tree is followed by the 16 zero bytes that the format demands. */
function isWhole(bytes: Uint8Array, treeBytes: number): boolean {
  const separator = bytes.subarray(treeBytes, treeBytes + SEPARATOR_BYTES);
  return separator.length === SEPARATOR_BYTES && separator.every((byte) => byte === 0);
}

/** What is told of a database. */
export interface GeoFacts {
  /** What the file says it is, such as `GeoLite2-City`. */
  readonly type: string;
  /** When it was made, in milliseconds since 1970. */
  readonly builtMs: number;
}

/** An open database. */
export class GeoIp {
  readonly #reader: Reader<CityResponse>;
  readonly #tree: GeoTree;
  readonly #precision: GeoPrecision;
  /** By the number of their record. */
  readonly #places = new LruCache<number, Place>(PLACES_MAX);
  #faults = 0;

  private constructor(reader: Reader<CityResponse>, tree: GeoTree, precision: GeoPrecision) {
    this.#reader = reader;
    this.#tree = tree;
    this.#precision = precision;
  }

  /** Opens the bytes of a database. Throws Error for a corrupt or unknown file. */
  static open(bytes: Uint8Array, options: { readonly precision: GeoPrecision }): GeoIp {
    const refuse = (found: string) => new Error(`Cannot open GeoIP database: ${found}`);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) throw refuse("it is packed by gzip, unpack it");
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let geo: GeoIp;
    try {
      const cache = new LruCache<string | number, unknown>(RECORDS_MAX);
      const reader = new Reader<CityResponse>(buffer, { cache });
      geo = new GeoIp(reader, new GeoTree(buffer, reader.metadata), options.precision);
      for (const probe of PROBES) geo.#read(parseAddress(probe));
    } catch (error) {
      throw refuse(`it is damaged or no MaxMind database (${messageOf(error)})`);
    }
    if (!isWhole(bytes, geo.#reader.metadata.searchTreeSize)) throw refuse("it is damaged");
    return geo;
  }

  /** What the file says it is, such as `GeoLite2-City`. */
  get type(): string {
    return String(this.#reader.metadata.databaseType);
  }

  /** When the file was made, in milliseconds since 1970. */
  get builtMs(): number {
    return this.#reader.metadata.buildEpoch.getTime();
  }

  /** How many lookups met a damaged record. */
  get faults(): number {
    return this.#faults;
  }

  /** The place of an address; special-purpose addresses, and what is no address, have no place. */
  lookup(text: string, address: Address | null = parseAddress(text)): Place {
    if (this.#precision === "none") return NOWHERE;
    try {
      return this.#read(address);
    } catch {
      this.#faults++;
      return NOWHERE;
    }
  }

  /** A place that is known, no more precise than one of an address would be. */
  asPrecise({ country_code, region, city }: Place): Place {
    if (this.#precision === "none") return NOWHERE;
    return {
      country_code,
      region: this.#precision === "country" ? null : region,
      city: this.#precision === "city" ? city : null,
    };
  }

  #read(address: Address | null): Place {
    if (!address || isSpecialPurpose(address)) return NOWHERE;
    if (!address.isV4 && this.#reader.metadata.ipVersion === 4) return NOWHERE;
    const number = this.#tree.find(address);
    if (number === null) return NOWHERE;
    const known = this.#places.get(number);
    if (known) return known;
    const record = this.#reader.get(address.text);
    const place = record === null ? NOWHERE : placeOf(record, this.#precision);
    this.#places.set(number, place);
    return place;
  }
}

/** Path of the country database that comes with the program; inside the executable it is packed. */
export function builtInDatabasePath(): string {
  const name = "@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb";
  return fileURLToPath(import.meta.resolve(name));
}

const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

/** What Zstandard has packed is unpacked; anything else stays as it is. */
function unpacked(bytes: Uint8Array): Uint8Array {
  if (!ZSTD.every((byte, index) => bytes[index] === byte)) return bytes;
  try {
    return zstdDecompressSync(bytes);
  } catch (error) {
    throw new Error(`Cannot open GeoIP database: it is damaged (${messageOf(error)})`);
  }
}

/**
 * Opens a file, also one that Zstandard has packed. Rejects with a sentence where there is none, or
 * one that cannot be used.
 */
export async function openGeoIpFile(
  files: Files,
  path: string,
  precision: GeoPrecision,
): Promise<GeoIp> {
  const bytes = await files.readBytes(path);
  if (bytes === null) throw new Error("Cannot open GeoIP database: there is no such file");
  return GeoIp.open(unpacked(bytes), { precision });
}

/**
 * The database in use: the owner's if `path` names one that can be opened, else the built-in
 * one. A file that cannot be opened is a warning in the log. Null if there is none, or none is
 * wanted. `isOwn` says whether it is the owner's.
 */
export async function loadGeoIp(
  files: Files,
  log: Log,
  options: { readonly path: string | null; readonly precision: GeoPrecision },
): Promise<{ readonly geo: GeoIp | null; readonly isOwn: boolean }> {
  const { path, precision } = options;
  const attempt = async (from: string): Promise<GeoIp | null> => {
    try {
      return await openGeoIpFile(files, from, precision);
    } catch (error) {
      log("warn", messageOf(error), { path: from });
      return null;
    }
  };
  if (path !== null) {
    const own = await attempt(path);
    if (own) return { geo: own, isOwn: true };
  }
  if (precision === "none") return { geo: null, isOwn: false };
  return { geo: await attempt(builtInDatabasePath()), isOwn: false };
}
