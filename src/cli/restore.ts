// `mallard restore DIR`: makes a DATA_DIR from a backup.
import { resolve } from "node:path";
import { asSentence } from "../core/errors.ts";
import { restore } from "../storage/backup/restore.ts";
import { type Command, dataDirOf, succeeded } from "./command.ts";

/** The row of COMMANDS. */
export const RESTORE = {
  args: ["DIR"],
  doc: "copy the newest backup in DIR into an empty DATA_DIR",
  example: "MALLARD_DATA_DIR=/var/lib/mallard mallard restore /mnt/other-disk/mallard",
  run: async ({ config, system, args }) => {
    const dataDir = dataDirOf(config);
    const from = resolve(args[0] ?? "");
    const { files, events } = await restore(system, from, dataDir).catch((error) => {
      throw asSentence(`Cannot restore ${from} into ${dataDir}`, error);
    });
    return succeeded(`Restored ${events} events in ${files} files into ${dataDir}`);
  },
} as const satisfies Command;
