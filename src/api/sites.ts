// The sites a caller may read, for the dashboard's switcher.
import { json, type Route } from "../core/http.ts";
import type { Reader } from "../storage/reader.ts";

/** The routes of the sites. `siteIds` are those of the settings. */
export function sitesRoutes(
  reader: Reader,
  { siteIds }: { readonly siteIds: readonly string[] },
): Route[] {
  return [{
    method: "GET",
    path: "/api/sites",
    right: "read",
    handle: ({ access }) => {
      const ids = [...new Set([...siteIds, ...reader.sites()])].sort();
      const readable = ids.filter((id) => access.sites === null || access.sites.includes(id));
      return json(readable.map((site_id) => ({ site_id })));
    },
  }];
}
