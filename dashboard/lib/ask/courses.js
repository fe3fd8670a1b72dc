// The course of each headline number over the period, for its sparkline: one question behind all
// others, and none where the screen is too narrow to show it.
import { useApp } from "../state/context.js";
import { useAnswer } from "./answer.js";
import { reportUrl } from "./report_url.js";

/** The same width as in styles/06_panels.css. */
const WIDE = "(min-width: 75rem)";

/** @typedef {{ results: readonly { metrics: Record<string, number | null> }[] }} Series */

/**
 * By metric; undefined while it is not known.
 * @param {readonly string[]} metrics
 * @returns {(metric: string) => readonly number[] | undefined}
 */
export function useCourses(metrics) {
  const app = useApp();
  const more = { metrics: metrics.join(","), dimensions: "time", interval: app.state.interval };
  /** @type {import("./answer.js").Answer<Series>} */
  const { data, stale } = useAnswer(
    matchMedia(WIDE).matches ? reportUrl(app, "query", more) : null,
    { last: true },
  );
  if (!data || stale || data.results.length < 2) return () => undefined;
  return (metric) => data.results.map((row) => row.metrics[metric] ?? 0);
}
