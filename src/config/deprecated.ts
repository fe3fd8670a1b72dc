// Old names of settings. They are read with a warning for at least one minor version.
import type { SettingName } from "./settings.ts";

/** A setting that had another name. */
export interface DeprecatedSetting {
  /** Its old key in the file. */
  readonly key: string;
  /** Its old name in the environment. */
  readonly env: string;
  readonly now: SettingName;
  /** The first version with the new name. */
  readonly since: string;
  /** The version that no longer reads the old name: a later minor version. */
  readonly until: string;
}

/** Every old name that is still read. A renamed setting is a row here until its version comes. */
export const DEPRECATED_SETTINGS: readonly DeprecatedSetting[] = [];

/** An old name of one source, and what it is called now. */
export interface Renaming {
  readonly old: string;
  readonly now: string;
  readonly until: string;
}

/** The values under their new names. Where both are given the new one counts. */
export function withNewNames<T>(
  values: Readonly<Record<string, T>>,
  renamings: readonly Renaming[],
  source: string,
  warnings: string[],
): Readonly<Record<string, T>> {
  const found = renamings.filter(({ old }) => Object.hasOwn(values, old));
  if (found.length === 0) return values;
  const named = new Map(Object.entries(values));
  for (const { old, now, until } of found) {
    const what = `${old} from ${source} is deprecated`;
    const value = values[old] as T;
    named.delete(old);
    if (named.has(now)) {
      warnings.push(`${what} and ignored: ${now} is set, too`);
    } else {
      named.set(now, value);
      warnings.push(`${what}: call it ${now}; version ${until} no longer reads the old name`);
    }
  }
  return Object.fromEntries(named);
}
