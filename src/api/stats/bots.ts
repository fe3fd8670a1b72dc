// GET /api/stats/bots: which robots came to a site, and what else was not counted, by reason. It
// reads counts; robots are in no other statistic.
import { requireSite } from "../../auth/rights.ts";
import { utcDate } from "../../core/event.ts";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import type { Clock } from "../../core/types.ts";
import { type RobotKind, ROBOTS } from "../../reference/robots.ts";
import { Params } from "../../query/params.ts";
import { parseReportRequest, siteOf, type SiteRules } from "../../query/parse.ts";
import type { DropStore } from "../../storage/state/ops/drop_ops.ts";

/** The reason under which robots are counted. */
export const ROBOT_REASON = "robot";

const KINDS: ReadonlyMap<string, RobotKind> = new Map(
  Object.entries(ROBOTS).flatMap(([kind, rows]) =>
    rows.map(([name]): [string, RobotKind] => [name, kind as RobotKind])
  ),
);

/**
 * The route. Its answer: `{from, to, robots: [{name, kind, count}], dropped: [{reason, count}]}`,
 * most frequent first, `from` and `to` the UTC dates counted, both included. `flush` writes down
 * what waits.
 */
export function botRoutes(
  store: DropStore,
  flush: () => Promise<void>,
  settings: (site: string) => Promise<SiteRules>,
  clock: Clock,
): Route[] {
  return [{
    method: "GET",
    path: "/api/stats/bots",
    right: "read",
    handle: async (context) => {
      const params = new Params(context.url.searchParams);
      const site = requireSite(context.access, siteOf(params));
      const nowUs = Math.floor(clock.nowMs() * 1000);
      const { range, limit } = parseReportRequest(params, site, nowUs, await settings(site));
      params.check();
      await flush();
      const from = utcDate(range.fromUs);
      const to = utcDate(range.toUs - 1);
      const empty = range.fromUs >= range.toUs;
      const rows = empty
        ? []
        : await store.run("listDrops", { site_id: site, firstDate: from, lastDate: to });
      const robots = rows.filter(({ reason }) => reason === ROBOT_REASON).slice(0, limit)
        .map(({ name, count }) => ({ name, kind: KINDS.get(name) ?? "other", count }));
      const counts = new Map<string, number>();
      for (const { reason, count } of rows) {
        counts.set(reason, (counts.get(reason) ?? 0) + count);
      }
      const dropped = [...counts].map(([reason, count]) => ({ reason, count }))
        .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
      return json({ from, to, robots, dropped });
    },
  }];
}
