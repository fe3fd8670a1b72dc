// Erasing, with everything that is made of events or kept beside them.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import { AppError } from "../core/errors.ts";
import type { Files } from "../core/types.ts";
import type { Erase } from "../api/data/erase.ts";
import { removeUpgradeCopies } from "../storage/state/upgrade_copy.ts";
import { isOpen } from "../storage/history/history_ops.ts";
import { ALL_DATES } from "../storage/tiers/erase.ts";
import type { Parts } from "./parts.ts";

/** Erases events wherever they or what is made of them may be. */
export function eraseWith(
  config: Config,
  files: Files,
  { storage: { eraser, store, owned }, runner }: Pick<Parts, "storage" | "runner">,
): Erase {
  return async (site, firstDate, lastDate, dryRun) => {
    if (!dryRun) {
      await endImports(owned, site, firstDate, lastDate);
      await removeUpgradeCopies(files, resolve(config.data_dir));
      await store.run("forgetImportedContent", undefined);
    }
    return await eraser.erase(site, firstDate, lastDate, dryRun).finally(() => runner.forget());
  };
}

/**
 * What an import would add after an erasure would not be erased: that of all dates cancels it, that
 * of some is refused.
 */
async function endImports(
  store: Parts["storage"]["owned"],
  site: string,
  ...[firstDate, lastDate]: [string, string]
): Promise<void> {
  const [first, last] = ALL_DATES;
  if (firstDate === first && lastDate === last) return await store.run("cancelImports", site);
  const found = (await store.run("listPastImports", undefined))
    .find((one) => one.site_id === site && isOpen(one));
  if (!found) return;
  throw new AppError(
    "conflict",
    `Cannot erase events of ${site}: the import ${found.id} into it is under way; cancel it, or ` +
      "wait for its end",
  );
}
