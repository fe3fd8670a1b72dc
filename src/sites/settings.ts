// The settings of a site: one table of keys with their defaults and checks.
import { faultOfPathRules, type PathRules } from "../core/paths/rules.ts";
import { faultOfSiteId } from "../core/site_id.ts";
import { asciiHost } from "../../dashboard/grammar/host_name.js";
import { isRange } from "../net/ranges.ts";
import { type Masks, quoted, withoutControls } from "../core/text.ts";
import { isZone } from "../core/zone.ts";
import { Faults } from "../core/faults.ts";

/** One setting. `check` returns what is wrong with a value, or null. */
export interface SiteSettingRow {
  readonly byDefault: string | number | boolean | null | readonly string[] | PathRules;
  readonly check: (value: unknown) => string | null;
  readonly doc: string;
  /** The value as it is stored, where it may be written in several ways. */
  readonly asStored?: (value: unknown) => unknown;
  /** Strangers see it of a public site: how its statistics are to be read. */
  readonly isSeenByAll?: true;
}

const NAME_CHARS_MAX = 256;
const HOSTS_MAX = 100;
const ALIASES_MAX = 100;
const RANGES_MAX = 100;

function wholeFrom(min: number, max: number) {
  return (value: unknown) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? null
      : `no whole number from ${min} to ${max}`;
}

function orNull(check: (value: unknown) => string | null) {
  return (value: unknown) => value === null ? null : check(value);
}

function oneOf(...choices: readonly string[]) {
  return (value: unknown) =>
    choices.some((choice) => choice === value) ? null : `not one of ${choices.join(", ")}`;
}

function flag(value: unknown): string | null {
  return typeof value === "boolean" ? null : "neither true nor false";
}

/** A check of lists that names the entries which are not `one`; `many` of them are wanted. */
function listOf(
  isOne: (entry: string) => boolean,
  { max, one, many }: { readonly max: number; readonly one: string; readonly many: string },
) {
  return (value: unknown): string | null => {
    if (!Array.isArray(value) || value.length > max) return `no list of at most ${max} ${many}`;
    const wrong = value.filter((entry) => typeof entry !== "string" || !isOne(entry));
    return wrong.length === 0 ? null : `wrong in ${quoted(wrong)}: no ${one}`;
  };
}

const hostList = listOf((entry) => /^(?:\*\.)?[a-z0-9.-]{1,253}$/.test(entry), {
  max: HOSTS_MAX,
  one: "host name",
  many: "host names",
});

const rangeList = listOf(isRange, {
  max: RANGES_MAX,
  one: "address or CIDR range",
  many: "addresses and CIDR ranges",
});

const aliasList = listOf(
  (entry) => entry === entry.toLowerCase() && faultOfSiteId(entry) === null,
  {
    max: ALIASES_MAX,
    one: "name of letters, digits, dots and hyphens",
    many: "names of letters, digits, dots and hyphens",
  },
);

/** Hosts in lower case, and in punycode. */
function asciiHosts(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((host: unknown) => {
    if (typeof host !== "string") return host;
    const [, wild = "", name = ""] = /^([*][.])?(.*)$/s.exec(host) ?? [];
    return wild + (asciiHost(name) ?? name).toLowerCase();
  });
}

/** Every setting of a site by its name in the API. */
export const SITE_SETTINGS = {
  name: {
    byDefault: null,
    check: orNull((value) =>
      typeof value === "string" && value !== "" && value.length <= NAME_CHARS_MAX &&
        value === withoutControls(value)
        ? null
        : `no text of 1 to ${NAME_CHARS_MAX} characters without control characters`
    ),
    doc: "name of the site on the dashboard; its id where null",
    isSeenByAll: true,
  },
  timezone: {
    byDefault: "UTC",
    check: (value) => typeof value === "string" && isZone(value) ? null : "no IANA time zone",
    doc: "time zone of days, weeks and months, an IANA name",
    isSeenByAll: true,
  },
  week_start: {
    byDefault: "monday",
    check: oneOf("monday", "sunday"),
    doc: "first day of the week: monday or sunday",
    isSeenByAll: true,
  },
  visit_timeout_minutes: {
    byDefault: 30,
    check: wholeFrom(1, 240),
    doc: "minutes of inactivity after which a visit ends",
  },
  rate_limit: {
    byDefault: null,
    check: orNull(wholeFrom(0, 1_000_000)),
    doc: "rate limit in events per second, 0 for none; the server's where null",
  },
  retention_days: {
    byDefault: null,
    check: orNull(wholeFrom(0, 36_500)),
    doc: "data retention in days, 0 for ever; the server's where null",
  },
  visitor_id_days: {
    byDefault: 1,
    check: (value) => [1, 7, 30].includes(value as number) ? null : "not one of 1, 7, 30",
    doc: "days for which a visitor keeps the same id; more than 1 recognises people for longer: " +
      "retention and unique visitors span that time, and the law may then ask for consent",
  },
  user_ids: {
    byDefault: false,
    check: flag,
    doc: "whether the ids that pages send of their users (mallard.identify) stand for visitors: " +
      "hashed like all visitor ids, and never stored as they came, but the same person is " +
      "recognised on every device; the law may then ask for consent",
  },
  hostnames: {
    byDefault: [],
    check: hostList,
    asStored: asciiHosts,
    doc: "allowed hostnames, each with and without www; any where empty; " +
      "*.example.com stands for example.com and everything below it",
  },
  ignored_addresses: {
    byDefault: [],
    check: rangeList,
    doc: "addresses and CIDR ranges whose events are not counted, such as the owner's; kept as " +
      "they are given, in the settings alone",
  },
  aliases: {
    byDefault: [],
    check: aliasList,
    asStored: asciiHosts,
    doc: "other names under which the site is sent events: an earlier domain, the UUID of an " +
      "Umami website, the code or host under which GoatCounter was served",
  },
  mask_emails: {
    byDefault: true,
    check: flag,
    doc:
      "whether e-mail addresses in paths, referrers, campaign values, event names and properties " +
      "are masked",
  },
  mask_tokens: {
    byDefault: false,
    check: flag,
    doc: "whether long tokens and ids in the same texts are masked",
  },
  path_rules: {
    byDefault: {},
    check: faultOfPathRules,
    doc: "which spellings of a page are one page, for new events: an object of trailing_slash " +
      "(keep, remove, add), default_documents, lowercase, query_parameters and masks",
  },
  public: {
    byDefault: false,
    check: flag,
    doc: "whether everyone may see the statistics",
    isSeenByAll: true,
  },
  visit_list: {
    byDefault: false,
    check: flag,
    doc: "whether single visits may be listed",
  },
} as const satisfies Record<string, SiteSettingRow>;

/** Name of a setting. */
export type SiteSettingName = keyof typeof SITE_SETTINGS;

/** The settings of a site. */
export interface SiteSettings {
  readonly name: string | null;
  readonly timezone: string;
  readonly week_start: "monday" | "sunday";
  readonly visit_timeout_minutes: number;
  readonly rate_limit: number | null;
  readonly retention_days: number | null;
  readonly visitor_id_days: 1 | 7 | 30;
  readonly user_ids: boolean;
  readonly hostnames: readonly string[];
  readonly ignored_addresses: readonly string[];
  readonly aliases: readonly string[];
  readonly mask_emails: boolean;
  readonly mask_tokens: boolean;
  readonly path_rules: PathRules;
  readonly public: boolean;
  readonly visit_list: boolean;
}

/** The default settings. */
export const SETTINGS_BY_DEFAULT = Object.fromEntries(
  Object.entries<SiteSettingRow>(SITE_SETTINGS).map(([name, row]) => [name, row.byDefault]),
) as unknown as SiteSettings;

/** Those settings of a public site that strangers see. */
export function settingsSeenByAll(settings: SiteSettings): Partial<SiteSettings> {
  return Object.fromEntries(
    Object.entries<SiteSettingRow>(SITE_SETTINGS).filter(([, row]) => row.isSeenByAll)
      .map(([name]) => [name, settings[name as SiteSettingName]]),
  );
}

/** What is masked in the texts of a site's events. */
export function masksOf({ mask_emails, mask_tokens }: SiteSettings): Masks {
  return { emails: mask_emails, tokens: mask_tokens };
}

/** Settings given by name as they are stored. */
export function settingsAsStored(
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      if (!Object.hasOwn(SITE_SETTINGS, name)) return [name, value];
      const row: SiteSettingRow = SITE_SETTINGS[name as SiteSettingName];
      return [name, row.asStored ? row.asStored(value) : value];
    }),
  );
}

/** What is wrong with settings given by name; each fault names its key. */
export function faultsOfSettings(given: Readonly<Record<string, unknown>>): Faults {
  const faults = new Faults();
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(SITE_SETTINGS, name)) {
      faults.add(`${name}: it is not one of ${Object.keys(SITE_SETTINGS).join(", ")}`);
      continue;
    }
    const row: SiteSettingRow = SITE_SETTINGS[name as SiteSettingName];
    const fault = row.check(value);
    if (fault !== null) faults.add(`${name}: it is ${fault}`);
  }
  return faults;
}

/** Stored settings over the defaults; unknown and invalid ones are ignored. */
export function settingsOf(kept: Readonly<Record<string, unknown>>): SiteSettings {
  const valid = Object.entries(kept).filter(([name, value]) =>
    faultsOfSettings({ [name]: value }).list.length === 0
  );
  return { ...SETTINGS_BY_DEFAULT, ...Object.fromEntries(valid) };
}
