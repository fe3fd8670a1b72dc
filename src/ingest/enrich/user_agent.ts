// Browser, system and device from the User-Agent header, under the names the stored data uses.
// The only file that knows ua-parser-js. It reads nothing but the texts it is given.
import { UAParser } from "ua-parser-js";
import { USER_AGENT_CHARS_MAX, USER_AGENTS_MAX } from "../../core/limits.ts";
import { LruCache } from "../../core/lru_cache.ts";
import { BROWSERS, LINUX, SYSTEMS } from "./agent_names.ts";
import { appOf } from "./apps.ts";
import { type ClientHints, type DeviceType, NO_HINTS, platformOf } from "./device.ts";

/** What a user agent says; null if it is unknown. The keys are columns of the event. */
export interface UserAgent {
  readonly browser: string | null;
  readonly browser_version: string | null;
  readonly os: string | null;
  readonly os_version: string | null;
  readonly device_type: DeviceType | null;
}

/** The part of ua-parser-js in use; the package has no types. */
interface Parser {
  setUA(text: string): Parser;
  getBrowser(): { name?: string; version?: string };
  getOS(): { name?: string; version?: string };
  getDevice(): { type?: string; vendor?: string };
}

/** Kinds of devices of ua-parser-js → ours. Televisions and consoles show desktop pages. */
const DEVICES: Readonly<Record<string, DeviceType>> = {
  console: "desktop",
  embedded: "desktop",
  mobile: "mobile",
  smarttv: "desktop",
  tablet: "tablet",
  wearable: "mobile",
};

/** Systems of phones: a device of no other kind is one. */
const HANDHELD_SYSTEMS: ReadonlySet<string> = new Set([
  "Android",
  "BlackBerry",
  "Firefox OS",
  "HarmonyOS",
  "iOS",
  "KaiOS",
  "Sailfish OS",
  "Symbian",
  "Ubuntu Touch",
  "watchOS",
  "Windows Phone",
]);

/** Brands of Sec-CH-UA whose browsers identify as Chrome in the User-Agent header. */
const BRANDS = ["Brave", "Vivaldi", "Opera", "DuckDuckGo"] as const;

const NAME_CHARS_MAX = 64;
const VERSION_CHARS_MAX = 32;
const APPLE = /\((?:iPhone|iPad|iPod|Macintosh)\b/;

const NOTHING: UserAgent = {
  browser: null,
  browser_version: null,
  os: null,
  os_version: null,
  device_type: null,
};

function nameOf(name: string | undefined, names: Readonly<Record<string, string>>): string | null {
  if (!name) return null;
  const small = name.toLowerCase();
  const known = Object.hasOwn(names, small) ? names[small] : undefined;
  return known ?? name.slice(0, NAME_CHARS_MAX);
}

function versionOf(version: string | undefined): string | null {
  const text = version?.trim().replace(/^[^\w]+|[^\w]+$/g, "").slice(0, VERSION_CHARS_MAX);
  return text && /\d/.test(text) || text === "XP" || text === "Vista" || text === "ME"
    ? text
    : null;
}

function deviceTypeOf(type: string | undefined, os: string | null): DeviceType | null {
  if (type !== undefined && Object.hasOwn(DEVICES, type)) return DEVICES[type] ?? null;
  if (os === null) return null;
  return HANDHELD_SYSTEMS.has(os) ? "mobile" : "desktop";
}

/** An app that names itself in no way we know shows pages in the system's engine: Safari's. */
function browserOf(
  text: string,
  { name, version }: { name?: string; version?: string },
): Pick<UserAgent, "browser" | "browser_version"> {
  const app = appOf(text);
  if (app) return { browser: app.name, browser_version: versionOf(app.version ?? undefined) };
  if (name === "WebKit" && APPLE.test(text)) return { browser: "Safari", browser_version: null };
  const browser = nameOf(name, BROWSERS);
  return {
    // Where Brave names itself, it may omit its version.
    browser: browser === "Chrome" && /\bBrave\b/.test(text) ? "Brave" : browser,
    browser_version: versionOf(version),
  };
}

/** Adds what only client hints tell. */
function withHints(agent: UserAgent, hints: ClientHints): UserAgent {
  const { brands } = hints;
  const brand = agent.browser === "Chrome" && brands !== null
    ? BRANDS.find((name) => brands.includes(`"${name}"`))
    : undefined;
  const platform = platformOf(hints);
  // Desktop mode on Android: the agent is that of a computer with Linux.
  const isMissing = agent.os === null || agent.os === LINUX && platform === "Android";
  if (!brand && (platform === null || !isMissing)) return agent;
  return {
    ...agent,
    browser: brand ?? agent.browser,
    ...(platform !== null && isMissing ? { os: platform, os_version: null } : {}),
  };
}

/** Reads user agents and remembers the answers, at most `remembered` of them. */
export class UserAgents {
  readonly #parser = new (UAParser as unknown as new (text: string) => Parser)("");
  readonly #recent: LruCache<string, UserAgent>;

  constructor(options: { readonly remembered?: number } = {}) {
    this.#recent = new LruCache(options.remembered ?? USER_AGENTS_MAX);
  }

  /** Number of answers remembered. */
  get size(): number {
    return this.#recent.size;
  }

  /** What the text says, and the client hints of the same request. */
  parse(text: string, hints: ClientHints = NO_HINTS): UserAgent {
    return withHints(text === "" ? NOTHING : this.#remember(text), hints);
  }

  /** Long texts are cut and not cached: a substring would keep the whole header in memory. */
  #remember(text: string): UserAgent {
    if (text.length > USER_AGENT_CHARS_MAX) return this.#read(text.slice(0, USER_AGENT_CHARS_MAX));
    const known = this.#recent.get(text);
    if (known) return known;
    const found = this.#read(text);
    this.#recent.set(text, found);
    return found;
  }

  #read(text: string): UserAgent {
    const parser = this.#parser.setUA(text);
    const system = parser.getOS();
    const os = nameOf(system.name, SYSTEMS);
    return {
      ...browserOf(text, parser.getBrowser()),
      os,
      os_version: os === LINUX ? null : versionOf(system.version),
      device_type: deviceTypeOf(parser.getDevice().type, os),
    };
  }
}
