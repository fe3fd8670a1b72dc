// A heatmap as a table: the larger the number, the darker the cell.
import { html } from "../../lib/html.js";

/**
 * @typedef {object} HeatTableProps
 * @property {string} caption
 * @property {readonly string[]} columns
 * @property {readonly { label: string, cells: readonly HeatCell[] }[]} rows
 * @property {number} [every] a column label is shown at each so many columns
 * @property {string} [corner] what the labels of the rows are
 * @property {{ label: string, skip: number }} [above] what the columns after the first ones are
 */

/**
 * `share` is the shade, 0…1; null for an unshaded cell.
 * @typedef {{ share: number | null, text: string, title: string, shown?: boolean }} HeatCell
 */

/** @param {HeatTableProps} props */
export function HeatTable({ caption, columns, rows, every = 1, corner, above }) {
  return html`
    <table class=${corner ? "heat labelled" : "heat"}>
      <caption class="visually-hidden">${caption}</caption>
      <colgroup>
        <col />
        <col span=${columns.length} />
      </colgroup>
      <thead>
        ${above && html`
          <tr>
            <td colspan=${above.skip + 1}></td>
            <th scope="colgroup" colspan=${columns.length - above.skip}>${above.label}</th>
          </tr>
        `}
        <tr>
          ${corner ? html`<th scope="col">${corner}</th>` : html`<td></td>`}
          ${columns.map((label, index) =>
            html`<th key=${index} scope="col"><span class=${
              index % every === 0 ? "" : "visually-hidden"
            }>
            ${label}</span></th>`
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(({ label, cells }) =>
          html`
            <tr key=${label}>
              <th scope="row">${label}</th>
              ${cells.map((cell, index) => html`<${Cell} key=${index} ...${cell} />`)}
            </tr>
          `
        )}
      </tbody>
    </table>
  `;
}

/** @param {HeatCell} props */
function Cell({ share, text, title, shown = false }) {
  const style = share === null ? {} : { "--share": `${Math.round(8 + share * 92)}%` };
  const kind = share === null ? "none" : share > 0.55 ? "much" : "";
  return html`
    <td class=${kind} style=${share === 0 ? {} : style} title=${title}>
      <span class=${shown ? "" : "visually-hidden"}>${text}</span>
    </td>
  `;
}
