// Kinds of setting values: how each is read from TOML and from the environment, and what an error
// says was expected. No setting is known by name here.
import { isIP } from "node:net";
import { asciiSiteId, faultOfSiteId } from "../core/site_id.ts";
import { asciiHost } from "../../dashboard/grammar/host_name.js";
import { RANGE_NAMES, trustedProxies } from "../net/proxies.ts";
import { bytesOfText } from "../storage/memory.ts";

/** A kind of value. `expects` completes the sentence "it must be …". */
export interface Kind<T> {
  readonly expects: string;
  /** The value from a parsed TOML value (whole numbers are bigint), or undefined when wrong. */
  read(value: unknown): T | undefined;
  /** Converts the text of an environment variable to the TOML value. */
  fromText(text: string): unknown;
  /** Kind of the entries of a list, so that an error can name the invalid one. */
  readonly entry?: Kind<unknown>;
}

function textThat(expects: string, check: (text: string) => boolean): Kind<string> {
  return {
    expects,
    read: (value) => typeof value === "string" && check(value) ? value : undefined,
    fromText: (text) => text,
  };
}

/** A whole number, both ends included. */
export function wholeNumber(min: number, max: number): Kind<number> {
  return {
    expects: `a whole number from ${min} to ${max}`,
    read: (value) =>
      typeof value === "bigint" && value >= min && value <= max ? Number(value) : undefined,
    fromText: (text) => /^[+-]?\d{1,30}$/.test(text) ? BigInt(text.replace("+", "")) : text,
  };
}

/** One of these names, in any case. */
export function choice<const T extends string>(...names: T[]): Kind<T> {
  return {
    expects: `one of ${names.join(", ")}`,
    read: (value) =>
      typeof value === "string"
        ? names.find((name) => name === value.trim().toLowerCase())
        : undefined,
    fromText: (text) => text,
  };
}

/** A list; in the environment a comma list. `expects` says what of. */
export function listOf(expects: string, entry: Kind<string>): Kind<readonly string[]> {
  return {
    expects,
    entry,
    read: (value) => {
      if (!Array.isArray(value)) return undefined;
      const entries = value.map((one) => entry.read(one));
      return entries.every((one) => one !== undefined) ? Object.freeze(entries) : undefined;
    },
    fromText: (text) => text.split(",").map((one) => one.trim()).filter((one) => one !== ""),
  };
}

/** What a server over a lake does. */
const ROLES = listOf(
  "a list of collect, query and work",
  choice<"collect" | "query" | "work">("collect", "query", "work"),
);

/** Some of them, one at least. */
export const roles: Kind<readonly string[]> = {
  ...ROLES,
  read: (value) => {
    const found = new Set(ROLES.read(value));
    return found.size > 0 ? Object.freeze([...found]) : undefined;
  },
};

/** What programs tell each other: nobody has to remember it. */
export const programSecret = textThat(
  "a text of 16 characters at least",
  (text) => text.length >= 16,
);

const FLAG_TEXTS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

/** A boolean. */
export const flag: Kind<boolean> = {
  expects: "true or false (in the environment also 1 or 0)",
  read: (value) => typeof value === "boolean" ? value : undefined,
  fromText: (text) => FLAG_TEXTS.get(text.toLowerCase()) ?? text,
};

/** Any text but an empty one. */
export const anyText = textThat("a text that is not empty", (text) => text !== "");
/** A path of a file or folder. */
export const path = textThat("a path", (text) => text !== "" && !text.includes("\0"));
/** A path prefix: empty, or like /stats. */
export const basePath = textThat(
  "empty, or a path like /stats without a slash at its end",
  (text) => text === "" || /^(\/[A-Za-z0-9._~-]+)+$/.test(text) && !/\/\.{1,2}(\/|$)/.test(text),
);
/** A site id. */
export const siteId: Kind<string> = {
  expects: "a site id",
  read: (value) => {
    const site = typeof value === "string" ? asciiSiteId(value) : "";
    return faultOfSiteId(site) === null ? site : undefined;
  },
  fromText: (text) => text,
};
/** An address to listen on. */
export const host: Kind<string> = {
  expects: "an IP address or a host name",
  read: (value) => {
    const name = typeof value === "string" ? asciiHost(value) : null;
    const isName = name !== null && /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/.test(name);
    return name !== null && (isName || isIP(name) !== 0) ? name : undefined;
  },
  fromText: (text) => text,
};

/** What a list of networks is of. */
export const NETWORKS = `a list of addresses, networks like 10.0.0.0/8, ${RANGE_NAMES.join(", ")}`;

/** An address, a range in CIDR form, or the name of a range. */
export const network = textThat("an address or a network like 10.0.0.0/8", (text) => {
  try {
    return trustedProxies([text]) !== null;
  } catch {
    return false;
  }
});

const CONTACT_CHARS_MAX = 1024;

/** An http(s) origin, normalised. */
export const origin: Kind<string> = {
  expects: "an origin like https://stats.example.com",
  read: (value) => {
    if (typeof value !== "string" || !/^https?:\/\/[^/?#@]+\/?$/i.test(value)) return undefined;
    return URL.canParse(value) ? new URL(value).origin : undefined;
  },
  fromText: (text) => text,
};

/** Whom to contact: a URI for security.txt; an e-mail address becomes one. */
export const contact: Kind<string> = {
  expects: "an e-mail address, or an address that starts with https:, mailto: or tel:",
  read: (value) => {
    if (typeof value !== "string" || value.length > CONTACT_CHARS_MAX) return undefined;
    const uri = /^[^\s@:/]+@[^\s@:/]+$/.test(value) ? `mailto:${value}` : value;
    return /^(https:\/\/|mailto:|tel:)[!-~]+$/.test(uri) && URL.canParse(uri) ? uri : undefined;
  },
  fromText: (text) => text,
};

const MEMORY_BYTES_MIN = 64e6;

/** An amount of memory as DuckDB reads it. */
export const memory = textThat("an amount of memory from 64MB on, like 512MB or 2GiB", (text) => {
  return (bytesOfText(text) ?? 0) >= MEMORY_BYTES_MIN;
});

/** Where PostgreSQL is. A password in it would be shown wherever the address is. */
export const postgresAddress = textThat(
  "an address like postgresql://user@host/database without a password (MALLARD_LAKE_PASSWORD)",
  (text) => {
    if (!/^postgres(ql)?:\/\//i.test(text)) {
      return /^\w+\s*=/.test(text) && !/(^|\s)(password|passfile)\s*=/i.test(text);
    }
    const url = URL.parse(text);
    return url !== null && url.password === "" && !url.searchParams.has("password");
  },
);

/** Where the files of a lake are; with a slash at its end. */
export const lakePath: Kind<string> = {
  expects: "s3://bucket/folder/, gs://bucket/folder/ or an absolute path",
  read: (value) => {
    // DuckDB takes some characters of paths for patterns.
    const known = typeof value === "string" && /^(s3:\/\/|gs:\/\/|\/|[A-Za-z]:[\\/])./.test(value);
    if (!known || /[*?[\]{}\0]/.test(value)) return undefined;
    return value.endsWith("/") ? value : `${value}/`;
  },
  fromText: (text) => text,
};
