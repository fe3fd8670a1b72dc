// One headline number: name, value, optional change. A click shows it in the chart.
import { html } from "../../lib/html.js";
import { Sparkline } from "./sparkline.js";

/**
 * @typedef {object} StatProps
 * @property {string} metric the name on the wire
 * @property {string} label
 * @property {unknown} text null while it is not known
 * @property {number | null} value
 * @property {string} [exact] shown on hover
 * @property {unknown} [change]
 * @property {readonly number[] | undefined} [course] the number over the period, on wide screens
 * @property {boolean} pressed
 * @property {(() => void) | null} onPress null where there is no chart of it
 */

/** @param {StatProps} props */
export function Stat({ metric, label, text, value, exact, change, course, pressed, onPress }) {
  const number = html`
    <span class=${text === null ? "stat-value to-come-text" : "stat-value"} title=${exact}
      data-metric=${metric} data-value=${value ?? undefined}>${text ?? "\u2007"}</span>
  `;
  const small = html`
    <span class="stat-course">${course && html`<${Sparkline} values=${course} />`}</span>
  `;
  if (!onPress) {
    return html`
      <div class="stat">
        <span class="stat-label">${label}</span>
        <span class="stat-line">${number}${change}</span>
        ${small}
      </div>
    `;
  }
  // The button covers the tile; a change in it is a button of its own.
  return html`
    <div class=${pressed ? "stat pressed" : "stat"}>
      <button type="button" class="stat-press" aria-pressed=${pressed} onClick=${onPress}>
        <span class="stat-label">${label}</span>
        <span class="visually-hidden">${text}</span>
      </button>
      <span class="stat-line">${number}${change}</span>
      ${small}
    </div>
  `;
}
