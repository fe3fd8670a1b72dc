// `mallard adopt`: adds Parquet files that were copied into DATA_DIR to the catalog.
import { openStorage } from "../storage/open.ts";
import { type Command, dataDirOf, succeeded } from "./command.ts";

/** The row of COMMANDS. */
export const ADOPT = {
  args: [],
  doc: "add Parquet files copied into DATA_DIR; a running server does this automatically",
  run: async ({ config, system, host }) => {
    const storage = await openStorage(system, host, { ...config, dataDir: dataDirOf(config) });
    const count = storage.fileCount();
    await storage.close();
    return succeeded(`The catalog holds ${count} files`);
  },
} as const satisfies Command;
