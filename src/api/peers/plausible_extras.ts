// What Plausible's Sites API knows beside sites and goals: custom properties, which are those that
// were sent, and shared links, which a public site has. The rest is refused with the reason.
import { AppError } from "../../core/errors.ts";
import { DAY_US } from "../../core/durations.ts";
import { ROWS_MAX } from "../../core/limits.ts";
import { json } from "../../http/response.ts";
import type { Context, Handler, Route } from "../../http/route.ts";
import { unreadable } from "../../query/formats/params.ts";
import type { ReportRequest } from "../../query/query.ts";
import { keysOfProps } from "../../query/reports/values.ts";
import type { Runner } from "../../query/run.ts";
import type { Sites } from "../../sites/sites.ts";
import { callerOf } from "../stats/caller.ts";
import { paged } from "./plausible_pages.ts";

/** Properties count as in use for as long as that API's longest period. */
const SEEN_DAYS = 366;

/** What is not there, and why: its clients are told so. */
const MISSING: readonly (readonly [Route["method"], string, string])[] = [
  [
    "DELETE",
    "/custom-props/:property",
    "properties are not declared; they are those that are sent",
  ],
  ["GET", "/guests", "there is one owner; other programs get API keys"],
  ["PUT", "/guests", "there is one owner; other programs get API keys"],
  ["DELETE", "/guests/:email", "there is one owner; API keys are revoked by DELETE /api/keys"],
  ["GET", "/teams", "there is one owner and no team"],
];

/** What these routes share with those of sites. */
export interface SiteRouteParts {
  readonly row: (method: Route["method"], path: string, handle: Handler) => Route;
  readonly bodyOf: (context: Context) => Promise<Readonly<Record<string, unknown>>>;
  /** The site of a name, if there is one and the caller may read it. */
  readonly existing: (name: unknown, context: Context) => string;
}

/** The keys of the custom properties of a site's last year, those of most visitors first. */
export async function propertiesOf(
  runner: Runner,
  site: string,
  context: Context,
): Promise<readonly string[]> {
  const asker = { caller: callerOf(context), signal: context.signal };
  const { rules, nowUs } = await runner.rules(site, asker);
  const toUs = (Math.floor(nowUs / DAY_US) + 1) * DAY_US;
  const request: ReportRequest = {
    ...{ site, nowUs, zone: rules.zone, weekStart: rules.weekStart, gapUs: rules.gapUs },
    ...{ goals: rules.goals, filter: null, comparison: null, notes: [], interval: "day" },
    range: { fromUs: toUs - SEEN_DAYS * DAY_US, toUs, dates: null },
    limit: ROWS_MAX,
    offset: 0,
  };
  const found = await runner.cached(
    site,
    ["custom-props", request.range],
    (ask) => keysOfProps(request, null, ask),
    asker,
  );
  return found.map(({ value }) => value);
}

/** The routes. `origin` is where the dashboard is, as far as that is set, with its path. */
export function plausibleExtraRoutes(
  runner: Runner,
  sites: Sites,
  { row, bodyOf, existing }: SiteRouteParts,
  { origin, path }: { readonly origin: string | null; readonly path: string },
): Route[] {
  return [
    row("GET", "/custom-props", async (context) => {
      const params = context.url.searchParams;
      const site = existing(params.get("site_id"), context);
      const all = await propertiesOf(runner, site, context);
      const { page, meta } = paged(all, (property) => property, params);
      return json({ custom_properties: page.map((property) => ({ property })), meta });
    }),
    // A property needs no declaration to be asked for.
    row("PUT", "/custom-props", async (context) => {
      const { site_id, property } = await bodyOf(context);
      existing(site_id, context);
      requireText("property", property);
      return json({ created: true });
    }),
    row("PUT", "/shared-links", async (context) => {
      const { site_id, name } = await bodyOf(context);
      const site = existing(site_id, context);
      const text = requireText("name", name);
      if (!sites.settings(site).public) {
        throw new AppError(
          "forbidden",
          "Cannot share the site: it is not public; its setting public opens it to everybody",
        );
      }
      const shown = `${origin ?? context.url.origin}${path}/?site=${encodeURIComponent(site)}`;
      return json({ name: text, url: shown });
    }),
    ...MISSING.map(([method, missing, why]): Route => ({
      ...row(method, missing, () => {
        throw new AppError("not_found", `Cannot answer ${missing.split("/")[1]}: ${why}`);
      }),
      refuses: true,
    })),
  ];
}

function requireText(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw unreadable(name, "it is no text");
}
