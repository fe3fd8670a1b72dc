// What the answers of a mixed soak must say: a row for each report of a dashboard, with the bounds
// that follow from what was sent. It asks nothing itself.

/** Events of each site: acknowledged before the question, and sent when its answer came. */
export interface SentSoFar {
  readonly least: number;
  readonly most: number;
  /** Visitors of the imported days: each day has others. */
  readonly visitors: number;
}

/** A report of a dashboard, and what is wrong with its answer, or null. */
export interface CheckedReport {
  /** Its path below /api/stats/ with parameters, ready for more of them. */
  readonly path: string;
  readonly faultOf: (answer: unknown, sent: SentSoFar) => string | null;
}

/** Live events come from one client, whose visit may be cut by midnight. */
const LIVE_VISITORS_MAX = 2;
/** Averages are rounded to two digits. */
const ROUNDING = 0.02;

/** The reports of one dashboard; each answer is checked. */
export const REPORTS: readonly CheckedReport[] = [
  {
    path: "main?",
    faultOf: (answer, sent) => outside("pageviews", numberAt(answer, "total_pageviews"), sent),
  },
  {
    path: "timeseries?interval=day&",
    faultOf: (answer, sent) => outside("pageviews", sumOf(answer, "pageviews"), sent),
  },
  {
    path: "breakdown/pages?",
    faultOf: (answer, sent) => outside("pageviews", sumOf(answer, "pageviews"), sent),
  },
  { path: "funnel?steps=page:/0,page:/2&", faultOf: faultOfFunnel },
  { path: "sessions?", faultOf: faultOfSessions },
];

/** The pageviews that the headline numbers count; null where they are none. */
export function pageviewsOf(answer: unknown): number | null {
  return numberAt(answer, "total_pageviews");
}

function faultOfFunnel(answer: unknown, { visitors }: SentSoFar): string | null {
  const [first, second] = Array.isArray(answer) ? answer : [];
  const [entered, ended] = [numberAt(first, "visitors"), numberAt(second, "visitors")];
  const bounds = { least: visitors, most: visitors + LIVE_VISITORS_MAX };
  return outside("visitors", entered, bounds) ??
    outside("visitors of the second step", ended, { least: 0, most: entered ?? 0 });
}

function faultOfSessions(answer: unknown, { least, most, visitors }: SentSoFar): string | null {
  const visits = numberAt(answer, "total_sessions");
  const pages = numberAt(answer, "avg_pages_per_session");
  const views = visits === null || pages === null ? null : visits * pages;
  const rounding = (visits ?? 0) * ROUNDING;
  return outside("visits", visits, { least: visitors, most: visitors + LIVE_VISITORS_MAX }) ??
    outside("pageviews", views, { least: least - rounding, most: most + rounding });
}

function outside(
  what: string,
  count: number | null,
  { least, most }: Pick<SentSoFar, "least" | "most">,
): string | null {
  if (count !== null && count >= least && count <= most) return null;
  return `counts ${count} ${what}, right are ${least} to ${most}`;
}

function sumOf(rows: unknown, key: string): number | null {
  if (!Array.isArray(rows)) return null;
  return rows.reduce<number | null>((total, row) => {
    const count = numberAt(row, key);
    return total === null || count === null ? null : total + count;
  }, 0);
}

function numberAt(value: unknown, key: string): number | null {
  if (typeof value !== "object" || value === null) return null;
  const found: unknown = Reflect.get(value, key);
  return typeof found === "number" ? found : null;
}
