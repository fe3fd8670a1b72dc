// `mallard config check`: says whether a server would start with the settings, and which of them
// are not the defaults. Secrets are not shown. `config list` shows every setting there is.
import { settingsHelp, shownDefault } from "../../config/load.ts";
import {
  SETTING_GROUPS,
  SETTING_NAMES,
  type SettingName,
  settingRow,
} from "../../config/settings.ts";
import { asJson, type Command, type CommandContext, JSON_OPTION, succeeded } from "../command.ts";

const HIDDEN = "(hidden)";

/** The row of COMMANDS. */
export const CONFIG = {
  args: ["ACTION"],
  doc: "check: tell what is wrong with the settings of file and environment, and show those that " +
    "are not the defaults; list: show every setting with its default",
  actions: ["check", "list"],
  options: { json: JSON_OPTION },
  example: "mallard config check --config /etc/mallard/mallard.toml",
  runsAnyway: true,
  run: (context) => {
    const { args: [action = ""], options, warnings, faults = [] } = context;
    if (action === "list") {
      return Promise.resolve(
        options?.["json"] ? asJson(everySetting()) : succeeded(settingsHelp()),
      );
    }
    if (action !== "check") {
      throw new Error(`Cannot run config ${action}: it must be check or list`);
    }
    const ok = faults.length === 0;
    const settings = ok ? changed(context) : {};
    if (options?.["json"]) return Promise.resolve(asJson({ ok, faults, warnings, settings }, ok));
    const lines = [
      ...faults,
      ...warnings.map((warning) => `Warning: ${warning}`),
      ...Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}`),
      ok ? "A server would start with these settings" : `${faults.length} faults`,
    ];
    return Promise.resolve({ text: `${lines.join("\n")}\n`, ok });
  },
} as const satisfies Command;

/** What `config list` prints for a program. */
function everySetting() {
  return SETTING_GROUPS.flatMap(({ group, names }) =>
    names.map((name) => {
      const { env, envOnly = false, doc } = settingRow(name);
      return { name, env, environmentOnly: envOnly, group, default: shownDefault(name), doc };
    })
  );
}

/** The settings that are not the defaults, in their order. */
function changed({ config }: CommandContext): Readonly<Partial<Record<SettingName, unknown>>> {
  const all: Readonly<Record<SettingName, unknown>> = config;
  const entries = SETTING_NAMES.flatMap((name) => {
    const row = settingRow(name);
    const isDefault = JSON.stringify(all[name]) === JSON.stringify(row.default);
    return isDefault ? [] : [[name, row.secret ? HIDDEN : all[name]]];
  });
  return Object.fromEntries(entries);
}
