// `mallard backup DIR`: copies DATA_DIR.
import { resolve } from "node:path";
import { asSentence } from "../core/errors.ts";
import { backup } from "../storage/backup/backup.ts";
import { type Command, dataDirOf, succeeded } from "./command.ts";

/** The row of COMMANDS. */
export const BACKUP = {
  args: ["DIR"],
  doc: "copy DATA_DIR into DIR as one more backup, while the server runs",
  example: "mallard backup /mnt/other-disk/mallard",
  run: async ({ config, system, args }) => {
    const target = resolve(args[0] ?? "");
    const limits = { keep: config.backup_keep, keepDays: config.backup_keep_days };
    const made = await backup(system, dataDirOf(config), target, limits).catch((error) => {
      throw asSentence(`Cannot back up into ${target}`, error);
    });
    const { files, copied, events, warnings } = made;
    return succeeded([
      `Backed up ${events} events: ${files} files, ${copied} of them new, in ${target}`,
      ...warnings.map((warning) => `Warning: ${warning}`),
    ].join("\n"));
  },
} as const satisfies Command;
