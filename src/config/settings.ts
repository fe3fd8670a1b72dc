// Every setting in one table, joined of its groups: TOML key, environment name, kind, default and
// one-line doc. The reading, `mallard config list`, the example file and docs/settings.md are made
// from it. It holds no logic.
import { ACCESS_SETTINGS } from "./groups/access.ts";
import { COLLECTING_SETTINGS } from "./groups/collecting.ts";
import { LAKE_SETTINGS } from "./groups/lake.ts";
import { PRIVACY_SETTINGS } from "./groups/privacy.ts";
import type { Row } from "./groups/row.ts";
import { SERVER_SETTINGS } from "./groups/server.ts";
import { STATISTICS_SETTINGS } from "./groups/statistics.ts";
import { STORAGE_SETTINGS } from "./groups/storage.ts";

const GROUPS = {
  server: { title: "Server", rows: SERVER_SETTINGS },
  storage: { title: "Storage", rows: STORAGE_SETTINGS },
  collecting: { title: "Collecting", rows: COLLECTING_SETTINGS },
  privacy: { title: "Privacy", rows: PRIVACY_SETTINGS },
  access: { title: "Access", rows: ACCESS_SETTINGS },
  statistics: { title: "Statistics", rows: STATISTICS_SETTINGS },
  lake: { title: "Lake", rows: LAKE_SETTINGS },
} as const satisfies Record<
  string,
  { readonly title: string; readonly rows: Readonly<Record<string, Row<unknown>>> }
>;

/** Every setting, in the order of the documents. A new one is a row of its group. */
export const SETTINGS = {
  ...SERVER_SETTINGS,
  ...STORAGE_SETTINGS,
  ...COLLECTING_SETTINGS,
  ...PRIVACY_SETTINGS,
  ...ACCESS_SETTINGS,
  ...STATISTICS_SETTINGS,
  ...LAKE_SETTINGS,
} as const satisfies Record<string, Row<unknown>>;

/** Name of a setting: its TOML key. */
export type SettingName = keyof typeof SETTINGS;

/** Names of the settings in the order of the documents. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** The groups with the names of their settings, in the order of the documents. */
export const SETTING_GROUPS = Object.entries(GROUPS).map(([group, { title, rows }]) => ({
  group,
  title,
  names: Object.keys(rows) as SettingName[],
}));

/** A row as the documents read it, whatever its kind. */
export function settingRow(name: SettingName): Row<unknown> {
  return SETTINGS[name];
}
