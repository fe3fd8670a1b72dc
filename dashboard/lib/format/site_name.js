// What a site is called: as its owner named it, else its id, in Unicode where that is a host.
import { shownHost } from "../../grammar/host_name.js";

/**
 * @param {{ readonly site_id: string, readonly name?: string | null }} site
 * @returns {string}
 */
export function siteName({ site_id, name }) {
  return name || shownHost(site_id);
}
