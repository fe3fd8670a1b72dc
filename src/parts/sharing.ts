// Brings what another server of the lake has changed into the parts that keep it in memory.
import type { Parts } from "./parts.ts";

/** Follows the changes of other servers, where there may be some, until storage is closed. */
export function followOthers(
  { storage: { shared }, sites, newSites, keys, auth, identity }: Pick<
    Parts,
    "storage" | "sites" | "newSites" | "keys" | "auth" | "identity"
  >,
): void {
  if (shared === null) return;
  shared.onChange(async (tables) => {
    const before = sites.declaredIds();
    if (tables.has("site_settings") || tables.has("site_items")) await sites.reload();
    for (const site of before) if (!sites.declared(site)) await newSites.deleted(site);
    if (tables.has("site_settings")) await newSites.acceptDeclared();
    if (tables.has("refused_sites")) await newSites.takeUpRefusals();
    if (tables.has("api_keys")) await keys.reload();
    if (tables.has("owner_password")) await auth.takeUpPassword();
    if (tables.has("facts")) await auth.takeUpLogins();
  }, async () => {
    await auth.takeUpLogins();
    await identity.rotate();
  });
}
