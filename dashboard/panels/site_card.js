// One site in a few numbers: its visitors of the last 24 hours as a line and a sum.
import { Sparkline } from "../components/sparkline.js";
import { useAnswer } from "../lib/answer.js";
import { withParams } from "../lib/api.js";
import { useApp } from "../lib/context.js";
import { html } from "../lib/html.js";
import { metricOf } from "../lib/schema.js";
import { DEFAULT_STATE, printState } from "../lib/state.js";
import { MetricChange } from "./change.js";

/** @typedef {{ results: readonly { metrics: { visitors: number } }[] }} Series */

/** @param {{ site: import("../lib/context.js").Site }} props */
export function SiteCard({ site }) {
  const { t, format, schema, go } = useApp();
  const asked = { site_id: site.site_id, period: "24h" };
  /** @type {Series | null} */
  const series = useAnswer(
    withParams("api/stats/query", { ...asked, metrics: "visitors", dimensions: "time" }),
  ).data;
  /** @type {{ data: import("./numbers.js").Main | null }} */
  const { data: main } = useAnswer(
    withParams("api/stats/main", { ...asked, compare: "previous_period" }),
  );
  const onClick = (/** @type {MouseEvent} */ event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go({ ...DEFAULT_STATE, site: site.site_id });
  };
  const name = site.name || site.site_id;
  return html`
    <a class="panel site-card" href=${printState({ ...DEFAULT_STATE, site: site.site_id })}
      onClick=${onClick}>
      <h2>${name}</h2>
      ${name !== site.site_id && html`<p class="muted">${site.site_id}</p>`}
      <${Sparkline} values=${(series?.results ?? []).map(({ metrics }) => metrics.visitors)} />
      <p class="site-card-numbers">
        <b class=${main ? "" : "to-come-text"}>${main && format.compact(main.unique_visitors)}</b>
        <span class="muted">${t("visitors_24h")}</span>
        ${main?.comparison && html`
          <${MetricChange} metric=${metricOf(schema, "visitors")}
            change=${main.change?.unique_visitors ?? null}
            before=${main.comparison.unique_visitors} />
        `}
      </p>
    </a>
  `;
}
