// The flow as a table: from, to, visits.
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";
import { flowRows } from "../../lib/charts/sankey.js";

/** @typedef {import("../../lib/charts/sankey.js").Place} Place */

/**
 * @typedef {object} FlowTableProps
 * @property {readonly import("../../lib/charts/sankey.js").FlowNode[]} roots
 * @property {number} total
 * @property {number} most places of a step that are named
 * @property {boolean} backwards whether the tree leads from the end to what came before
 * @property {(place: Place) => string} nameOf
 * @property {(place: Place) => (() => void) | null} onPick
 */

/** @param {FlowTableProps} props */
export function FlowTable({ roots, total, most, backwards, nameOf, onPick }) {
  const { t, format } = useApp();
  const place = (/** @type {Place | null} */ one) => {
    if (!one) return html`<span class="muted">–</span>`;
    const pick = onPick(one);
    return pick
      ? html`<button type="button" class="link" onClick=${pick}>${nameOf(one)}</button>`
      : html`<span class=${one.kind === "page" ? "" : "muted"}>${nameOf(one)}</span>`;
  };
  const columns = [t("flow_step"), t("flow_from"), t("flow_to"), t("metric_visits")];
  return html`
    <table class="plain flow-table">
      <caption class="visually-hidden">${t("flow")}</caption>
      <thead>
        <tr>
          ${[...columns, t("flow_share")].map((label) =>
            html`<th key=${label} scope="col">${label}</th>`
          )}
        </tr>
      </thead>
      <tbody>
        ${flowRows(roots, total, most).map(({ x, from, to, count }, index) =>
          html`
            <tr key=${index}>
              <td>${x + 1}</td>
              <td>${place(backwards ? to : from)}</td>
              <td>${place(backwards ? from : to)}</td>
              <td>${format.count(count)}</td>
              <td>${format.percent(count / total)}</td>
            </tr>
          `
        )}
      </tbody>
    </table>
  `;
}
