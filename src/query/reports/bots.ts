// Robots that came to a site, and what else was dropped, by reason. Robots are in no other report.
import { utcDate } from "../../core/event.ts";
import { type RobotKind, ROBOTS } from "../../reference/robots.ts";
import { defineReport } from "./report.ts";

/** The answer: UTC dates, both included; most frequent first. */
export interface BotsAnswer {
  readonly from: string;
  readonly to: string;
  readonly robots: readonly {
    readonly name: string;
    readonly kind: RobotKind | "other";
    readonly count: number;
  }[];
  readonly dropped: readonly { readonly reason: string; readonly count: number }[];
}

/** The reason under which robots are counted. */
const ROBOT_REASON = "robot";

const KINDS: ReadonlyMap<string, RobotKind> = new Map(
  Object.entries(ROBOTS).flatMap(([kind, rows]) =>
    rows.map(([name]): [string, RobotKind] => [name, kind as RobotKind])
  ),
);

/** `GET /api/stats/bots`. */
export const BOTS = defineReport({
  label: "Robots",
  doc: "robots by name and kind, and dropped requests by reason, of whole UTC days",
  heavy: false,
  freshness: "never_cached",
  params: {},
  parse: () => null,
  run: async ({ range, limit }, _, context): Promise<BotsAnswer> => {
    const from = utcDate(range.fromUs);
    const to = utcDate(range.toUs - 1);
    const rows = range.fromUs >= range.toUs ? [] : await context.drops(from, to);
    const robots = rows.filter(({ reason }) => reason === ROBOT_REASON).slice(0, limit)
      .map(({ name, count }) => ({ name, kind: KINDS.get(name) ?? "other", count }));
    const counts = new Map<string, number>();
    for (const { reason, count } of rows) counts.set(reason, (counts.get(reason) ?? 0) + count);
    const dropped = [...counts].map(([reason, count]) => ({ reason, count }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
    return { from, to, robots, dropped };
  },
});
