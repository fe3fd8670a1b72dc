// The lake of the settings, for the commands about it.
import { lakeOptions } from "../../config/lake_options.ts";
import type { CommandContext } from "../command.ts";
import { Lake } from "../../storage/lake/lake.ts";
import { withSpillFolder } from "../../storage/empty_folder.ts";

/** Beside a server, which has the rest. */
const MEMORY_LIMIT = "512MiB";

/** Opens the lake, runs `work`, and closes it. `folder` is what it may read and write beside it. */
export async function withLake<T>(
  { config, system, host }: CommandContext,
  folder: string,
  options: { readonly mayMake: boolean },
  work: (lake: Lake) => Promise<T>,
): Promise<T> {
  const { files, random } = system;
  const lakeAt = await lakeOptions(config, files);
  const { loadDuckDb } = host;
  const memoryLimit = config.memory_limit ?? MEMORY_LIMIT;
  const { threads } = config;
  // A server beside it has one of its own, which each of its starts empties.
  return await withSpillFolder(files, folder, random.uuid(), async (spillFolder) => {
    const at = { loadDuckDb, folder, spillFolder, memoryLimit, threads };
    const lake = await Lake.open(system, at, lakeAt, options);
    try {
      return await work(lake);
    } finally {
      await lake.close();
    }
  });
}
