// /api/sites/:site_id/path-rules: what a site's path rules would do to its pages, and applying them
// to the events that are stored.
import { AppError } from "../../core/errors.ts";
import { faultOfPathRules, isWithoutRules, type PathRules } from "../../core/paths/rules.ts";
import type { Clock } from "../../core/types.ts";
import { readJsonObject } from "../../http/body.ts";
import { json } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import { previewPaths } from "../../sites/path_preview.ts";
import type { Sites } from "../../sites/sites.ts";
import type { Reader } from "../../storage/reader.ts";
import type { PathHistory } from "../../storage/rewrite/path_history.ts";
import { siteOfPath } from "./sites.ts";

/** What can be done with stored events. */
const ACTIONS = ["apply", "undo", "confirm"] as const;

/** Rewriting what is stored. */
export type History = Pick<PathHistory, "begin" | "undo" | "confirm" | "status">;

/** The routes. `isKnown` says whether there is such a site. */
export function pathRuleRoutes(
  reader: Reader,
  history: History,
  sites: Pick<Sites, "settings">,
  clock: Clock,
  isKnown: (site: string) => boolean,
): Route[] {
  const existing = (context: Context): string => {
    const site = siteOfPath(context);
    if (isKnown(site)) return site;
    throw new AppError("not_found", `Cannot find the site: there is none called ${site}`);
  };
  const path = "/api/sites/:site_id/path-rules";
  const shown = (site: string) => ({
    path_rules: sites.settings(site).path_rules,
    history: statusOf(history, site),
  });
  return [{
    method: "GET",
    path,
    right: "admin",
    handle: (context) => json(shown(existing(context))),
  }, {
    method: "POST",
    path: `${path}/history`,
    right: "admin",
    handle: async (context) => {
      const site = existing(context);
      const body = await readJsonObject(context.request, clock);
      const action = ACTIONS.find((one) => one === body["action"]);
      if (action === undefined) {
        throw new AppError(
          "bad_request",
          `Cannot read action: it is none of ${ACTIONS.join(", ")}`,
        );
      }
      await act(history, sites, site, action);
      context.log("info", "Path rules and history", { site_id: site, action });
      return json(shown(site), action === "confirm" ? 200 : 202);
    },
  }, {
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

async function act(
  history: History,
  sites: Pick<Sites, "settings">,
  site: string,
  action: (typeof ACTIONS)[number],
): Promise<void> {
  if (action !== "apply") return await history[action](site);
  const rules = sites.settings(site).path_rules;
  if (isWithoutRules(rules)) {
    throw new AppError("conflict", "Cannot apply path rules: the site has none");
  }
  await history.begin(site, rules);
}

function statusOf(history: History, site: string) {
  const status = history.status(site);
  if (!status) return null;
  const { startedMs, rules, ...counts } = status;
  return { ...counts, path_rules: rules, started_at: new Date(startedMs).toISOString() };
}

function rulesOf(body: Readonly<Record<string, unknown>>): PathRules {
  const fault = faultOfPathRules(body);
  if (fault !== null) {
    const found = `Cannot read path_rules: it is ${fault}`;
    throw new AppError("bad_request", found, {}, "path_rules");
  }
  return body as PathRules;
}
