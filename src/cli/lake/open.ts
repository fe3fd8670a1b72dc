// The lake of the settings, for the commands about it.
import { lakeOptions } from "../../config/lake_options.ts";
import type { CommandContext } from "../command.ts";
import { Lake } from "../../storage/lake/lake.ts";
import { lakeSpillFolderOf } from "../../storage/open.ts";

/** Beside a server, which has the rest. */
const MEMORY_LIMIT = "512MiB";

/** Opens the lake, runs `work`, and closes it. `folder` is what it may read and write beside it. */
export async function withLake<T>(
  { config, system, host }: CommandContext,
  folder: string,
  options: { readonly mayMake: boolean },
  work: (lake: Lake) => Promise<T>,
): Promise<T> {
  const lakeAt = await lakeOptions(config, system.files);
  const spillFolder = lakeSpillFolderOf({ dataDir: folder });
  const lake = await Lake.open(
    system,
    {
      loadDuckDb: host.loadDuckDb,
      folder,
      spillFolder,
      memoryLimit: config.memory_limit ?? MEMORY_LIMIT,
      threads: config.threads,
    },
    lakeAt,
    options,
  );
  try {
    return await work(lake);
  } finally {
    await lake.close();
    await system.files.removeTree(spillFolder);
  }
}
