// The lake of the settings, for the commands about it.
import { dataDirOf } from "../command.ts";
import type { CommandContext } from "../command.ts";
import { Lake } from "../../storage/lake/lake.ts";

/** Beside a server, which has the rest. */
const MEMORY_LIMIT = "512MiB";

/** Opens the lake, runs `work`, and closes it. `folder` is what it may read and write beside it. */
export async function withLake<T>(
  { config, system, host }: CommandContext,
  folder: string,
  options: { readonly mayMake: boolean },
  work: (lake: Lake) => Promise<T>,
): Promise<T> {
  const { lake_catalog: catalog, lake_data_path: dataPath, lake_password_path: path } = config;
  for (const name of ["lake_catalog", "lake_data_path"] as const) {
    if (config[name] === null) throw new Error(`Cannot open the lake: ${name} is not set`);
  }
  const written = path === null ? null : await system.files.readText(path);
  if (path !== null && written === null) {
    throw new Error(`Cannot open the lake: lake_password_path ${path} is missing`);
  }
  const spillFolder = `${folder}/.lake-spill`;
  const lake = await Lake.open(system, {
    loadDuckDb: host.loadDuckDb,
    folder,
    spillFolder,
    memoryLimit: config.memory_limit ?? MEMORY_LIMIT,
    threads: config.threads,
  }, {
    catalog: catalog ?? "",
    password: config.lake_password ?? written?.replace(/\r?\n$/, "") ?? null,
    dataPath: dataPath ?? "",
    s3: {
      endpoint: config.s3_endpoint,
      region: config.s3_region,
      keyId: config.s3_key_id,
      secret: config.s3_secret,
      sessionToken: config.s3_session_token,
    },
    extensionDir: config.extension_dir,
    downloadDir: `${dataDirOf(config)}/.extensions`,
  }, options);
  try {
    return await work(lake);
  } finally {
    await lake.close();
    await system.files.removeTree(spillFolder);
  }
}
