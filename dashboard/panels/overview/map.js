// Visitors by country on a map.
import { WorldMap } from "../../components/charts/world_map.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";
import { Nothing, PanelFault } from "../../components/report/panel_fault.js";
import { picked } from "../../lib/toggle_filter.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { ImportedDays } from "../../components/report/imported_days.js";

const COUNTRIES_MAX = 300;
const DIMENSION = "country";

/** @typedef {{ dimensions: readonly [string], metrics: { visitors: number } }} Row */

/** @typedef {import("../../components/charts/world_map.js").World} World */

/** Draws the map. */
export function MapPanel() {
  const app = useApp();
  const { t, format, state, navigate } = app;
  const more = { metrics: "visitors", dimensions: DIMENSION, limit: COUNTRIES_MAX };
  /** @type {import("../../lib/ask/answer.js").Answer<{ results: readonly Row[] }>} */
  const { data, fault, stale, retry } = useAnswer(reportUrl(app, "query", more));
  /** @type {import("../../lib/ask/answer.js").Answer<World>} */
  const world = useAnswer(new URL("../../world.json", import.meta.url).href);
  const counts = Object.fromEntries(
    (data?.results ?? []).map(({ dimensions: [code], metrics }) => [code, metrics.visitors]),
  );
  const most = Math.max(...Object.values(counts), 1);
  const shadeOf = (/** @type {string} */ code) => {
    const count = counts[code];
    if (!count) return null;
    const text = t("visitors_n", { n: count });
    const title = t("colon", { name: format.country(code), text });
    return { share: count / most, title };
  };
  const onPick = (/** @type {string} */ code, /** @type {boolean} */ exclude) =>
    navigate({ filters: picked(state.filters, DIMENSION, code, exclude) });
  const lost = fault ?? world.fault;
  const again = () => {
    if (fault) retry();
    if (world.fault) world.retry();
  };
  const body = lost
    ? html`<${PanelFault} fault=${lost} onRetry=${again} />`
    : !data || !world.data
    ? html`<div class="world to-come-chart" />`
    : data.results.length === 0
    ? html`<${Nothing} />`
    : html`
      <${WorldMap} world=${world.data} label=${t("map_label")} shadeOf=${shadeOf}
        onPick=${onPick} />
    `;
  return html`
    <div class=${stale && data ? "panel-body map stale" : "panel-body map"}
      aria-busy=${stale}>${body}</div>
    <${ImportedDays} answer=${data} />
  `;
}
