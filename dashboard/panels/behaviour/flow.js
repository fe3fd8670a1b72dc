// The flow panel: the paths of visits from a page or from their start, forwards or backwards.
import { NAME_HEIGHT, Sankey } from "../../components/charts/sankey.js";
import { Panel, Skeleton } from "../../components/layout/panel.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html, useState } from "../../lib/html.js";
import { flowOf, withoutLoops } from "../../lib/charts/sankey.js";
import { Nothing, PanelFault } from "../../components/report/panel_fault.js";
import { NotCompared } from "../../components/report/not_compared.js";
import { FlowTable } from "./flow_table.js";
import { useViewParams } from "../../lib/state/view_params.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { TableButton } from "../../components/report/table_button.js";
import { ValueField } from "../../components/fields/value_field.js";
import { ImportedDays } from "../../components/report/imported_days.js";

/** @typedef {import("../../lib/charts/sankey.js").FlowNode} FlowNode */
/** @typedef {import("../../lib/charts/sankey.js").Box} Box */
/** @typedef {import("../../lib/charts/sankey.js").Place} Place */
/** @typedef {import("../../lib/ask/answers.js").FlowAnswer} FlowTree */

/** Below this width the table replaces the diagram. */
const NARROW = "(max-width: 48rem)";

const DEPTH = 3;
/** Boxes per column, besides "end" and "others". */
const BOXES = 7;

/** Draws the options and the flow. */
export function Flow() {
  const app = useApp();
  const { t } = app;
  const { own, setViewParam } = useViewParams();
  const page = own["page"] ?? "";
  const backwards = own["direction"] === "previous";
  const params = { detail: "true", page, direction: own["direction"], depth: DEPTH };
  /** @type {import("../../lib/ask/answer.js").Answer<FlowTree>} */
  const { data, fault, stale, retry } = useAnswer(reportUrl(app, "flow", params));
  const [asTable, setAsTable] = useState(matchMedia(NARROW).matches);
  const actions = html`
    <div class="tabs" role="group" aria-label=${t("flow_direction")}>
      ${/** @type {const} */ (["next", "previous"]).map((name) =>
        html`
          <button key=${name} type="button" class="tab"
            aria-pressed=${backwards === (name === "previous")}
            onClick=${() => setViewParam({ direction: name === "next" ? "" : name })}>
            ${t(`flow_${name}`)}</button>
        `
      )}
    </div>
  `;
  const body = fault
    ? html`<${PanelFault} fault=${fault} onRetry=${retry} />`
    : !data
    ? html`<${Skeleton} rows=${12} />`
    : data.total === 0
    ? html`<${Nothing} />`
    : html`
      <${Drawn} tree=${data} page=${page} backwards=${backwards} asTable=${asTable}
        onPage=${(/** @type {string} */ next) => setViewParam({ page: next })} />
    `;
  return html`
    <${Panel} title=${t("flow")} actions=${actions} busy=${stale}>
      <div class="flow-from">
        <span class="muted">${t(backwards ? "flow_to_page" : "flow_from_page")}</span>
        <${ValueField} dimension="page" single=${true} values=${page === "" ? [] : [page]}
          placeholder=${t(backwards ? "flow_any_end" : "flow_any_start")}
          onChange=${(/** @type {readonly string[]} */ values) =>
            setViewParam({ page: values[0] ?? "" })} />
        <span class="spring" />
        <${TableButton} asTable=${asTable} onToggle=${() => setAsTable(!asTable)} />
      </div>
      <${NotCompared} />
      <${ImportedDays} answer=${data} />
      <div class=${stale && data ? "report-body scroll stale" : "report-body scroll"} tabindex="0"
        role="group" aria-label=${t("flow")}>${body}</div>
      <//>
  `;
}

/**
 * @typedef {object} DrawnProps
 * @property {FlowTree} tree
 * @property {string} page
 * @property {boolean} backwards
 * @property {boolean} asTable
 * @property {(page: string) => void} onPage
 */

/** @param {DrawnProps} props */
function Drawn({ tree, page, backwards, asTable, onPage }) {
  const { t, format } = useApp();
  /** @type {readonly FlowNode[]} */
  const roots = withoutLoops(
    page === ""
      ? tree.children
      : [{ kind: "page", name: page, count: tree.total, children: tree.children }],
  );
  const nameOf = (/** @type {Place} */ { kind, name }) =>
    kind === "end"
      ? t("left")
      : kind === "others"
      ? t("flow_others")
      : kind === "back"
      ? t("flow_back", { page: name ?? "" })
      : name ?? "";
  const onPick = (/** @type {Place} */ box) =>
    box.kind === "page" && box.name !== null && box.name !== page
      ? () => onPage(box.name ?? "")
      : null;
  if (asTable) {
    return html`
      <${FlowTable} roots=${roots} total=${tree.total} most=${BOXES} backwards=${backwards}
        nameOf=${nameOf}
        onPick=${onPick} />
    `;
  }
  const { boxes, bands } = flowOf(roots, tree.total, BOXES, NAME_HEIGHT);
  const wordsOf = (/** @type {Box} */ box) => {
    const visits = t("visits_n", { n: box.count, count: format.count(box.count) });
    const text = `${visits} (${format.percent(box.count / tree.total)})`;
    return {
      name: nameOf(box),
      count: format.compact(box.count),
      title: t("colon", { name: nameOf(box), text }),
    };
  };
  const columns = Math.max(...boxes.map(({ x }) => x), 0) + 1;
  return html`
    <${Sankey} label=${t("flow")} boxes=${boxes} bands=${bands} columns=${columns}
      wordsOf=${wordsOf}
      onPick=${onPick} />
  `;
}
