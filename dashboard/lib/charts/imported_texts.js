// What is to be said of imported days: which are in some numbers, and which are not.

/** @typedef {import("./imported.js").Days} Days */
/** @typedef {import("./imported.js").ImportedMeta} ImportedMeta */

/**
 * What is to be said below the numbers of a metric.
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
