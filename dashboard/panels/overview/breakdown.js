// One breakdown panel: requests the top rows of the dimension in its selected tab and draws them
// with bars. A click on a row adds a filter.
import { BarTable } from "../../components/charts/bar_table.js";
import { withShare } from "../../components/charts/share.js";
import { Icon } from "../../components/layout/icon.js";
import { Lazy } from "../../components/layout/lazy.js";
import { Panel, Skeleton } from "../../components/layout/panel.js";
import { Tabs } from "../../components/controls/tabs.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";
import { later } from "../../lib/modules.js";
import { metricOf, rowDimensions } from "../../lib/state/schema.js";
import { MetricChange } from "../../components/report/metric_change.js";
import { Nothing, PanelFault } from "../../components/report/panel_fault.js";
import { secondMetricOf } from "./breakdowns.js";
import { labelOfRow } from "../../lib/format/labels.js";
import { isPicked, toggleRow } from "../../lib/toggle_filter.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { isRowNoise, useNoise } from "../../lib/ask/noise.js";
import { useRevenue } from "../../lib/headline.js";
import { openWhy } from "../../lib/why.js";
import { ImportedDays } from "../../components/report/imported_days.js";

/** The tab that shows a map instead of rows. */
const MAP = "map";
const loadMap = later(() => import("./map.js"));
/** The place of the map while its module is loaded. */
const MAP_TO_COME = html`
  <div class="panel-body map" aria-busy="true">
    <div class="world to-come-chart" />
  </div>
`;

/** The value of rows without one. */
const UNKNOWN = "(unknown)";

/** The metric beside the visitors of each row: their share of all visitors. */
const SHARE = "percentage";

/** Rows of a panel. */
export const ROWS = 9;

/** @typedef {import("../../lib/state/schema.js").Dimension} Dimension */
/** @typedef {Record<string, number | null>} Values */

/**
 * @typedef {object} Row
 * @property {readonly string[]} dimensions
 * @property {Values} metrics
 * @property {Values} [comparison]
 * @property {Values} [change]
 */

/** @param {{ panel: import("./breakdowns.js").BreakdownPanel }} props */
export function Breakdown({ panel }) {
  const { t, name, schema, state, navigate } = useApp();
  const dimensions = schema.dimensions.filter((dimension) => panel.takes(dimension));
  const current = dimensions.find((dimension) => state.tabs.includes(dimension.name)) ??
    dimensions[0];
  const tabOf = (/** @type {Dimension} */ dimension) => {
    // Where the panel says the rest, a tab is called by less.
    const key = /** @type {import("../../lib/format/text.js").Key} */ (`tab_${dimension.name}`);
    const short = t(key);
    const label = short === key ? name("dimension", dimension.name) : short;
    return { name: dimension.name, label };
  };
  const onMap = panel.map === true && state.tabs.includes(MAP);
  const apart = dimensions.filter((dimension) => panel.apart?.(dimension));
  const choose = (/** @type {string} */ chosen) => {
    const others = state.tabs.filter((tab) =>
      !dimensions.some((one) => one.name === tab) && !(panel.map && tab === MAP)
    );
    navigate({ tabs: chosen === dimensions[0]?.name ? others : [...others, chosen] });
  };
  const tabs = [
    ...dimensions.filter((one) => !apart.includes(one)).map(tabOf),
    ...(panel.map ? [{ name: MAP, label: t("map") }] : []),
  ];
  const title = t(panel.title);
  const actions = html`
    <${Tabs} label=${title} current=${onMap ? MAP : current?.name ?? ""} onChoose=${choose}
      tabs=${tabs}
      more=${apart.map(tabOf)} moreLabel=${panel.apartTitle ? t(panel.apartTitle) : ""} />
    ${current && html`<${DetailsButton} dimension=${current.name} />`}
  `;
  return html`
    <${Panel} title=${title} actions=${actions} class=${panel.narrow
      ? "breakdown tabbed narrow"
      : "breakdown tabbed"}>
      ${onMap ? html`<${Lazy} load=${loadMap} meanwhile=${MAP_TO_COME} />` : current
        ? html`
          <${Rows} key=${current.name} dimension=${current} narrow=${panel.narrow ?? false}
            name=${current === dimensions[0] ? panel.id : undefined} />
        `
        : html`
          <div class="panel-body">
            <${Skeleton} rows=${ROWS} />
          </div>
        `}
    <//>
  `;
}

/** @param {{ dimension: string }} props */
export function DetailsButton({ dimension }) {
  const { t, name, navigate } = useApp();
  const label = t("details_of", { name: name("dimension", dimension) });
  return html`
    <button type="button" class="button quiet square small" aria-label=${label} title=${label}
      onClick=${() => navigate({ details: dimension })}><${Icon} name="expand" /></button>
  `;
}

/**
 * `also`: filters in addition to those of the page. `name` becomes data-breakdown.
 * @typedef {object} RowsProps
 * @property {Dimension} dimension
 * @property {string} [name]
 * @property {boolean} [narrow] without the second number
 * @property {readonly import("../../grammar/filter.js").Filter[]} [also]
 * @property {string} [without] a value that has no row
 * @property {string} [hint] why there may be nothing
 */

/** @param {RowsProps} props */
export function Rows({ dimension, name: shownName, narrow = false, also = [], without, hint }) {
  const app = useApp();
  const { t, name, format, schema, state, navigate } = app;
  const second = secondMetricOf(dimension);
  const third = useRevenue() ? "total_revenue" : undefined;
  const asked = ["visitors", second, SHARE, ...(third ? [third] : [])].join(",");
  const told = rowDimensions(schema, dimension.name);
  const more = { metrics: asked, dimensions: told.join(","), limit: without ? ROWS + 1 : ROWS };
  /** @type {import("../../lib/ask/answer.js").Answer<{ results: readonly Row[] }>} */
  const { data, fault, stale, retry } = useAnswer(
    reportUrl(app, "query", more, { compare: true, also }),
  );
  const rows = (data?.results ?? []).filter(({ dimensions: [value] }) => value !== without)
    .slice(0, ROWS);
  const most = rows[0]?.metrics["visitors"] ?? 0;
  const compared = rows.some(({ change }) => change);
  // A narrow panel has room for one more number.
  const showsSecond = !narrow || compared;
  const draw = (/** @type {Row} */ { dimensions: values, metrics, comparison, change }) => {
    const [value = ""] = values;
    const { label, text } = labelOfRow(told, values, app);
    const count = metrics["visitors"] ?? 0;
    const other = metrics[second] ?? 0;
    const of = dimension.filter ? toggleRow([], told, values, false) : null;
    const cell = compared
      ? { text: html`<${RowChange} row=${{ metrics, comparison, change }} of=${of} />` }
      : numberCell(other, format);
    const last = moneyCells(third, metrics, app);
    return {
      key: JSON.stringify(values),
      label,
      title: text,
      share: most > 0 ? count / most : 0,
      pressed: isPicked(state.filters, told, values),
      link: pageLink(dimension.name, value, app),
      cells: [visitorsCell(metrics, format), ...(showsSecond ? [cell] : []), ...last],
      data: { value: shownValue(dimension, value), visitors: count, [second]: other },
    };
  };
  const columns = [
    name("dimension", dimension.name),
    name("metric", "visitors"),
    ...(showsSecond ? [compared ? t("change") : name("metric", second)] : []),
    ...(third ? [name("metric", third)] : []),
  ];
  const onPick = (/** @type {string} */ key, /** @type {boolean} */ exclude) =>
    navigate({ filters: toggleRow(state.filters, told, JSON.parse(key), exclude) });
  const body = fault
    ? html`<${PanelFault} fault=${fault} onRetry=${retry} />`
    : !data
    ? html`<${Skeleton} rows=${ROWS} />`
    : rows.length === 0
    ? html`<${Nothing} hint=${state.filters.length > 0 ? undefined : hint} />`
    : html`
      <${BarTable} caption=${columns[0]} name=${shownName} columns=${columns}
        rows=${rows.map(draw)} hint=${t("pick_hint")}
        onPick=${dimension.filter ? onPick : null} />
    `;
  return html`
    <div class=${stale && data ? "panel-body stale" : "panel-body"} aria-busy=${stale}>${body}</div>
    <${ImportedDays} answer=${data} />
  `;
}

/**
 * @param {RowsProps["dimension"]} dimension
 * @param {string} value
 */
function shownValue({ missing }, value) {
  return value === missing ? UNKNOWN : value;
}

/**
 * The cell of a metric of money, where it is shown.
 * @param {string | undefined} metric
 * @param {Values} metrics
 * @param {import("../../lib/state/context.js").App} app
 */
function moneyCells(metric, metrics, { format }) {
  if (metric === undefined) return [];
  const amounts = metrics[metric];
  return [{
    text: format.wholeMoney(Array.isArray(amounts) ? amounts : []),
    title: format.exact("money", amounts ?? null),
  }];
}

/** Dimensions whose values are paths. */
const PATHS = /^((entry|exit)_)?page$/;
/** A site that is a host has pages to open; others are names. */
const HOST = /^[^\s/:]+\.[^\s/:]+$/;

/**
 * The page of a row, to be opened.
 * @param {string} dimension
 * @param {string} value
 * @param {import("../../lib/state/context.js").App} app
 */
function pageLink(dimension, value, { t, site }) {
  if (!PATHS.test(dimension) || !value.startsWith("/") || !HOST.test(site.site_id)) return null;
  return { href: `https://${site.site_id}${value}`, label: t("open_page", { page: value }) };
}

/**
 * The change of a row's visitors; `of` is the row as filters, null where there are none.
 * @param {{
 *   row: Omit<Row, "dimensions">,
 *   of: readonly import("../../grammar/filter.js").Filter[] | null,
 * }} props
 */
export function RowChange({ row: { metrics, comparison, change }, of }) {
  const app = useApp();
  const before = comparison?.["visitors"];
  return html`
    <${MetricChange} metric=${metricOf(app.schema, "visitors")}
      change=${change?.["visitors"] ?? null} before=${before}
      noise=${isRowNoise(useNoise(), metrics["visitors"] ?? 0, before ?? 0)}
      onWhy=${of ? () => openWhy(app, "visitors", of) : undefined} />
  `;
}

/**
 * @param {Values} metrics
 * @param {import("../../lib/format/format.js").Format} format
 */
function visitorsCell({ visitors, [SHARE]: share }, format) {
  const { text, title } = numberCell(visitors ?? 0, format);
  if (share === null || share === undefined) return { text, title };
  return { text: withShare(share, text, format), title };
}

/**
 * @param {number} count
 * @param {import("../../lib/format/format.js").Format} format
 */
function numberCell(count, format) {
  return { text: format.compact(count), title: format.count(count) };
}
