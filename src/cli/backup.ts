// `mallard backup DIR`: copies DATA_DIR.
import { resolve } from "node:path";
import { asSentence } from "../core/errors.ts";
import { backup } from "../storage/backup/backup.ts";
import { asJson, type Command, dataDirOf, JSON_OPTION, succeeded } from "./command.ts";
import { withProgress } from "./progress.ts";

/** What is elsewhere when events are in a lake. */
export const NOT_THE_LAKE =
  "it holds the events that are not in the lake yet, and a copy of what its servers share; the " +
  "lake is backed up with its PostgreSQL and its bucket (docs/scale-out.md)";

/** The row of COMMANDS. */
export const BACKUP = {
  args: ["DIR"],
  doc: "copy DATA_DIR into DIR as one more backup, while the server runs",
  options: { json: JSON_OPTION },
  example: "mallard backup /mnt/other-disk/mallard",
  run: async ({ config, system, args, options, terminal }) => {
    const target = resolve(args[0] ?? "");
    const limits = { keep: config.backup_keep, keepDays: config.backup_keep_days };
    const made = await withProgress(
      terminal,
      system.clock,
      "files",
      (onFile) => backup(system, dataDirOf(config), target, { ...limits, onFile }),
    ).catch((error) => {
      throw asSentence(`Cannot back up into ${target}`, error);
    });
    const warnings = [...made.warnings, ...config.storage === "lake" ? [NOT_THE_LAKE] : []];
    if (options?.["json"]) return asJson({ ...made, warnings, folder: target });
    const { files, copied, events } = made;
    return succeeded([
      `Backed up ${events} events: ${files} files, ${copied} of them new, in ${target}`,
      ...warnings.map((warning) => `Warning: ${warning}`),
    ].join("\n"));
  },
} as const satisfies Command;
