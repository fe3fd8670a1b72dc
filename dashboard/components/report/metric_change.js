// The change of a metric in words and colour, from an answer with a comparison.
import { Change } from "../charts/change.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";

/**
 * @typedef {object} MetricChangeProps
 * @property {Pick<import("../../lib/state/schema.js").Metric, "unit" | "better">} metric
 * @property {number | null | undefined} change
 * @property {import("../../lib/format/format.js").Value | undefined} before the earlier value
 * @property {string} [missing] why there is no change, where that is known
 * @property {boolean | null | undefined} [noise] whether the change may be chance; without a
 *   judgement it is neither good nor bad
 * @property {(() => void) | undefined} [onWhy] opens what accounts for the change
 */

/** A smaller change is shown as none: it would read 0.0%. */
const LEAST = 0.0005;

/** @param {MetricChangeProps} props */
export function MetricChange({ metric, change: exact, before, missing = "", noise, onWhy }) {
  const { t, format } = useApp();
  if (exact === undefined) return null;
  const change = exact !== null && Math.abs(exact) < LEAST ? 0 : exact;
  const text = change === null
    ? ""
    : metric.unit === "ratio"
    ? t("points", format.points(change))
    : format.percent(Math.abs(change));
  const moved = change === null || change === 0
    ? t("change_none")
    : t(change > 0 ? "change_up" : "change_down", { n: text });
  const isNoise = noise === true && change !== null && change !== 0;
  const mood = noise === false ? Math.sign(change ?? 0) * metric.better : 0;
  const judged = mood === 0
    ? moved
    : t(mood > 0 ? "change_better" : "change_worse", { text: moved });
  const spoken = [judged, ...(isNoise ? [t("within_noise")] : []), ...(onWhy ? [t("why")] : [])]
    .join(", ");
  const title = before === undefined ? undefined : [
    missing || t("change_before", { value: format.exact(metric.unit, before) }),
    ...(isNoise ? [t("within_noise")] : []),
    ...(onWhy && change !== null ? [t("why")] : []),
  ].join("\n");
  return html`
    <${Change} change=${change} text=${text} spoken=${spoken} mood=${mood}
      title=${title} noise=${isNoise} onPress=${onWhy} />
  `;
}
