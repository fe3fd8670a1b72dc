// The list of imported days below numbers: those that are striped in a chart, and those that are
// missing.
import { importedTexts } from "../../lib/charts/imported_texts.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";

/** @typedef {import("../../lib/charts/imported.js").ImportedMeta} ImportedMeta */

/** @param {{ meta: ImportedMeta, metric: string, striped: boolean }} props */
export function ImportedDaysPanel({ meta, metric, striped }) {
  const { t, format } = useApp();
  const { added, leftOut } = importedTexts(meta, metric, t, format.bucketLong);
  const shown = striped ? added : [];
  if (shown.length + leftOut.length === 0) return null;
  return html`
    <ul class="imported-days muted">
      ${shown.map((text) => html`<li key=${text}><i class="chart-stripes" />${text}</li>`)}
      ${leftOut.map((text) => html`<li key=${text}>${text}</li>`)}
    </ul>
  `;
}
