// Erasing, with everything that is made of events or kept beside them.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import type { Files } from "../core/types.ts";
import type { Erase } from "../api/data/erase.ts";
import { removeUpgradeCopies } from "../storage/state/upgrade_copy.ts";
import type { Parts } from "./parts.ts";

/** Erases events wherever they or what is made of them may be. */
export function eraseWith(
  config: Config,
  files: Files,
  { storage: { eraser, store }, runner }: Pick<Parts, "storage" | "runner">,
): Erase {
  return async (site, firstDate, lastDate, dryRun) => {
    if (!dryRun) {
      await removeUpgradeCopies(files, resolve(config.data_dir));
      await store.run("forgetImportedContent", undefined);
    }
    return await eraser.erase(site, firstDate, lastDate, dryRun).finally(() => runner.forget());
  };
}
