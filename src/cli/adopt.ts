// `mallard adopt`: adds Parquet files that were copied into DATA_DIR to the catalog, names those
// that are not counted, and moves the rows of a wrong folder when asked to.
import { messageOf } from "../core/errors.ts";
import { openStorage } from "../storage/open.ts";
import { moveRows } from "../storage/adoption/move_rows.ts";
import { type Command, dataDirOf, requireCurrentSchema, succeeded } from "./command.ts";

/** The row of COMMANDS. */
export const ADOPT = {
  args: ["[move]"],
  doc: "add Parquet files copied into DATA_DIR; a running server does this automatically. " +
    "Events that wait in the journal are written to Parquet. " +
    "move: put rows of a wrong folder where they belong",
  actions: ["move"],
  example: "mallard adopt move",
  run: async (context) => {
    const { args, config, system, host } = context;
    const [action] = args;
    if (action !== undefined && action !== "move") {
      throw new Error(`Cannot run adopt ${action}: it is not move`);
    }
    const dataDir = dataDirOf(config);
    await requireCurrentSchema(context, dataDir, "adopt files");
    const storage = await openStorage(system, host, { ...config, dataDir });
    const lines: string[] = [];
    let failures = 0;
    try {
      for (const [path, reason] of storage.refused()) {
        if (action === undefined) {
          lines.push(`Not counted: ${path}: ${reason}`);
          continue;
        }
        try {
          const rows = await moveRows(storage, system.files, `${dataDir}/events`, path);
          lines.push(`Moved ${rows} events of ${path}`);
        } catch (error) {
          failures++;
          lines.push(messageOf(error));
        }
      }
      const waiting = storage.hot.rows;
      if (waiting > 0) {
        await storage.flusher.flush({ all: true });
        lines.push(`Wrote ${waiting - storage.hot.rows} of ${waiting} waiting events to Parquet`);
      }
      lines.push(`The catalog holds ${storage.fileCount()} files`);
    } finally {
      await storage.close();
    }
    if (failures > 0) throw new Error(lines.join("\n"));
    return succeeded(lines.join("\n"));
  },
} as const satisfies Command;
