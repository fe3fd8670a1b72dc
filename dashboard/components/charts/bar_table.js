// The rows of a breakdown: name, bar, numbers. A click on a name filters by it; with a modifier key
// it excludes it.
import { html } from "../../lib/html.js";
import { Icon } from "../layout/icon.js";

/**
 * @typedef {object} BarRow
 * @property {string} key
 * @property {unknown} label
 * @property {string} title the whole of it, shown on hover
 * @property {number} share length of the bar, 0…1
 * @property {boolean} pressed whether it is kept already
 * @property {{ href: string, label: string } | null} [link] opens what the row is of
 * @property {readonly { text: unknown, title?: string | undefined }[]} cells
 * @property {Record<string, string | number>} data becomes data-* attributes
 */

/** @typedef {(key: string, exclude: boolean) => void} OnPick */

/**
 * @typedef {object} BarTableProps
 * @property {string} caption for those who do not see the heading
 * @property {string | undefined} name becomes data-breakdown
 * @property {readonly string[]} columns the first is the name's
 * @property {readonly BarRow[]} rows
 * @property {string} hint what pressing a name does
 * @property {OnPick | null} onPick
 */

/** @param {BarTableProps} props */
export function BarTable({ caption, name, columns, rows, hint, onPick }) {
  return html`
    <table class="bars" data-breakdown=${name}>
      <caption class="visually-hidden">${caption}</caption>
      <thead>
        <tr>${columns.map((label) => html`<th key=${label} scope="col">${label}</th>`)}</tr>
      </thead>
      <tbody>
        ${rows.map((row) =>
          html`<${Row} key=${row.key} row=${row} hint=${hint} onPick=${onPick} />`
        )}
      </tbody>
    </table>
  `;
}

/** @param {{ row: BarRow, hint: string, onPick: OnPick | null }} props */
function Row({ row, hint, onPick }) {
  const data = Object.fromEntries(
    Object.entries(row.data).map(([name, value]) => [`data-${name}`, value]),
  );
  const onClick = (/** @type {MouseEvent} */ event) =>
    onPick?.(row.key, event.altKey || event.shiftKey || event.ctrlKey || event.metaKey);
  const name = onPick
    ? html`
      <button type="button" class="bar-label" title=${`${row.title}\n${hint}`}
        aria-pressed=${row.pressed} onClick=${onClick}>${row.label}</button>
    `
    : html`<span class="bar-label" title=${row.title}>${row.label}</span>`;
  const link = row.link && html`
    <a class="row-link" href=${row.link.href} target="_blank" rel="noopener noreferrer"
      aria-label=${row.link.label} title=${row.link.label}><${Icon} name="open" size=${12} /></a>
  `;
  return html`
    <tr ...${data}>
      <th scope="row">
        <i class="bar" style=${{ width: `${Math.max(row.share * 100, 0.5)}%` }} />${name}${link}
      </th>
      ${row.cells.map((cell, index) =>
        html`<td key=${index} title=${cell.title}>${cell.text}</td>`
      )}
    </tr>
  `;
}
