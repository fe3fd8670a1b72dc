// Umami's lists of event data; single events are refused, for they have no ids here.
import { AppError } from "../../core/errors.ts";
import type { Sql } from "../../core/sql.ts";
import type { Context, Route } from "../../http/route.ts";
import * as data from "../../query/formats/umami/event_data.ts";
import type { Scope } from "../../query/query.ts";
import type { QueryContext } from "../../query/reports/report.ts";

/** What an answer is made from; of the parameters it reads those in ANSWER_PARAMS alone. */
export type SiteHandler = (asked: {
  readonly params: URLSearchParams;
  readonly scope: Scope;
  readonly ask: QueryContext["query"];
  readonly matching: QueryContext["matching"];
}) => Promise<object>;
/** What answers depend on that no cache keeps. */
export type NowHandler = (asked: {
  readonly site: string;
  readonly context: Context;
  readonly scope: Scope;
}) => Promise<object>;

const NO_IDS = "an event has no id here; see event-data/events and event-data/values";

/** The routes of event data. */
export function eventDataRoutes(
  ofSite: (path: string, handle: SiteHandler) => Route,
  ofNow: (path: string, handle: NowHandler) => Route,
): Route[] {
  type Asked = Parameters<SiteHandler>[0];
  const rows = ({ scope, matching }: Asked, build: (events: Sql) => Sql) =>
    matching(data.requestOf(scope), data.DATA_COLUMNS, build);
  return [
    ofSite("/event-data/events", async (asked) => {
      const hasEvent = (asked.params.get("event") ?? "") !== "";
      const found = await rows(asked, (events) => data.eventsSql(events, hasEvent));
      return data.eventsOf(found, hasEvent);
    }),
    ofSite(
      "/event-data/properties",
      async (asked) =>
        data.eventsOf(await rows(asked, (events) => data.eventsSql(events, false)), false),
    ),
    ofSite("/event-data/fields", async (asked) => data.fieldsOf(await rows(asked, data.fieldsSql))),
    ofSite("/event-data/values", async (asked) => {
      const key = data.propertyOf(asked.params);
      return data.valuesOf(await rows(asked, (events) => data.valuesSql(events, key)));
    }),
    ofSite("/event-data/stats", async (asked) => data.statsOf(await rows(asked, data.statsSql))),
    ...["/event-data", "/event-data/:event_id"].map((path): Route => ({
      ...ofNow(path, () => {
        throw new AppError("not_found", `Cannot answer event-data: ${NO_IDS}`);
      }),
      refuses: true,
    })),
  ];
}
