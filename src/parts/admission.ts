// Opens the admission of sites that nobody declared.
import type { Config } from "../config/load.ts";
import type { System } from "../core/types.ts";
import { SiteAdmission } from "../sites/admission.ts";
import type { SiteNames } from "../sites/site_names.ts";
import type { KeptParts } from "../storage/open.ts";

/** Which new sites may send events; a site with data or a row in `site_ids` is known. */
export function openAdmission(
  config: Config,
  { clock, log }: System,
  { proposals, sites }: KeptParts,
  names: SiteNames,
): SiteAdmission {
  const known = {
    isDeclared: (site: string) => names.isDeclared(site),
    hasEvents: (site: string) => sites.hasSite(site),
  };
  return new SiteAdmission(proposals, known, clock, log, config);
}
