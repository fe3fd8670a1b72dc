// The course of each headline number over the period, for its sparkline: one question behind all
// others, and none where the screen is too narrow to show it.
import { currenciesOf, sizeIn } from "../charts/amounts.js";
import { lacksDays } from "../charts/imported.js";
import { useApp } from "../state/context.js";
import { useAnswer } from "./answer.js";
import { intervalOf, reportUrl } from "./report_url.js";

/** The same width as in styles/06_panels.css. */
const WIDE = "(min-width: 75rem)";

/** @typedef {Pick<import("../headline.js").Numbers, "metrics">} Numbers */
/** @typedef {Numbers & { dimensions: readonly [string] }} Step */
/** @typedef {import("../charts/imported.js").ImportedMeta} ImportedMeta */
/** @typedef {{ results: readonly Step[], meta?: ImportedMeta }} Series */

/**
 * By metric; undefined while it is not known, and where some of it has no hours.
 * @param {readonly string[]} metrics
 * @param {readonly import("../../grammar/filter.js").Filter[]} [also]
 * @returns {(metric: string) => readonly number[] | undefined}
 */
export function useCourses(metrics, also = []) {
  const app = useApp();
  const more = { metrics: metrics.join(","), dimensions: "time", interval: intervalOf(app.state) };
  /** @type {import("./answer.js").Answer<Series>} */
  const { data, stale } = useAnswer(
    metrics.length > 0 && matchMedia(WIDE).matches ? reportUrl(app, "query", more, { also }) : null,
    { last: true },
  );
  if (!data || stale || data.results.length < 2) return () => undefined;
  // Of days without hours it would be a line of zeros.
  if (lacksDays(data.results.map((row) => row.dimensions[0]), data.meta)) return () => undefined;
  return (metric) => {
    const [currency] = currenciesOf(data.results, metric);
    return data.results.map((row) => sizeIn(row.metrics[metric], currency) ?? 0);
  };
}
