// What is said below numbers of imported days. Loaded where there are any.
import { Lazy } from "../layout/lazy.js";
import { html } from "../../lib/html.js";
import { later } from "../../lib/modules.js";

const load = later(() => import("./imported_list.js"));

/** @typedef {{ meta?: import("../../lib/charts/imported.js").ImportedMeta }} Answer */

/**
 * Which imported days are not in the numbers of an answer; where a chart stripes those that are,
 * these, too.
 * @param {{ answer: object | null, metric?: string, striped?: boolean }} props
 */
export function ImportedDays({ answer, metric = "visitors", striped = false }) {
  const { meta } = /** @type {Answer} */ (answer ?? {});
  if (!meta?.left_out && !(striped && meta?.imported)) return null;
  return html`
    <${Lazy} load=${load} place="nothing" meta=${meta} metric=${metric}
      striped=${striped} />
  `;
}
