// The headline numbers, from the report `main`, one tile each; a click shows the metric in the
// chart.
import { Stat } from "../../components/charts/stat.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect } from "../../lib/html.js";
import { metricOf } from "../../lib/state/schema.js";
import { MetricChange } from "../../components/report/metric_change.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { useCourses } from "../../lib/ask/courses.js";
import { useNoise } from "../../lib/ask/noise.js";
import { openWhy } from "../../lib/why.js";
import { ComparedWith, missingText } from "./compared_with.js";

/** The numbers of `main` by their names there, with the metric each is. */
const TILES = /** @type {const} */ ([
  { name: "unique_visitors", metric: "visitors" },
  { name: "total_pageviews", metric: "pageviews" },
  { name: "pages_per_visit", metric: "views_per_visit" },
  { name: "bounce_rate", metric: "bounce_rate" },
  { name: "avg_visit_duration_secs", metric: "visit_duration" },
]);

/** @typedef {import("../../lib/ask/answers.js").OverviewAnswer} Overview */
/** @typedef {Overview & { readonly incomplete_dates?: readonly string[] }} Main */

/** No more days are named than this. */
const DATES_NAMED_MAX = 5;

/** Draws the tiles. */
export function Numbers() {
  const app = useApp();
  const { t, format, schema, state, navigate } = app;
  /** @type {import("../../lib/ask/answer.js").Answer<Main>} */
  const answer = useAnswer(reportUrl(app, "main", {}, { compare: true }));
  const { fault, stale, retry } = answer;
  const noise = useNoise();
  const courseOf = useCourses(TILES.map(({ metric }) => metric));
  // Number formats come with the schema.
  const data = schema.metrics.length > 0 ? answer.data : null;
  const filtered = state.filters.length > 0;
  const nothing = data !== null && !stale && !filtered && data.unique_visitors === 0;
  useEffect(() => {
    if (nothing) app.recheckFirstEvent(app.site.site_id);
  }, [nothing, app.site.site_id]);
  if (fault) return html`<${PanelFault} fault=${fault} onRetry=${retry} />`;
  const spoken = data && !stale
    ? t("numbers_now", {
      visitors: t("unique_visitors_n", {
        n: data.unique_visitors,
        count: format.count(data.unique_visitors),
      }),
      pageviews: t("pageviews_n", {
        n: data.total_pageviews,
        count: format.count(data.total_pageviews),
      }),
      bounces: format.percent(data.bounce_rate),
    })
    : "";
  const missing = missingText(data?.meta, app);
  const classes = ["stats"];
  if (stale && data) classes.push("stale");
  if (state.compare !== "") classes.push("compared");
  return html`
    <div class=${classes.join(" ")}>
      ${TILES.map(({ name, metric }) => {
        const { unit, better } = metricOf(schema, metric);
        // Without visitors there was no rate, so there is no change.
        const known = data?.comparison && data.comparison.unique_visitors > 0;
        const change = data?.comparison && html`
          <${MetricChange} metric=${{ unit, better }}
            change=${known ? data.change?.[name] ?? null : null}
            before=${data.comparison[name]} missing=${missing} noise=${noise[metric]?.within_noise}
            onWhy=${() => openWhy(app, metric)} />
        `;
        return html`
          <${Stat} key=${name} metric=${name} label=${t(`metric_${name}`)} change=${change}
            value=${data?.[name] ?? null} text=${data ? format.value(unit, data[name]) : null}
            exact=${data ? format.exact(unit, data[name]) : undefined}
            course=${courseOf(metric)}
            pressed=${metric === state.metric} onPress=${() => navigate({ metric })} />
        `;
      })}
    </div>
    <${ComparedWith} meta=${data?.meta} known=${data !== null}
      isEmpty=${data?.comparison?.unique_visitors === 0} />
    ${incomplete(data?.incomplete_dates, app)}
    <p class="visually-hidden" role="status">${spoken}</p>
  `;
}

/**
 * The UTC days of which a file cannot be read; there are none but after damage to the data.
 * @param {readonly string[] | undefined} dates
 * @param {import("../../lib/state/context.js").App} app
 */
function incomplete(dates = [], { t }) {
  if (dates.length === 0) return null;
  const named = dates.slice(0, DATES_NAMED_MAX).join(", ");
  const rest = dates.length - DATES_NAMED_MAX;
  const text = rest > 0 ? `${named} ${t("and_more", { n: rest })}` : named;
  return html`<p class="muted incomplete" role="status">${t("incomplete", { dates: text })}</p>`;
}
