// `mallard verify DIR`: reads the newest backup whole, and writes nothing.
import { resolve } from "node:path";
import { verify } from "../storage/backup/verify.ts";
import { type Command, openDatabase, succeeded } from "./command.ts";

/** The row of COMMANDS. */
export const VERIFY = {
  args: ["DIR"],
  doc: "compare every file of the newest backup in DIR with what was written",
  example: "mallard verify /mnt/other-disk/mallard",
  run: async (context) => {
    const folder = resolve(context.args[0] ?? "");
    const db = await openDatabase(context, folder);
    try {
      const { files, events, faults } = await verify(context.system.files, db, folder);
      if (faults.length === 0) {
        return succeeded(`The backup in ${folder} is sound: ${files} files, ${events} events`);
      }
      const lines = faults.map((fault) => `${fault}\n`).join("");
      return { text: `${lines}${faults.length} faults in ${folder}\n`, ok: false };
    } finally {
      await db.close();
    }
  },
} as const satisfies Command;
