// `mallard restore DIR`: makes a DATA_DIR from a backup.
import { resolve } from "node:path";
import { asSentence } from "../core/errors.ts";
import { restore } from "../storage/backup/restore.ts";
import { asJson, type Command, dataDirOf, JSON_OPTION, succeeded } from "./command.ts";
import { withProgress } from "./progress.ts";

/** The row of COMMANDS. */
export const RESTORE = {
  args: ["DIR"],
  doc: "copy the newest backup in DIR into an empty DATA_DIR",
  options: { json: JSON_OPTION },
  example: "MALLARD_DATA_DIR=/var/lib/mallard mallard restore /mnt/other-disk/mallard",
  run: async ({ config, system, args, options, terminal }) => {
    const dataDir = dataDirOf(config);
    const from = resolve(args[0] ?? "");
    const restored = await withProgress(
      terminal,
      system.clock,
      "files",
      (onFile) => restore({ ...system, onFile }, from, dataDir),
    ).catch((error) => {
      throw asSentence(`Cannot restore ${from} into ${dataDir}`, error);
    });
    if (options?.["json"]) return asJson({ ...restored, data_dir: dataDir });
    const { files, events } = restored;
    return succeeded(`Restored ${events} events in ${files} files into ${dataDir}`);
  },
} as const satisfies Command;
