// The saved funnels of a site and their editor.
import { FUNNEL_ORDERS, FunnelChoices } from "../../../components/fields/funnel_options.js";
import { TextField } from "../../../components/fields/item_form.js";
import { areComplete, EMPTY_STEP, StepList } from "../../../components/fields/step_fields.js";
import { html, useState } from "../../../lib/html.js";
import { useApp } from "../../../lib/state/context.js";
import { parseSpan, printSpan } from "../../../grammar/span.js";
import { parseSteps, printStep } from "../../../grammar/steps.js";
import { ItemsPanel, sameBody } from "./items_panel.js";

/** @typedef {import("./items_panel.js").Item} Item */
/** @typedef {import("../../../components/fields/item_form.js").Values} Values */
/** @typedef {import("../../../components/fields/item_form.js").Put} Put */

/** Saved funnels. */
export function SavedFunnels() {
  const { t } = useApp();
  const wordsOf = (/** @type {Item} */ { name = "", steps }) => ({
    title: name,
    detail: (parseSteps(String(steps)).value ?? []).map((step) => step.name).join(" → "),
  });
  const valuesOf = (/** @type {Item} */ { name = "", steps, window, order }) => ({
    name,
    steps: String(steps),
    window: String(window),
    order: String(order),
  });
  const fields = (/** @type {Values} */ values, /** @type {Put} */ put) =>
    html`<${FunnelFields} values=${values} put=${put} />`;
  return html`
    <${ItemsPanel} kind="funnels" title=${t("funnels_saved")} hint=${t("funnels_hint")}
      fields=${fields} valuesOf=${valuesOf} wordsOf=${wordsOf}
      bodyOf=${sameBody} />
  `;
}

/**
 * The fields of a funnel. Incomplete steps are kept here only.
 * @param {{ values: Values, put: Put }} props
 */
function FunnelFields({ values, put }) {
  const { t } = useApp();
  const [steps, setSteps] = useState(
    /** @type {readonly import("../../../grammar/steps.js").Step[]} */ (parseSteps(
      values["steps"] ?? "",
    ).value ?? []),
  );
  const change = (/** @type {typeof steps} */ changed) => {
    setSteps(changed);
    put("steps", areComplete(changed) ? changed.map(printStep).join(",") : "");
  };
  return html`
    <${TextField} label=${t("name")} name="name" values=${values} put=${put} />
    <div class="wide-field">
      <${StepList} steps=${steps.length > 0 ? steps : [EMPTY_STEP]} onChange=${change}
        least=${1} />
    </div>
    <${FunnelChoices} span=${parseSpan(values["window"] ?? "").value ?? { count: 1, unit: "day" }}
      order=${values["order"] ?? FUNNEL_ORDERS[0]}
      onSpan=${(/** @type {import("../../../grammar/span.js").Span} */ span) =>
        put("window", printSpan(span))}
      onOrder=${(/** @type {string} */ order) => put("order", order)} />
  `;
}
