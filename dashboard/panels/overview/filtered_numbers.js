// The headline of a goal or of pages, from the report `query`, one tile for each metric; a click
// shows the metric in the chart.
import { Stat } from "../../components/charts/stat.js";
import { MetricChange } from "../../components/report/metric_change.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { useCourses } from "../../lib/ask/courses.js";
import { useNoise } from "../../lib/ask/noise.js";
import { hasMoney, metricsOf } from "../../lib/headline.js";
import { html } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";
import { metricOf } from "../../lib/state/schema.js";
import { openWhy } from "../../lib/why.js";
import { ComparedWith, missingText } from "./compared_with.js";

/** @typedef {Record<string, import("../../lib/format/format.js").Value>} Values */
/**
 * @typedef {object} Filtered
 * @property {readonly {
 *   metrics: Values,
 *   comparison?: Values,
 *   change?: Readonly<Record<string, number | null>>,
 * }[]} results
 * @property {import("./compared_with.js").Meta} meta
 */
/** @typedef {import("../../lib/ask/answer.js").Answer<Filtered>} FilteredAnswer */
/** @typedef {Exclude<import("../../lib/headline.js").Kind, "site">} Kind */

/** What a headline about a goal calls its counts. */
const OF_GOALS = /** @type {const} */ ({
  visitors: "goal_unique",
  events: "goal_conversions",
});

/** @param {{ kind: Kind, answer: FilteredAnswer }} props */
export function FilteredPanel({ kind, answer: { data, fault, stale, retry } }) {
  const { state } = useApp();
  const courseOf = useCourses(metricsOf(kind).filter((metric) => metric !== "total_revenue"));
  if (fault) return html`<${PanelFault} fault=${fault} onRetry=${retry} />`;
  const row = data?.results[0];
  const classes = ["stats", "filtered"];
  if (stale && data) classes.push("stale");
  if (state.compare !== "") classes.push("compared");
  // A goal without revenue has no tile of it.
  const metrics = metricsOf(kind).filter((metric) =>
    metric !== "total_revenue" || hasMoney(row?.metrics) || hasMoney(row?.comparison)
  );
  return html`
    <div class=${classes.join(" ")} style=${{ "--tiles": metrics.length }}>
      ${metrics.map((metric) =>
        html`
          <${Tile} key=${metric} kind=${kind} metric=${metric} row=${row} meta=${data?.meta}
            course=${metric === "total_revenue" ? undefined : courseOf(metric)} />
        `
      )}
    </div>
    <${ComparedWith} meta=${data?.meta} known=${data !== null}
      isEmpty=${row?.comparison?.["visitors"] === 0} />
  `;
}

/**
 * @param {{
 *   kind: Kind,
 *   metric: string,
 *   row: Filtered["results"][number] | undefined,
 *   meta: Filtered["meta"] | undefined,
 *   course: readonly number[] | undefined,
 * }} props
 */
function Tile({ kind, metric, row, meta, course }) {
  const app = useApp();
  const { t, name, format, schema, state, navigate } = app;
  const noise = useNoise();
  const shown = metricOf(schema, metric);
  const value = row?.metrics[metric];
  const own = kind === "goal" && (metric === "visitors" || metric === "events")
    ? t(OF_GOALS[metric])
    : name("metric", metric);
  const before = row?.comparison?.[metric];
  const known = before !== undefined && row?.comparison?.["visitors"] !== 0;
  const onWhy = metric === "visitors" || metric === "events" || metric === "pageviews"
    ? () => openWhy(app, metric)
    : undefined;
  const change = before === undefined ? null : html`
    <${MetricChange} metric=${shown} change=${known ? row?.change?.[metric] ?? null : null}
      before=${before} missing=${missingText(meta, app)} noise=${verdictOf(
        noise,
        metric,
      )} onWhy=${onWhy} />
  `;
  const isMoney = shown.unit === "money";
  // Currencies are not added up: each has a line.
  const text = isMoney && Array.isArray(value) && value.length > 1
    ? html`<span class="stat-moneys">${
      value.map((one) => html`<span key=${one.currency}>${format.value("money", [one])}</span>`)
    }</span>`
    : format.value(shown.unit, value ?? null);
  return html`
    <${Stat} metric=${metric} label=${own} change=${change}
      value=${typeof value === "number" ? value : null}
      text=${row ? text : null}
      exact=${row ? format.exact(shown.unit, value ?? null) : undefined}
      course=${course} pressed=${metric === state.metric} onPress=${isMoney
        ? null
        : () => navigate({ metric })} />
  `;
}

/**
 * @param {import("../../lib/ask/noise.js").Verdicts} noise
 * @param {string} metric
 */
function verdictOf(noise, metric) {
  return Object.entries(noise).find(([name]) => name === metric)?.[1]?.within_noise;
}
