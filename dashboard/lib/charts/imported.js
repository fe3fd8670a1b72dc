// Which steps of a chart hold imported days, and what is to be said of them: sums of another
// program, which are not counted from events.

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
 * What is to be said below a chart of a metric.
 * @param {ImportedMeta | undefined} meta
 * @param {string} metric
 * @param {import("../format/text.js").Translate} t
 * @param {(date: string) => string} dateText
 * @returns {{ added: string[], leftOut: string[] }}
 */
export function importedTexts(meta, metric, t, dateText) {
  const span = (/** @type {Days} */ { label, from, to }) => ({
    label,
    from: dateText(from),
    to: dateText(to),
  });
  const added = (meta?.imported ?? []).filter(({ metrics }) => metrics.includes(metric));
  const leftOut = (meta?.left_out ?? []).filter(({ metrics }) =>
    metrics === undefined || metrics.includes(metric)
  );
  return {
    added: [
      ...added.map((days) => t("imported_days", span(days))),
      ...(metric === "visitors" && added.some(({ days }) => days > 1)
        ? [t("imported_visitors")]
        : []),
    ],
    leftOut: leftOut.map((days) =>
      t("imported_left_out", { ...span(days), reason: t(`left_out_${days.reason}`) })
    ),
  };
}
