// Every report by its name in the path below /api/stats/.
import { EXPORT } from "./export.ts";
import { MAIN, SESSIONS } from "./overview.ts";
import type { Report } from "./report.ts";
import { TIMESERIES } from "./timeseries.ts";

/** The reports that answer with JSON of their own shape. */
export const REPORTS = {
  main: MAIN,
  timeseries: TIMESERIES,
  sessions: SESSIONS,
  export: EXPORT,
} as const satisfies Record<string, Report>;
