// `mallard takeout DIR`: all of a server but its secrets. `mallard import DIR` makes the same
// server of it.
import { resolve } from "node:path";
import { SETTING_NAMES, type SettingName, settingRow } from "../../config/settings.ts";
import { asSentence, messageOf } from "../../core/errors.ts";
import {
  restoreTakeout,
  restoreTakeoutFile,
  takeOut,
  takeOutFile,
} from "../../storage/backup/takeout.ts";
import { isTar } from "../../storage/archive/tar.ts";
import {
  asJson,
  type Command,
  type CommandContext,
  type CommandResult,
  dataDirOf,
  JSON_OPTION,
  requireCurrentSchema,
} from "../command.ts";
import { withProgress } from "../progress.ts";

/** The row of COMMANDS. */
export const TAKEOUT = {
  args: ["DIR"],
  doc: "write all of the server but its secrets into the new folder DIR, or the file DIR.tar, " +
    "with checksums, also while it runs; mallard import makes the same server of it in an " +
    "empty DATA_DIR",
  options: { json: JSON_OPTION },
  example: "mallard takeout /mnt/other-disk/mallard-takeout",
  run: async (context) => {
    const { config, system, args, options, terminal } = context;
    const dataDir = dataDirOf(config);
    const target = resolve(args[0] ?? "");
    await requireCurrentSchema(context, dataDir, "take out");
    const take = target.endsWith(".tar") ? takeOutFile : takeOut;
    const made = await withProgress(
      terminal,
      system.clock,
      "files",
      (onFile) => take({ ...system, onFile }, dataDir, target, settingsOf(context)),
    ).catch((error) => {
      throw asSentence(`Cannot take out into ${target}`, error);
    });
    if (options?.["json"] === true) return asJson({ ...made, folder: target });
    const lines = [
      `Took out ${made.events} events in ${made.files} files into ${target}`,
      "Not in it: password, key secrets, .secret, visitor salts; keys are listed as revoked",
      ...made.warnings.map((warning) => `Warning: ${warning}`),
    ];
    return { text: lines.map((line) => `${line}\n`).join(""), ok: true };
  },
} as const satisfies Command;

/** Makes the server of a takeout in the empty DATA_DIR. */
export async function importTakeout(
  { config, system, options = {}, terminal }: CommandContext,
  folder: string,
): Promise<CommandResult> {
  const dataDir = dataDirOf(config);
  const [other] = Object.keys(options).filter((name) => name !== "json");
  if (other !== undefined) {
    throw new Error(`Cannot import the takeout ${folder} with --${other}: it is taken whole`);
  }
  const make = await isTar(system.files, folder) ? restoreTakeoutFile : restoreTakeout;
  const { files, events } = await withProgress(
    terminal,
    system.clock,
    "files",
    (onFile) => make({ ...system, onFile }, folder, dataDir),
  ).catch((error) => {
    throw new Error(`Cannot import the takeout ${folder} into ${dataDir}: ${messageOf(error)}`);
  });
  if (options["json"] === true) return asJson({ files, events });
  return {
    text: `Imported the takeout: ${events} events in ${files} files into ${dataDir}; ` +
      "set a password, and make new keys. settings.json lists the settings of the old server\n",
    ok: true,
  };
}

/** The settings that are not the defaults, but secrets. */
function settingsOf({ config }: CommandContext): Readonly<Record<string, unknown>> {
  const all: Readonly<Record<SettingName, unknown>> = config;
  return Object.fromEntries(
    SETTING_NAMES.flatMap((name) => {
      const row = settingRow(name);
      const isDefault = JSON.stringify(all[name]) === JSON.stringify(row.default);
      return isDefault || row.secret ? [] : [[name, all[name]]];
    }),
  );
}
