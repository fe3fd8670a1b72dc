// `mallard quarantine ACTION [FILE…]`: the corrupt files in quarantine. It works on files
// only, also while a server runs, which checks the folder every half minute.
import { faultOfReading, isReason, reasonPathOf } from "../storage/parquet/corruption.ts";
import { folderOf } from "../storage/parquet/partition.ts";
import {
  asJson,
  type Command,
  type CommandContext,
  dataDirOf,
  JSON_OPTION,
  openDatabase,
} from "./command.ts";

/** The row of COMMANDS. */
export const QUARANTINE = {
  args: ["ACTION", "[FILE…]"],
  doc: "list: show corrupt files; restore: bring back readable ones; drop: delete",
  actions: ["list", "restore", "drop"],
  options: { json: { ...JSON_OPTION, doc: "print the list as JSON" } },
  example: "mallard quarantine list",
  run: async (context) => {
    const [action = "", ...given] = context.args;
    const folder = `${dataDirOf(context.config)}/quarantine`;
    const { files } = context.system;
    const present = (await files.tree(folder)).filter((path) => !isReason(path));
    for (const path of given) {
      if (!present.includes(path)) {
        throw new Error(`Cannot ${action} ${path}: there is no such file in quarantine`);
      }
    }
    const paths = given.length > 0 ? given : present;
    switch (action) {
      case "list": {
        const found = await withReasons(context, folder, paths);
        if (context.options?.["json"]) return asJson(found);
        const shown = found.map(({ path, reason }) =>
          reason === null ? path : `${path}: ${reason}`
        );
        return { text: lines(shown, "The quarantine is empty"), ok: true };
      }
      case "restore":
        return await restore(context, folder, paths);
      case "drop":
        if (given.length === 0) throw new Error("Cannot drop files: none is named");
        for (const path of paths) {
          await files.remove(`${folder}/${path}`);
          await files.remove(reasonPathOf(`${folder}/${path}`));
        }
        return { text: lines(paths.map((path) => `Dropped ${path}`), ""), ok: true };
      default:
        throw new Error(`Cannot run quarantine ${action}: it is not list, restore or drop`);
    }
  },
} as const satisfies Command;

/** Each path, with why it was set aside where that is known. */
async function withReasons(
  { system }: CommandContext,
  folder: string,
  paths: readonly string[],
): Promise<{ readonly path: string; readonly reason: string | null }[]> {
  return await Promise.all(paths.map(async (path) => {
    const reason = await system.files.readText(reasonPathOf(`${folder}/${path}`));
    return { path, reason: reason?.trim() ?? null };
  }));
}

/** Brings back what reads from first value to last and whose place is free. */
async function restore(context: CommandContext, folder: string, paths: readonly string[]) {
  const { files } = context.system;
  const dataDir = dataDirOf(context.config);
  const results: string[] = [];
  let ok = true;
  const db = await openDatabase(context, dataDir);
  try {
    for (const path of paths.filter((path) => path.endsWith(".parquet"))) {
      const target = `${dataDir}/events/${path}`;
      const isTaken = await files.size(target) !== null;
      const fault = isTaken
        ? "there is a file in its place"
        : await faultOfReading(db, `${folder}/${path}`);
      if (fault === null) {
        await files.makeDir(folderOf(target));
        await files.rename(`${folder}/${path}`, target);
        await files.remove(reasonPathOf(`${folder}/${path}`));
        results.push(`Restored ${path}`);
      } else {
        results.push(`Cannot restore ${path}: ${fault}`);
        ok = false;
      }
    }
  } finally {
    await db.close();
  }
  return { text: lines(results, "There is no Parquet file to restore"), ok };
}

function lines(texts: readonly string[], otherwise: string): string {
  return `${texts.length === 0 ? otherwise : texts.join("\n")}\n`;
}
