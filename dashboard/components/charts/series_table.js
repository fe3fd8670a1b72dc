// The numbers of a chart as a scrollable table.
import { html } from "../../lib/html.js";

/** @typedef {{ key: string, label: string, note: string, cells: readonly string[] }} SeriesRow */

/**
 * @typedef {object} SeriesTableProps
 * @property {string} caption
 * @property {readonly string[]} columns
 * @property {readonly SeriesRow[]} rows
 */

/** @param {SeriesTableProps} props */
export function SeriesTable({ caption, columns, rows }) {
  return html`
    <div class="chart scroll" tabindex="0" role="region" aria-label=${caption}>
      <table class="plain">
        <caption class="visually-hidden">${caption}</caption>
        <thead>
          <tr>${columns.map((label) => html`<th key=${label} scope="col">${label}</th>`)}</tr>
        </thead>
        <tbody>
          ${rows.map(({ key, label, note, cells }) =>
            html`
              <tr key=${key}>
                <th scope="row">${label}${note && html`
                  <span class="note">${note}</span>
                `}</th>
                ${cells.map((text, index) => html`<td key=${index}>${text}</td>`)}
              </tr>
            `
          )}
        </tbody>
      </table>
    </div>
  `;
}
