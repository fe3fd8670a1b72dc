// Opens the names of sites, and tells the owner which of them are the same site.
import type { Config } from "../config/load.ts";
import type { System } from "../core/types.ts";
import { SiteNames } from "../sites/site_names.ts";
import type { Sites } from "../sites/sites.ts";
import type { KeptParts } from "../storage/open.ts";

/** The ids under which sites are known: from data, from the owner, from what waits. */
export function openSiteNames(
  config: Config,
  { log }: System,
  { sites: known, proposals }: KeptParts,
  sites: Sites,
): SiteNames {
  const names = new SiteNames({
    data: () => known.spellings,
    proposed: (site) => proposals.spellingsOf(site),
    declared: (site) => sites.declared(site)?.site_id,
    ofAlias: (name) => sites.ofAlias(name),
  }, config);
  for (const ids of names.several()) {
    log("warn", "Sites differ in case alone: stop the server and run mallard sites merge", {
      sites: ids.join(" "),
    });
  }
  return names;
}
