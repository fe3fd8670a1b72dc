// A bar chart with one bar per time step. Screen readers get the numbers as text.
import { html } from "../../lib/html.js";

/** @param {{ label: string, bars: readonly { value: number, title: string }[] }} props */
export function Bars({ label, bars }) {
  const most = Math.max(...bars.map(({ value }) => value), 1);
  return html`
    <ol class="upright" aria-label=${label}>
      ${bars.map(({ value, title }, index) =>
        html`
          <li key=${index} title=${title}>
            <i style=${{ height: `${value === 0 ? 2 : Math.max((value / most) * 100, 5)}%` }}
              class=${value === 0 ? "zero" : ""} /><span class="visually-hidden">${title}</span>
          </li>
        `
      )}
    </ol>
  `;
}
