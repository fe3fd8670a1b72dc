// Every report by its name in the path below /api/stats/.
import { EXPORT } from "./export.ts";
import { FLOW } from "./flow/flow.ts";
import { FUNNEL } from "./funnel/funnel.ts";
import { MAIN } from "./overview.ts";
import { QUERY } from "./query_report.ts";
import { REALTIME } from "./realtime.ts";
import type { Report } from "./report.ts";
import { RETENTION } from "./retention/retention.ts";
import { SEQUENCES } from "./sequence/sequence.ts";
import { SESSIONS } from "./sessions.ts";
import { TIMESERIES } from "./timeseries.ts";
import { VALUES } from "./values.ts";
import { VISITS } from "./visit_list.ts";

/** The reports that answer with JSON of their own shape. */
export const REPORTS = {
  main: MAIN,
  timeseries: TIMESERIES,
  sessions: SESSIONS,
  visits: VISITS,
  funnel: FUNNEL,
  retention: RETENTION,
  sequences: SEQUENCES,
  flow: FLOW,
  export: EXPORT,
  query: QUERY,
  values: VALUES,
  realtime: REALTIME,
} as const satisfies Record<string, Report>;
