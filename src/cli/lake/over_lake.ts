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

/**
 * Rejects where the settings name no lake and DATA_DIR is a server's over one: what it has of
 * settings, passwords and imports is a copy, and a change of it would be lost at its next start.
 */
export async function requireNoCopy(
  context: Pick<CommandContext, "config" | "system">,
  dataDir: string,
  tried: string,
): Promise<void> {
  if (context.config.storage === "lake" || !await isOverLake(context, dataDir)) return;
  throw new Error(
    `${tried}: ${dataDir} is of a server over a lake, whose PostgreSQL has what counts; ` +
      'set storage = "lake" and the settings of the lake, as for the server',
  );
}
