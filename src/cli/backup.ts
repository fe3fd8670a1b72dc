// `mallard backup DIR`: copies DATA_DIR.
import { resolve } from "node:path";
import { backup } from "../storage/backup/backup.ts";
import { type Command, dataDirOf, succeeded } from "./command.ts";

/** The row of COMMANDS. */
export const BACKUP = {
  args: ["DIR"],
  doc: "copy DATA_DIR into DIR while the server runs; only what is new, where DIR holds a backup",
  run: async ({ config, system, args }) => {
    const target = resolve(args[0] ?? "");
    const { files, copied, events } = await backup(system, dataDirOf(config), target);
    return succeeded(
      `Backed up ${events} events: ${files} files, ${copied} of them new, in ${target}`,
    );
  },
} as const satisfies Command;
