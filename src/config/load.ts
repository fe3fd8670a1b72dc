// Reads settings: defaults, a TOML file and the environment become one frozen Config, or a list of
// faults. The settings themselves are the rows of groups/. Pure: it must do no I/O.
import { parse, TomlError } from "smol-toml";
import { shorten } from "../../dashboard/grammar/parsed.js";
import { DEPRECATED_SETTINGS, type DeprecatedSetting, withNewNames } from "./deprecated.ts";
import type { Row } from "./groups/row.ts";
import {
  SETTING_GROUPS,
  SETTING_NAMES,
  type SettingName,
  settingRow,
  SETTINGS,
} from "./settings.ts";
import { weakSecrets } from "./weak_secrets.ts";

/** Environment variables that are no settings: for `deno task dev`, `seed` and the tests. */
const NO_SETTING = /^MALLARD_(DEV$|API_KEY$|TEST_)/;
const HIDDEN = "(hidden)";
const SHOWN_CHARS_MAX = 80;
/** How many roles a server has that does everything. */
const ROLES = 3;

/** All settings in use, checked, with gdpr_mode already applied. Keys are the TOML names. */
export type Config = {
  readonly [K in SettingName]: (typeof SETTINGS)[K] extends Row<infer T> ? T : never;
};

/** A settings file; `path` is for messages only. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/** The settings with warnings, or every fault, one line each. */
export type LoadedConfig =
  | { readonly config: Config; readonly warnings: readonly string[] }
  | { readonly faults: readonly string[] };

/** Reads the settings: defaults, then the file, then the environment. Never throws. */
export function loadConfig(
  { file, env, deprecated = DEPRECATED_SETTINGS }: {
    file: ConfigFile | null;
    env: Readonly<Record<string, string>>;
    deprecated?: readonly DeprecatedSetting[];
  },
): LoadedConfig {
  const values = new Map<string, unknown>();
  for (const name of SETTING_NAMES) values.set(name, SETTINGS[name].default);
  const faults: string[] = [];
  const warnings: string[] = [];
  if (file) readFile(file, deprecated, values, faults, warnings);
  const renamed = withNewNames(set(env), envRenamings(deprecated), "the environment", warnings);
  // A fault names the setting by its new name: the old one that was written is told with it.
  const told = [...warnings];
  warnings.push(...readEnv(renamed, values, faults));
  checkTogether("tls_cert_path", "tls_key_path", values, faults);
  checkTogether("tls_key_path", "tls_cert_path", values, faults);
  checkTogether("backup_interval_hours", "backup_dir", values, faults);
  if (values.get("storage") === "lake") {
    checkTogether("storage", "lake_catalog", values, faults);
    checkTogether("storage", "lake_data_path", values, faults);
  } else if ((values.get("roles") as readonly string[]).length < ROLES) {
    faults.push(`Cannot use roles = ${show(values.get("roles"))}: storage is not "lake"`);
  }
  if (faults.length > 0) return { faults: [...faults, ...told] };
  const config = Object.fromEntries(values) as Config;
  warnings.push(...weakSecrets(config).map(({ sentence }) => sentence));
  return { config: Object.freeze({ ...config, ...forced(config) }), warnings };
}

/** Checks a setting that requires another. */
function checkTogether(
  name: SettingName,
  other: SettingName,
  values: ReadonlyMap<string, unknown>,
  faults: string[],
): void {
  const value = values.get(name);
  if (value === null || values.get(other) !== null) return;
  faults.push(`Cannot use ${name} = ${show(value)}: ${other} is not set`);
}

function forced(config: Config): Partial<Config> {
  const native = config.native_dir === SETTINGS.native_dir.default
    ? { native_dir: `${config.data_dir.replace(/\/+$/, "")}/.native` }
    : {};
  if (!config.gdpr_mode) return native;
  return {
    ...native,
    strip_referrer_query: true,
    round_timestamps: true,
    suppress_browser_version: true,
    suppress_os_version: true,
    suppress_screen_size: true,
    geoip_precision: config.geoip_precision === "none" ? "none" : "country",
  };
}

/** The variables that are not empty; an empty one counts as unset. */
function set(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter(([, text]) => text.trim() !== ""));
}

function envRenamings(deprecated: readonly DeprecatedSetting[]) {
  return deprecated.map(({ env, now, until }) => ({ old: env, now: settingRow(now).env, until }));
}

function readFile(
  file: ConfigFile,
  deprecated: readonly DeprecatedSetting[],
  values: Map<string, unknown>,
  faults: string[],
  warnings: string[],
): void {
  let table: Readonly<Record<string, unknown>>;
  try {
    table = parse(file.text, { integersAsBigInt: true });
  } catch (error) {
    faults.push(`Cannot read ${file.path}${tomlFault(error)}`);
    return;
  }
  const renamings = deprecated.map(({ key, now, until }) => ({ old: key, now, until }));
  const newNames = (given: Readonly<Record<string, unknown>>) =>
    withNewNames(given, renamings, file.path, warnings);
  const { privacy, ...top } = newNames(table);
  for (const [key, value] of Object.entries(top)) take(key, value, file.path, values, faults);
  if (privacy === undefined) return;
  if (!isTable(privacy)) {
    faults.push(fault("privacy", show(privacy), file.path, "it must be a table"));
    return;
  }
  for (const [key, value] of Object.entries(newNames(privacy))) {
    const known = Object.hasOwn(SETTINGS, key) && settingRow(key as SettingName).privacy;
    if (!known) {
      faults.push(unknownKey(`privacy.${key}`, value, file.path));
    } else if (Object.hasOwn(top, key)) {
      faults.push(
        fault(`privacy.${key}`, show(value), file.path, `${key} is set above [privacy], too`),
      );
    } else {
      take(key, value, file.path, values, faults);
    }
  }
}

function tomlFault(error: unknown): string {
  if (!(error instanceof TomlError)) return `: ${String(error)}`;
  const what = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
  return `, line ${error.line}, column ${error.column}: ${what}`;
}

function take(
  key: string,
  value: unknown,
  source: string,
  values: Map<string, unknown>,
  faults: string[],
): void {
  if (!Object.hasOwn(SETTINGS, key)) {
    faults.push(unknownKey(key, value, source));
    return;
  }
  const setting = settingRow(key as SettingName);
  if (setting.envOnly && source !== setting.env) {
    const why = `it may only come from the environment, as ${setting.env}`;
    faults.push(fault(key, HIDDEN, source, why));
    return;
  }
  const { kind } = setting;
  const read = kind.read(value);
  if (read !== undefined) {
    values.set(key, read);
    return;
  }
  const { entry } = kind;
  const wrong = entry && Array.isArray(value)
    ? value.find((one) => entry.read(one) === undefined)
    : value;
  faults.push(
    fault(key, setting.secret ? HIDDEN : show(wrong), source, `it must be ${kind.expects}`),
  );
}

function readEnv(
  env: Readonly<Record<string, string>>,
  values: Map<string, unknown>,
  faults: string[],
): string[] {
  const warnings: string[] = [];
  const known = new Set<string>();
  for (const name of SETTING_NAMES) {
    const setting = settingRow(name);
    known.add(setting.env);
    const text = env[setting.env];
    if (text === undefined) continue;
    const trimmed = setting.secret ? text : text.trim();
    take(name, setting.kind.fromText(trimmed), setting.env, values, faults);
  }
  for (const name of Object.keys(env)) {
    if (!name.startsWith("MALLARD_") || NO_SETTING.test(name) || known.has(name)) continue;
    warnings.push(`Ignored ${name}: no setting has this name${meant(nearest(name, [...known]))}`);
  }
  return warnings;
}

function fault(key: string, shown: string, source: string, why: string): string {
  return `Cannot use ${key} = ${shown} from ${source}: ${why}`;
}

function unknownKey(key: string, value: unknown, source: string): string {
  const [name = "", names] = key.startsWith("privacy.")
    ? [key.slice("privacy.".length), SETTING_NAMES.filter((one) => settingRow(one).privacy)]
    : [key, SETTING_NAMES];
  // A value under a name that looks like a misspelt secret is hidden.
  const near = nearest(name, SETTING_NAMES);
  const hide = /secret|pass|token|key/i.test(name) || (near && settingRow(near).secret);
  const why = `there is no such key${meant(nearest(name, names))}`;
  return fault(show(key).slice(1, -1), hide ? HIDDEN : show(value), source, why);
}

function show(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_key, one) => typeof one === "bigint" ? Number(one) : one,
  ) ?? String(value);
  return shorten(text, SHOWN_CHARS_MAX);
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

function meant(name: string | undefined): string {
  return name === undefined ? "" : `; did you mean ${name}?`;
}

/** The name at an edit distance of at most two, if any. */
function nearest<T extends string>(name: string, names: readonly T[]): T | undefined {
  const near = names
    .map((one) => ({ one, errors: typingErrors(name.toLowerCase(), one.toLowerCase()) }))
    .reduce((best, next) => next.errors < best.errors ? next : best);
  return near.errors <= 2 ? near.one : undefined;
}

function typingErrors(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 2) return Infinity;
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 1; at <= from.length; at++) {
    const below = [at];
    for (let index = 1; index <= to.length; index++) {
      const replaced = (above[index - 1] ?? 0) + (from[at - 1] === to[index - 1] ? 0 : 1);
      below.push(Math.min((above[index] ?? 0) + 1, (below[index - 1] ?? 0) + 1, replaced));
    }
    above = below;
  }
  return above[to.length] ?? Infinity;
}

/** The default of a setting as the documents show it. */
export function shownDefault(name: SettingName): string {
  const setting = settingRow(name);
  if (setting.shown !== undefined) return setting.shown;
  return typeof setting.default === "string" ? setting.default : String(setting.default ?? "none");
}

/** Every setting by group, made from the table. */
export function settingsHelp(): string {
  const lines = ["Settings: key of the TOML file, environment name (which wins), default"];
  for (const { title, names } of SETTING_GROUPS) lines.push("", title, ...names.map(settingHelp));
  return lines.join("\n");
}

/** One setting: a line with its names and its default, and one with its meaning. */
export function settingHelp(name: SettingName): string {
  const { env, envOnly, doc } = settingRow(name);
  const key = envOnly ? "(environment only)" : name;
  return `  ${key.padEnd(27)}${env.padEnd(34)}${shownDefault(name)}\n      ${doc}`;
}
