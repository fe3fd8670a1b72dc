// A short list of the realtime page: current visitors by one dimension.
import { BarTable } from "../../components/charts/bar_table.js";
import { Empty, Panel, Skeleton } from "../../components/layout/panel.js";
import { useApp } from "../../lib/state/context.js";
import { withShare } from "../../components/charts/share.js";
import { hasValue } from "../../lib/filter_values.js";
import { html } from "../../lib/html.js";
import { dimensionOf } from "../../lib/state/schema.js";
import { labelOf } from "../../lib/format/labels.js";
import { picked } from "../../lib/toggle_filter.js";

const ROWS = 9;

/** @typedef {import("../../lib/ask/live.js").LiveRow} LiveRow */

/**
 * @typedef {object} LiveListProps
 * @property {string} title
 * @property {string} dimension
 * @property {readonly LiveRow[] | null} rows null before the first answer
 * @property {number} visitors all of them
 */

/** @param {LiveListProps} props */
export function LiveList({ title, dimension, rows, visitors: all }) {
  const app = useApp();
  const { t, name, format, schema, state, navigate } = app;
  const row = dimensionOf(schema, dimension);
  const most = rows?.[0]?.visitors ?? 0;
  const draw = (/** @type {import("../../lib/ask/live.js").LiveRow} */ { value, visitors }) => {
    const { label, text } = row ? labelOf(row, value, app) : { label: value, text: value };
    return {
      key: value,
      label,
      title: text,
      pressed: hasValue(state.filters, "is", dimension, value),
      share: most > 0 ? visitors / most : 0,
      cells: [{ text: withShare(visitors / Math.max(1, all), format.count(visitors), format) }],
      data: { value, visitors },
    };
  };
  const onPick = (/** @type {string} */ value, /** @type {boolean} */ exclude) =>
    navigate({ filters: picked(state.filters, dimension, value, exclude) });
  const body = rows === null
    ? html`<${Skeleton} rows=${ROWS} />`
    : rows.length === 0
    ? html`<${Empty} title=${t("realtime_empty")} />`
    : html`
      <${BarTable} caption=${title} hint=${t("pick_hint")} onPick=${onPick}
        columns=${[name("dimension", dimension), name("metric", "visitors")]}
        rows=${rows.slice(0, ROWS).map(draw)} />
    `;
  return html`
    <${Panel} title=${title} class="breakdown narrow">
      <div class="panel-body">${body}</div>
      <//>
  `;
}
