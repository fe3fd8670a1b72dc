// The dialog that hides and moves the panels of the overview.
import { Dialog } from "../../components/layout/dialog.js";
import { Icon } from "../../components/layout/icon.js";
import { html } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";

/** @typedef {import("../../lib/state/arrangement.js").Arrangement} Arrangement */

/**
 * @typedef {object} ArrangeProps
 * @property {Arrangement} arrangement
 * @property {Readonly<Record<string, string>>} titles by panel
 * @property {(arrangement: Arrangement) => void} onChange
 * @property {() => void} onClose
 */

/** @param {ArrangeProps} props */
export function ArrangeDialog({ arrangement: { order, hidden }, titles, onChange, onClose }) {
  const { t } = useApp();
  const toggle = (/** @type {string} */ id) =>
    onChange({
      order,
      hidden: hidden.includes(id) ? hidden.filter((one) => one !== id) : [...hidden, id],
    });
  const move = (/** @type {number} */ from, /** @type {number} */ to) => {
    const id = order[from] ?? "";
    onChange({ order: order.toSpliced(from, 1).toSpliced(to, 0, id), hidden });
  };
  return html`
    <${Dialog} title=${t("panels_arrange")} close=${t("close")} onClose=${onClose}>
      <p class="muted">${t("panels_hint")}</p>
      <ul class="arrange">
        ${order.map((id, at) => {
          const panel = titles[id] ?? id;
          const button = (
            /** @type {"panels_up" | "panels_down"} */ key,
            /** @type {number} */ to,
          ) =>
            html`
              <button type="button" class="button quiet square small"
                disabled=${to < 0 || to >= order.length} aria-label=${t(key, { panel })}
                onClick=${(/** @type {MouseEvent} */ event) => {
                  // At the end of the list its button is off, and would lose the focus.
                  if (to === 0 || to === order.length - 1) focusOther(event);
                  move(at, to);
                }}>
                <${Icon} name=${key === "panels_up" ? "up" : "down"} /></button>
            `;
          return html`
            <li key=${id}>
              <label class="check"><input type="checkbox" checked=${!hidden.includes(id)}
                onChange=${() => toggle(id)} />${panel}</label>
              ${button("panels_up", at - 1)}${button("panels_down", at + 1)}
            </li>
          `;
        })}
      </ul>
      <//>
  `;
}

/**
 * Focuses the other button of a line.
 * @param {MouseEvent} event
 */
function focusOther({ currentTarget }) {
  const button = /** @type {HTMLButtonElement} */ (currentTarget);
  for (const other of button.closest("li")?.querySelectorAll("button") ?? []) {
    if (other !== button) other.focus();
  }
}
