// The headline numbers: asks the report `main`, draws one tile for each.
import { Stat } from "../components/stat.js";
import { useAnswer } from "../lib/answer.js";
import { useApp } from "../lib/context.js";
import { html, useEffect } from "../lib/html.js";
import { PanelFault } from "./fault.js";
import { questionOf } from "./question.js";

/** `series`: the name under which the chart can show it, where it can. */
const TILES = /** @type {const} */ ([
  { metric: "unique_visitors", format: "compact", series: "visitors" },
  { metric: "total_pageviews", format: "compact", series: "pageviews" },
  { metric: "pages_per_visit", format: "decimal", series: null },
  { metric: "bounce_rate", format: "percent", series: null },
  { metric: "avg_visit_duration_secs", format: "duration", series: null },
]);

/** @typedef {(typeof TILES)[number]["metric"]} Tile */

/** Draws the tiles. */
export function Numbers() {
  const app = useApp();
  const { t, format, state, go } = app;
  /** @type {import("../lib/answer.js").Answer<Record<Tile, number>>} */
  const { data, fault, stale, retry } = useAnswer(questionOf(app, "main"));
  const nothing = data !== null && !stale && data.unique_visitors === 0;
  useEffect(() => {
    if (nothing) app.doubt(app.site.site_id);
  }, [nothing, app.site.site_id]);
  if (fault) return html`<${PanelFault} fault=${fault} onRetry=${retry} />`;
  const spoken = data && !stale
    ? t("numbers_now", {
      visitors: format.count(data.unique_visitors),
      pageviews: format.count(data.total_pageviews),
      bounces: format.percent(data.bounce_rate),
    })
    : "";
  return html`
    <div class=${stale && data ? "stats stale" : "stats"}>
      ${TILES.map(({ metric, format: kind, series }) =>
        html`
          <${Stat} key=${metric} metric=${metric} label=${t(`metric_${metric}`)}
            value=${data?.[metric] ?? null}
            text=${data ? format[kind](data[metric]) : null}
            exact=${data && kind === "compact" ? format.count(data[metric]) : undefined}
            pressed=${series === state.metric}
            onPress=${series ? () => go({ metric: series }) : null} />
        `
      )}
    </div>
    <p class="unseen" role="status">${spoken}</p>
  `;
}
