// The lake of the settings, for a server and for the commands about it.
import { resolve } from "node:path";
import type { Config } from "./load.ts";
import type { Files } from "../core/types.ts";
import type { LakeOptions } from "../storage/lake/connection.ts";
import type { AskPeer } from "../storage/lake/nodes/peers.ts";
import type { StorageOptions } from "../storage/open.ts";

/** How the lake of the settings is reached. Rejects with a sentence where something is missing. */
export async function lakeOptions(config: Config, files: Files): Promise<LakeOptions> {
  const { lake_catalog: catalog, lake_data_path: dataPath, lake_password_path: path } = config;
  for (const name of ["lake_catalog", "lake_data_path"] as const) {
    if (config[name] === null) throw new Error(`Cannot open the lake: ${name} is not set`);
  }
  const written = path === null ? null : await files.readText(path);
  if (path !== null && written === null) {
    throw new Error(`Cannot open the lake: lake_password_path ${path} is missing`);
  }
  return {
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
    downloadDir: `${resolve(config.data_dir)}/.extensions`,
  };
}

/** The lake that events are flushed into, as storage takes it; nothing where they stay here. */
export async function lakeOfStorage(
  config: Config,
  files: Files,
  ask?: AskPeer,
): Promise<Pick<StorageOptions, "lake">> {
  if (config.storage !== "lake") return {};
  const { node_name: node, node_url, node_secret: secret, base_path, roles } = config;
  // Without the secret nobody can ask it.
  const address = node_url === null || secret === null ? null : node_url + base_path;
  return {
    lake: {
      ...await lakeOptions(config, files),
      node,
      address,
      ...ask && secret !== null ? { peers: { secret, ask } } : {},
      answers: roles.includes("query"),
      works: roles.includes("work"),
    },
  };
}
