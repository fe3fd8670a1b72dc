// A list of names and values.
import { html } from "../../lib/html.js";

/** @param {{ rows: readonly (readonly [label: string, value: unknown])[] }} props */
export function Facts({ rows }) {
  return html`
    <dl class="facts">
      ${rows.map(([label, value]) =>
        html`
          <div key=${label}>
            <dt>${label}</dt>
            <dd>${value}</dd>
          </div>
        `
      )}
    </dl>
  `;
}
