// Whether the events of a data folder are in a lake, for commands that do other things then.
import { Store } from "../../storage/state/store.ts";
import type { CommandContext } from "../command.ts";

/** Whether the events of DATA_DIR are in a lake: what is found here would not tell of them. */
export async function isOverLake(
  { system: { files } }: Pick<CommandContext, "system">,
  dataDir: string,
): Promise<boolean> {
  const path = `${dataDir}/mallard.sqlite`;
  if (await files.size(path) === null) return false;
  const store = await Store.open(path, "reader");
  try {
    return await store.run("getMeta", "lake_journal") !== null;
  } finally {
    await store.close();
  }
}
