// Whether a server may begin with the secrets it was given.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import { weakSecrets } from "../config/weak_secrets.ts";
import type { System } from "../core/types.ts";

/** What may be in a folder without data: made by the system, or by the program before it opens. */
const NO_DATA: readonly string[] = [".native", "lost+found"];

/** Refuses to begin with weak secrets. Where there is data they are in use: the start warns. */
export async function refuseWeakSecrets(config: Config, { files }: System): Promise<void> {
  const [weak] = weakSecrets(config);
  if (weak === undefined) return;
  const found = await files.list(resolve(config.data_dir));
  if (found.some(({ name }) => !NO_DATA.includes(name))) return;
  throw new Error(`Cannot start with an empty data_dir: ${weak.sentence}`);
}
