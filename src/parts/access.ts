// Opens what says who is calling: keys, passwords and logins.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import type { System } from "../core/types.ts";
import { Auth } from "../auth/auth.ts";
import { isSecure } from "../http/headers.ts";
import { ApiKeys } from "../auth/api_keys.ts";
import { readKeysFile } from "../auth/api_keys_file.ts";
import { PasswordHasher } from "../auth/password.ts";
import type { Host } from "../runtime/host.ts";
import type { SiteNames } from "../sites/site_names.ts";
import type { Sites } from "../sites/sites.ts";
import type { KeptParts } from "../storage/open.ts";

/** Keys and logins; an owner who has yet to set a password is told the token. */
export async function openAccess(
  config: Config,
  system: System,
  host: Host,
  { store }: KeptParts,
  sites: Sites,
  names: SiteNames,
) {
  const { clock, files, log, random } = system;
  const imported = await readKeysFile(files, log, `${resolve(config.data_dir)}/api_keys.json`);
  const keys = await ApiKeys.open(store, clock, random, imported);
  const hasher = new PasswordHasher(random);
  const auth = await Auth.open(store, hasher, keys, system, {
    ...config,
    secure: isSecure({ ...config, tls: config.tls_cert_path !== null }),
    publicSites: () => sites.publicIds(),
    siteIdOf: (site) => names.idOf(site),
    ...(host.tellSetupToken ? { tellSetupToken: host.tellSetupToken } : {}),
  });
  if (auth.setupToken !== null) host.tellSetupToken?.(auth.setupToken);
  return { auth, keys, hasher };
}
