// The dialog that lists the keyboard shortcuts.
import { Dialog } from "../../components/layout/dialog.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";
import { PERIODS } from "../../lib/period.js";

/** @param {{ onClose: () => void }} props */
export function KeyboardDialog({ onClose }) {
  const { t, name } = useApp();
  /** @type {readonly (readonly [readonly string[], string])[]} */
  const rows = [
    ...PERIODS.map((period) => /** @type {const} */ ([[period.key], name("period", period.name)])),
    [["c"], t("period_custom")],
    [["←"], t("key_previous")],
    [["→"], t("key_next")],
    [["x"], t("compare")],
    [["i"], t("interval")],
    [["/"], t("filter_add")],
    [["Esc"], t("key_close")],
    [["Shift", "Enter"], t("key_exclude")],
    [["Tab", "←", "→"], t("key_chart")],
    [["Alt", "↑", "↓"], t("key_step")],
    [["r"], t("realtime")],
    [["b"], t("behaviour")],
    [["0"], t("search_sites")],
    [["1 – 9"], t("key_site_number")],
    [["?"], t("key_help")],
  ];
  return html`
    <${Dialog} title=${t("keyboard")} close=${t("close")} onClose=${onClose} class="wide">
      <dl class="keys">
        ${rows.map(([keys, label]) =>
          html`
            <div key=${label}>
              <dt>${label}</dt>
              <dd>${keys.map((key) =>
                html`<kbd key=${key}>${key.length === 1 ? key.toUpperCase() : key}</kbd>`
              )}</dd>
            </div>
          `
        )}
      </dl>
      <//>
  `;
}
