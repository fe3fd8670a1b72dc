// Rows of a breakdown: a name with a bar behind it, and its numbers.
import { html } from "../lib/html.js";

/**
 * @typedef {object} BarRow
 * @property {string} key
 * @property {unknown} label
 * @property {string} title the whole of it, shown on hover
 * @property {number} share length of the bar, 0…1
 * @property {readonly { text: string, title?: string }[]} cells
 * @property {Record<string, string | number>} data becomes data-* attributes
 */

/**
 * @typedef {object} BarTableProps
 * @property {string} caption for those who do not see the heading
 * @property {string} name becomes data-breakdown
 * @property {readonly string[]} columns the first is the name's
 * @property {readonly BarRow[]} rows
 */

/** @param {BarTableProps} props */
export function BarTable({ caption, name, columns, rows }) {
  return html`
    <table class="bars" data-breakdown=${name}>
      <caption class="unseen">${caption}</caption>
      <thead>
        <tr>${columns.map((label) => html`<th key=${label} scope="col">${label}</th>`)}</tr>
      </thead>
      <tbody>${rows.map((row) => html`<${Row} key=${row.key} row=${row} />`)}</tbody>
    </table>
  `;
}

/** @param {{ row: BarRow }} props */
function Row({ row }) {
  const data = Object.fromEntries(
    Object.entries(row.data).map(([name, value]) => [`data-${name}`, value]),
  );
  return html`
    <tr ...${data}>
      <th scope="row">
        <i class="bar" style=${{ width: `${Math.max(row.share * 100, 0.5)}%` }} />
        <span class="bar-label" title=${row.title}>${row.label}</span>
      </th>
      ${row.cells.map((cell, index) =>
        html`<td key=${index} title=${cell.title}>${cell.text}</td>`
      )}
    </tr>
  `;
}
