// Opens what says who is calling: keys, passwords and logins. Whether a server may begin with the
// secrets it was given.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import { weakSecrets } from "../config/weak_secrets.ts";
import { AppError } from "../core/errors.ts";
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

/** What may be in a folder without data: made by the system, or by the program before it opens. */
const NO_DATA: readonly string[] = [".native", "lost+found"];

/** Keys and logins; an owner who has yet to set a password is told the token. */
export async function openAccess(
  config: Config,
  system: System,
  host: Host,
  { owned, shared }: KeptParts,
  sites: Sites,
  names: SiteNames,
) {
  const { clock, files, log, random } = system;
  const imported = await readKeysFile(files, log, `${resolve(config.data_dir)}/api_keys.json`);
  const keys = await ApiKeys.open(owned, clock, random, imported).catch((error) => {
    // Events are not kept waiting for keys.
    if (!(error instanceof AppError)) throw error;
    log("warn", "Keys of api_keys.json are not valid yet", { reason: error.message });
    return ApiKeys.open(owned, clock, random, []);
  });
  const hasher = new PasswordHasher(random);
  const auth = await Auth.open(owned, hasher, keys, system, {
    ...config,
    sharesLogins: shared !== null,
    secure: isSecure({ ...config, tls: config.tls_cert_path !== null }),
    publicSites: () => sites.publicIds(),
    siteIdOf: (site) => names.idOf(site),
    ...(host.tellSetupToken ? { tellSetupToken: host.tellSetupToken } : {}),
  });
  if (auth.setupToken !== null) host.tellSetupToken?.(auth.setupToken);
  return { auth, keys, hasher };
}

/** Refuses to begin with weak secrets. Where there is data they are in use: the start warns. */
export async function refuseWeakSecrets(config: Config, { files }: System): Promise<void> {
  const [weak] = weakSecrets(config);
  if (weak === undefined) return;
  const found = await files.list(resolve(config.data_dir));
  if (found.some(({ name }) => !NO_DATA.includes(name))) return;
  throw new Error(`Cannot start with an empty data_dir: ${weak.sentence}`);
}
