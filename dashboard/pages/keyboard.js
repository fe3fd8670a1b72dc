// The list of keys, over the page.
import { Dialog } from "../components/dialog.js";
import { html } from "../lib/html.js";
import { PERIODS } from "../lib/period.js";

/**
 * @param {{ t: import("../lib/text.js").Translate, onClose: () => void }} props
 */
export function KeyboardDialog({ t, onClose }) {
  /** @type {readonly (readonly [readonly string[], string])[]} */
  const rows = [
    ...PERIODS.map(({ key, name }) => /** @type {const} */ ([[key], t(`period_${name}`)])),
    [["c"], t("period_custom")],
    [["←"], t("key_previous")],
    [["→"], t("key_next")],
    [["s"], t("key_site")],
    [["1", "9"], t("key_site_number")],
    [["Tab", "←", "→"], t("key_chart")],
    [["Esc"], t("key_close")],
    [["?"], t("key_help")],
  ];
  return html`
    <${Dialog} title=${t("keyboard")} close=${t("close")} onClose=${onClose} class="narrow">
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
