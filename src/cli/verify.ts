// `mallard verify DIR`: reads the newest backup whole, and writes nothing.
import { resolve } from "node:path";
import { NOT_THE_LAKE } from "./backup.ts";
import { verify } from "../storage/backup/verify.ts";
import { asJson, type Command, JSON_OPTION, openDatabase, succeeded } from "./command.ts";
import { type Progress, withProgress } from "./progress.ts";

/** The row of COMMANDS. */
export const VERIFY = {
  args: ["DIR"],
  doc: "compare every file of the newest backup in DIR with what was written",
  options: { json: JSON_OPTION },
  example: "mallard verify /mnt/other-disk/mallard",
  run: async (context) => {
    const folder = resolve(context.args[0] ?? "");
    const db = await openDatabase(context, folder);
    try {
      const { system: { clock, files: all }, terminal } = context;
      const work = (onFile: Progress) => verify(all, db, folder, { onFile });
      const found = await withProgress(terminal, clock, "files", work);
      const { files, events, faults } = found;
      if (context.options?.["json"]) return asJson({ ...found, folder }, faults.length === 0);
      if (faults.length === 0) {
        const sound = `The backup in ${folder} is sound: ${files} files, ${events} events`;
        const isOfLake = context.config.storage === "lake";
        return succeeded(isOfLake ? `${sound}\nWarning: ${NOT_THE_LAKE}` : sound);
      }
      const lines = faults.map((fault) => `${fault}\n`).join("");
      return { text: `${lines}${faults.length} faults in ${folder}\n`, ok: false };
    } finally {
      await db.close();
    }
  },
} as const satisfies Command;
