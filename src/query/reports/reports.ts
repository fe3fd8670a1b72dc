// Every report by its name in the path below /api/stats/.
import { BOTS } from "./bots.ts";
import { EXPORT } from "./export.ts";
import { FLOW } from "./flow/flow.ts";
import { FUNNEL } from "./funnel/funnel.ts";
import { OVERVIEW } from "./overview.ts";
import { QUERY } from "./query_report.ts";
import { REALTIME } from "./realtime.ts";
import type { Report } from "./report.ts";
import { RETENTION } from "./retention/retention.ts";
import { SEQUENCES } from "./sequence/sequence.ts";
import { SESSIONS } from "./sessions.ts";
import { TIMESERIES } from "./timeseries.ts";
import { VALUES } from "./values.ts";
import { VISITS } from "./visit_list.ts";
import { VITALS_REPORT } from "./vitals.ts";
import { CHANGES, WHY } from "./change/why.ts";

/** Every report but the breakdowns, which share the route `breakdown/:name`. */
export const REPORTS = {
  main: OVERVIEW,
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
  bots: BOTS,
  changes: CHANGES,
  why: WHY,
  vitals: VITALS_REPORT,
} as const satisfies Record<string, Report>;
