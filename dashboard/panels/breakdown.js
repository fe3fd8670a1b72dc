// One breakdown: asks for the first rows by one dimension, draws them with bars.
import { BarTable } from "../components/bar_table.js";
import { Empty, Panel, RowsToCome } from "../components/panel.js";
import { useAnswer } from "../lib/answer.js";
import { useApp } from "../lib/context.js";
import { html } from "../lib/html.js";
import { PanelFault } from "./fault.js";
import { labelOf } from "./labels.js";
import { questionOf } from "./question.js";

/** Rows a panel has room for. */
export const ROWS = 9;

/** @typedef {{ value: string, visitors: number, pageviews: number }} Row */

/** @param {{ panel: import("./index.js").BreakdownPanel }} props */
export function Breakdown({ panel }) {
  const app = useApp();
  const { t, format } = app;
  /** @type {import("../lib/answer.js").Answer<Row[]>} */
  const { data, fault, stale, retry } = useAnswer(
    questionOf(app, `breakdown/${panel.report}`, { limit: ROWS }),
  );
  const most = data?.[0]?.visitors ?? 0;
  const draw = (/** @type {Row} */ { value, visitors, pageviews }) => {
    const { label, text } = labelOf(panel.report, value, app);
    return {
      key: value,
      label,
      title: text,
      share: most > 0 ? visitors / most : 0,
      cells: [
        { text: format.compact(visitors), title: format.count(visitors) },
        { text: format.compact(pageviews), title: format.count(pageviews) },
      ],
      data: { value, visitors, pageviews },
    };
  };
  const title = t(panel.title);
  const body = fault
    ? html`<${PanelFault} fault=${fault} onRetry=${retry} />`
    : !data
    ? html`<${RowsToCome} rows=${ROWS} />`
    : data.length === 0
    ? html`<${Empty} title=${t("empty_breakdown")} hint=${t("empty_breakdown_hint")} />`
    : html`
      <${BarTable} caption=${title} name=${panel.report} rows=${data.map(draw)}
        columns=${[t(panel.column), t("metric_visitors"), t("metric_pageviews")]} />
    `;
  return html`
    <${Panel} title=${title} busy=${stale} class="breakdown">
      <div class=${stale && data ? "panel-body stale" : "panel-body"}>${body}</div>
      <//>
  `;
}
