// The cases on which another engine is compared with the plain SQL before it may answer: a few
// visitors whose times are on the boundaries where releases of the extension differ.
import { join, type Sql, sql } from "../../../core/sql.ts";
import type { BehavioralEngine } from "../engine.ts";
import { VISIT_GAP_US } from "../../sql/visits.ts";

/** One statement to ask two engines. */
export interface CheckCase {
  readonly name: string;
  readonly statement: (engine: BehavioralEngine) => Sql;
}

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
const WEEK = 168 * HOUR;
/** Monday, 2024-01-01. */
const START = 1_704_067_200 * SECOND;

/** Visitor, microseconds after the start, and path; a name without a slash is a custom event. */
const EVENTS: readonly (readonly [string, number, string])[] = [
  ["window", 0, "/a"],
  ["window", HOUR, "/b"],
  ["window", HOUR + 1, "done"],
  ["entry", 0, "/a"],
  ["entry", 2 * HOUR, "/a"],
  ["entry", 3 * HOUR - 1, "/b"],
  ["entry", 3 * HOUR, "done"],
  ["order", 0, "/b"],
  ["order", 1, "/a"],
  ["order", 2, "done"],
  ["order", 3, "/b"],
  ["order", 4, "done"],
  ["back", 0, "done"],
  ["back", 1, "/b"],
  ["back", 2, "/a"],
  ["gap", 0, "/a"],
  ["gap", VISIT_GAP_US, "/c"],
  ["gap", 2 * VISIT_GAP_US + 1, "/b"],
  ["gap", WEEK, "/a"],
  ["gap", 3 * WEEK - 1, "/c"],
  ...Array.from(
    { length: 120 },
    (_, index) => ["unbroken", 10 * HOUR + index * 25 * 60 * SECOND, "/c"] as const,
  ),
  ["late", 5 * WEEK, "/b"],
  ["late", 5 * WEEK + 10 * SECOND, "/a"],
];

const PAGE_A = sql`(event_name = 'pageview' and pathname = '/a')`;
const PAGE_B = sql`(event_name = 'pageview' and pathname = '/b')`;
const DONE = sql`(event_name = 'done')`;

function checkEvents(): Sql {
  const rows = EVENTS.map(([visitor, after, what]) => {
    const isPage = what.startsWith("/");
    return sql`(${visitor}, make_timestamp(${START + after}), ${isPage ? "pageview" : what}, ${
      isPage ? what : "/"
    })`;
  });
  return sql`(select * from (values ${join(rows)})
    as t(visitor_id, timestamp, event_name, pathname))`;
}

/** The questions, each with an order of its rows. */
export function checkCases(): CheckCase[] {
  const events = checkEvents();
  const steps = [PAGE_A, PAGE_B, DONE];
  return [
    {
      name: "visits",
      statement: (engine) =>
        sql`select visitor_id, start_us, end_us, pageviews, entry_page
          from ${engine.visits(events, VISIT_GAP_US, { pages: true })} order by all`,
    },
    {
      name: "events of visits",
      statement: (engine) =>
        sql`select visitor_id, us, visit_start_us, pathname
          from ${engine.visitEvents(events, VISIT_GAP_US, ["pathname"])} order by all`,
    },
    {
      name: "funnel",
      statement: (engine) =>
        sql`select visitor_id, reached from ${
          engine.funnel(events, {
            steps,
            windowUs: HOUR,
            order: "in_order",
            overlap: false,
            considered: sql`true`,
          })
        } order by all`,
    },
    {
      name: "sequence",
      statement: (engine) =>
        sql`select visitor_id, converted from ${
          engine.sequence(events, steps, false)
        } order by all`,
    },
    {
      name: "retention",
      statement: (engine) =>
        sql`select cohort, size, after, visitors from ${
          engine.retention(events, {
            interval: "week",
            weekStart: 1,
            transitions: [{ fromUs: START, offsetUs: 0 }],
            fromUs: START + HOUR,
            count: 4,
            first: null,
            again: null,
          })
        } order by all`,
    },
    {
      name: "next page",
      statement: (engine) =>
        sql`select next_page, visitors from ${engine.next(events, "/a", 10, 0)} order by all`,
    },
  ];
}
