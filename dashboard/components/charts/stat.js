// One headline number: name, value, optional change. A click shows it in the chart.
import { html } from "../../lib/html.js";

/**
 * @typedef {object} StatProps
 * @property {string} metric the name on the wire
 * @property {string} label
 * @property {string | null} text null while it is not known
 * @property {number | null} value
 * @property {string} [exact] shown on hover
 * @property {unknown} [change]
 * @property {boolean} pressed
 * @property {(() => void) | null} onPress null where there is no chart of it
 */

/** @param {StatProps} props */
export function Stat({ metric, label, text, value, exact, change, pressed, onPress }) {
  const body = html`
    <span class="stat-label">${label}</span>
    <span class="stat-line">
      <span class=${text === null ? "stat-value to-come-text" : "stat-value"} title=${exact}
        data-metric=${metric} data-value=${value ?? undefined}>${text ?? "\u2007"}</span>
      ${change}
    </span>
  `;
  if (!onPress) return html`<div class="stat">${body}</div>`;
  return html`
    <button type="button" class="stat" aria-pressed=${pressed} onClick=${onPress}>${body}</button>
  `;
}
