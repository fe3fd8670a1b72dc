// Browser, system and device from the User-Agent header, under the names the stored data uses.
// The only file that knows ua-parser-js. It reads nothing but the texts it is given.
import { UAParser } from "ua-parser-js";
import { USER_AGENT_CHARS_MAX, USER_AGENTS_MAX } from "../../core/limits.ts";
import { LruCache } from "../../core/lru_cache.ts";

/** Classes of devices that are told apart. */
export type DeviceType = "desktop" | "mobile" | "tablet";

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

/** Names of ua-parser-js in lower case → names in the data. What is not listed stays. */
const BROWSERS: Readonly<Record<string, string>> = {
  "115": "115 Browser",
  "2345": "2345 Explorer",
  "360": "360 Browser",
  "alipay": "Alipay",
  "android browser": "Android Browser",
  "avant": "Avant",
  "brave": "Brave",
  "chrome": "Chrome",
  "chrome headless": "Chrome",
  "chrome webview": "Chrome",
  "chromium": "Chrome",
  "daum": "Daum",
  "dragon": "Comodo Dragon",
  "duckduckgo": "DuckDuckGo",
  "edge": "Edge",
  "electron": "Electron",
  "epiphany": "GNOME Web",
  "falkon": "Falkon",
  "fennec": "Firefox",
  "firefox": "Firefox",
  "firefox focus": "Firefox",
  "firefox reality": "Firefox",
  "gsa": "Google App",
  "heytap": "HeyTap Browser",
  "huawei browser": "Huawei Browser",
  "ie": "Internet Explorer",
  "iemobile": "Internet Explorer",
  "instagram": "Instagram",
  "iridium": "Iridium",
  "iron": "Iron",
  "kakaostory": "KakaoStory",
  "kakaotalk": "KakaoTalk",
  "kindle": "Kindle",
  "klar": "Firefox",
  "lbbrowser": "LieBao Browser",
  "librewolf": "LibreWolf",
  "line": "LINE",
  "linkedin": "LinkedIn",
  "maxthon": "Maxthon",
  "midori": "Midori",
  "mobile safari": "Safari",
  "mobilesafari": "Safari",
  "naver": "Naver",
  "oculus browser": "Oculus Browser",
  "opera": "Opera",
  "opera coast": "Opera",
  "opera gx": "Opera",
  "opera mini": "Opera",
  "opera mobi": "Opera",
  "opera mobile": "Opera",
  "opera tablet": "Opera",
  "opera touch": "Opera",
  "ovi": "Ovi Browser",
  "palemoon": "Pale Moon",
  "pico browser": "Pico Browser",
  "puffin": "Puffin",
  "qqbrowser": "QQ Browser",
  "qqbrowserlite": "QQ Browser",
  "safari": "Safari",
  "sailfish browser": "Sailfish Browser",
  "samsung internet": "Samsung Internet",
  "seamonkey": "SeaMonkey",
  "silk": "Silk",
  "snapchat": "Snapchat",
  "tesla": "Tesla",
  "twitter": "Twitter",
  "ucbrowser": "UC Browser",
  "vivaldi": "Vivaldi",
  "vivo browser": "Vivo Browser",
  "waterfox": "Waterfox",
  "weibo": "Weibo",
  "whale": "Whale",
  "wolvic": "Wolvic",
  "yandex": "Yandex Browser",
};

const LINUX = "Linux";

/** As BROWSERS, for systems. Distributions of Linux are Linux, without a version. */
const SYSTEMS: Readonly<Record<string, string>> = {
  "android": "Android",
  "android-x86": "Android",
  "android x86": "Android",
  "arch": LINUX,
  "bada": "Bada",
  "blackberry": "BlackBerry",
  "centos": LINUX,
  "chromecast": "Chromecast",
  "chromium os": "Chrome OS",
  "cros": "Chrome OS",
  "debian": LINUX,
  "deepin": LINUX,
  "dragonfly": "DragonFly BSD",
  "elementary os": LINUX,
  "fedora": LINUX,
  "firefox os": "Firefox OS",
  "freebsd": "FreeBSD",
  "fuchsia": "Fuchsia",
  "gentoo": LINUX,
  "gnu": LINUX,
  "haiku": "Haiku",
  "harmonyos": "HarmonyOS",
  "ios": "iOS",
  "joli": LINUX,
  "kaios": "KaiOS",
  "kubuntu": LINUX,
  "linpus": LINUX,
  "linspire": LINUX,
  "linux": LINUX,
  "lubuntu": LINUX,
  "mac os": "macOS",
  "mageia": LINUX,
  "mandriva": LINUX,
  "manjaro": LINUX,
  "mint": LINUX,
  "netbsd": "NetBSD",
  "nintendo": "Nintendo",
  "nubuntu": LINUX,
  "openbsd": "OpenBSD",
  "openharmony": "HarmonyOS",
  "opensuse": LINUX,
  "pclinuxos": LINUX,
  "playstation": "PlayStation",
  "raspbian": LINUX,
  "red hat": LINUX,
  "redhat": LINUX,
  "sabayon": LINUX,
  "sailfish": "Sailfish OS",
  "slackware": LINUX,
  "solaris": "Solaris",
  "suse": LINUX,
  "symbian": "Symbian",
  "tizen": "Tizen",
  "ubuntu": LINUX,
  "ubuntu touch": "Ubuntu Touch",
  "vectorlinux": LINUX,
  "watchos": "watchOS",
  "webos": "webOS",
  "windows": "Windows",
  "windows iot": "Windows",
  "windows mobile": "Windows Phone",
  "windows phone": "Windows Phone",
  "windows phone os": "Windows Phone",
  "xbox": "Xbox",
  "xubuntu": LINUX,
  "zenwalk": LINUX,
};

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
const MOBILE_PX = 768;
const TABLET_PX = 1024;

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

/**
 * The class of a device: from the width of its screen in pixels where that is known (below 768
 * mobile, below 1024 tablet, else desktop), otherwise what the user agent says.
 */
export function deviceOf(
  widthPx: number | null,
  fromUserAgent: DeviceType | null,
): DeviceType | null {
  if (widthPx === null) return fromUserAgent;
  return widthPx < MOBILE_PX ? "mobile" : widthPx < TABLET_PX ? "tablet" : "desktop";
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

  /**
   * What the text says. `brands` is the Sec-CH-UA header where there is one: only it tells Brave
   * and similar browsers from Chrome.
   */
  parse(text: string, brands: string | null = null): UserAgent {
    if (text === "") return NOTHING;
    const found = this.#remember(text);
    if (brands === null || found.browser !== "Chrome") return found;
    const brand = BRANDS.find((name) => brands.includes(`"${name}"`));
    return brand ? { ...found, browser: brand } : found;
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
    const browser = parser.getBrowser();
    const system = parser.getOS();
    const os = nameOf(system.name, SYSTEMS);
    const name = nameOf(browser.name, BROWSERS);
    return {
      // Where Brave names itself, it may omit its version.
      browser: name === "Chrome" && /\bBrave\b/.test(text) ? "Brave" : name,
      browser_version: versionOf(browser.version),
      os,
      os_version: os === LINUX ? null : versionOf(system.version),
      device_type: deviceTypeOf(parser.getDevice().type, os),
    };
  }
}
