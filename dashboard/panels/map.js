// Visitors by country on a map.
import { WorldMap } from "../components/world_map.js";
import { useAnswer } from "../lib/answer.js";
import { useApp } from "../lib/context.js";
import { html } from "../lib/html.js";
import { PanelFault } from "./fault.js";
import { picked } from "./pick.js";
import { questionOf } from "./question.js";

const COUNTRIES_MAX = 300;
const DIMENSION = "country";

/** @typedef {{ dimensions: readonly [string], metrics: { visitors: number } }} Row */

/** Draws the map. */
export function Map() {
  const app = useApp();
  const { t, format, state, go } = app;
  const more = { metrics: "visitors", dimensions: DIMENSION, limit: COUNTRIES_MAX };
  /** @type {import("../lib/answer.js").Answer<{ results: readonly Row[] }>} */
  const { data, fault, stale, retry } = useAnswer(questionOf(app, "query", more));
  /** @type {import("../components/world_map.js").World | null} */
  const world = useAnswer(new URL("../world.json", import.meta.url).href).data;
  const counts = Object.fromEntries(
    (data?.results ?? []).map(({ dimensions: [code], metrics }) => [code, metrics.visitors]),
  );
  const most = Math.max(...Object.values(counts), 1);
  const shadeOf = (/** @type {string} */ code) => {
    const count = counts[code];
    if (!count) return null;
    const title = `${format.country(code)}: ${t("visitors_n", { n: count })}`;
    return { share: count / most, title };
  };
  const onPick = (/** @type {string} */ code, /** @type {boolean} */ exclude) =>
    go({ filters: picked(state.filters, DIMENSION, code, exclude) });
  const body = fault ? html`<${PanelFault} fault=${fault} onRetry=${retry} />` : world && html`
    <${WorldMap} world=${world} label=${t("map_label")} shadeOf=${shadeOf}
      onPick=${onPick} />
  `;
  return html`
    <div class=${stale && data ? "panel-body map stale" : "panel-body map"}>${body}</div>
  `;
}
