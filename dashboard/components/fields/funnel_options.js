// The window of a funnel and the order of its steps.
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";
import { SpanFields } from "./step_fields.js";

/** The orders the server supports; the first is the default. */
export const FUNNEL_ORDERS = /** @type {const} */ (["in_order", "any_order", "consecutive"]);

/**
 * @typedef {object} FunnelChoicesProps
 * @property {import("../../grammar/span.js").Span} span
 * @property {string} order
 * @property {(span: import("../../grammar/span.js").Span) => void} onSpan
 * @property {(order: string) => void} onOrder
 */

/** @param {FunnelChoicesProps} props */
export function FunnelChoices({ span, order, onSpan, onOrder }) {
  const { t } = useApp();
  return html`
    <div class="builder-choices">
      <span>${t("funnel_window")}</span>
      <${SpanFields} label=${t("funnel_window")} span=${span} onChange=${onSpan} />
      <select class="field small fit" aria-label=${t("funnel_order")} value=${order}
        onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
          onOrder(target.value)}>
        ${FUNNEL_ORDERS.map((one) =>
          html`<option key=${one} value=${one}>${t(`funnel_${one}`)}</option>`
        )}
      </select>
    </div>
  `;
}
