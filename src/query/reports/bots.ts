// Robots that came to a site, what else was dropped, by reason, and fields that were dropped of
// events that were not. Robots are in no other report.
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
  /** What was dropped or cut of events that are stored. */
  readonly fields: readonly { readonly notice: string; readonly count: number }[];
}

/** The reason under which robots are counted. */
const ROBOT_REASON = "robot";
/** The reason under which dropped and cut fields are counted: these events are stored. */
const FIELD_REASON = "field";

const KINDS: ReadonlyMap<string, RobotKind> = new Map(
  Object.entries(ROBOTS).flatMap(([kind, rows]) =>
    rows.map(([name]): [string, RobotKind] => [name, kind as RobotKind])
  ),
);

/** `GET /api/stats/bots`. */
export const BOTS = defineReport({
  label: "Robots",
  doc: "robots by name and kind, dropped requests by reason, dropped fields, of whole UTC days",
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
    for (const { reason, count } of rows) {
      if (reason !== FIELD_REASON) counts.set(reason, (counts.get(reason) ?? 0) + count);
    }
    const fields = rows.filter(({ reason }) => reason === FIELD_REASON)
      .map(({ name, count }) => ({ notice: name, count }));
    const dropped = [...counts].map(([reason, count]) => ({ reason, count }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
    return { from, to, robots, dropped, fields };
  },
});
