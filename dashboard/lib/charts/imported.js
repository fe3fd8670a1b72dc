// Which steps of a chart hold imported days: sums of another program, which are not counted from
// events.

/** @typedef {{ label: string, from: string, to: string, days: number }} Days */
/** @typedef {Days & { metrics: readonly string[] }} Added */
/** @typedef {"dimension" | "filter" | "time" | "part_of_day"} Shape */
/** @typedef {Shape | "metrics" | "report" | "public"} Reason */
/** @typedef {Days & { reason: Reason, metrics?: readonly string[] }} LeftOut */
/** @typedef {{ imported?: readonly Added[], left_out?: readonly LeftOut[] }} ImportedMeta */

/**
 * Whether each step has imported days that the metric is made of.
 * @param {readonly string[]} starts first day or time of each step
 * @param {ImportedMeta | undefined} meta
 * @param {string} metric
 * @returns {boolean[]}
 */
export function importedSteps(starts, meta, metric) {
  const spans = (meta?.imported ?? []).filter(({ metrics }) => metrics.includes(metric));
  return starts.map((start, index) => {
    const next = starts[index + 1]?.slice(0, 10) ?? "9999-12-31";
    return spans.some(({ from, to }) => from < next && to >= start.slice(0, 10));
  });
}

/**
 * Whether steps of hours lack imported days, which steps of days may have.
 * @param {readonly string[]} starts first time of each step
 * @param {ImportedMeta | undefined} meta
 * @returns {boolean}
 */
export function lacksDays(starts, meta) {
  const first = starts[0] ?? "";
  const last = starts.at(-1) ?? "";
  return (meta?.left_out ?? []).some(({ reason, from, to }) =>
    reason === "time" && from <= last && to >= first.slice(0, 10)
  );
}
