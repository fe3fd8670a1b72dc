// /api/sites/:site_id/path-rules: what a site's path rules would do to its pages.
import { AppError } from "../../core/errors.ts";
import { faultOfPathRules, type PathRules } from "../../core/paths/rules.ts";
import type { Clock } from "../../core/types.ts";
import { readJsonObject } from "../../http/body.ts";
import { json } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import { previewPaths } from "../../sites/path_preview.ts";
import type { Reader } from "../../storage/reader.ts";
import { siteOfPath } from "./sites.ts";

/** The routes. `isKnown` says whether there is such a site. */
export function pathRuleRoutes(
  reader: Reader,
  clock: Clock,
  isKnown: (site: string) => boolean,
): Route[] {
  const existing = (context: Context): string => {
    const site = siteOfPath(context);
    if (isKnown(site)) return site;
    throw new AppError("not_found", `Cannot find the site: there is none called ${site}`);
  };
  const path = "/api/sites/:site_id/path-rules";
  return [{
    method: "POST",
    path: `${path}/preview`,
    right: "admin",
    handle: async (context) => {
      const site = existing(context);
      const rules = rulesOf(await readJsonObject(context.request, clock));
      return json(await previewPaths(reader, clock, site, rules, context.signal));
    },
  }];
}

function rulesOf(body: Readonly<Record<string, unknown>>): PathRules {
  const fault = faultOfPathRules(body);
  if (fault !== null) throw new AppError("bad_request", `Cannot read path_rules: it is ${fault}`);
  return body as PathRules;
}
