// The button that switches between a chart and a table of the same numbers.
import { Icon } from "../layout/icon.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";

/** @param {{ asTable: boolean, onToggle: () => void }} props */
export function TableButton({ asTable, onToggle }) {
  const { t } = useApp();
  return html`
    <button type="button" class="button quiet small" onClick=${onToggle}>
      <${Icon} name=${asTable ? "chart" : "table"} />
      <span>${t(asTable ? "chart_as_chart" : "chart_as_table")}</span>
    </button>
  `;
}
