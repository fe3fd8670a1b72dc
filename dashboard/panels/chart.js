// The line of visitors or pageviews over the period: asks the report `timeseries`, draws it as a
// chart or, for whoever prefers to read, as a table.
import { Icon } from "../components/icon.js";
import { LineChart } from "../components/line_chart.js";
import { SeriesTable } from "../components/series_table.js";
import { useAnswer } from "../lib/answer.js";
import { useApp } from "../lib/context.js";
import { html, useMemo, useState } from "../lib/html.js";
import { PanelFault } from "./fault.js";
import { questionOf } from "./question.js";

/** @typedef {{ date: string, visitors: number, pageviews: number }} Bucket */

/** Series the report answers. */
const SERIES = /** @type {const} */ (["visitors", "pageviews"]);

/**
 * Index of the bucket that holds now; past the end where none does.
 * @param {readonly Bucket[]} buckets
 * @param {import("../lib/context.js").App} app
 */
function runningOf(buckets, { today, now }) {
  const next = buckets.findIndex(({ date }) => date > (date.length > 10 ? now : today));
  if (next >= 0) return Math.max(next - 1, 0);
  const last = buckets.at(-1)?.date ?? "";
  const runs = last.length > 10 ? last.slice(0, 13) === now.slice(0, 13) : last === today;
  return runs ? buckets.length - 1 : buckets.length;
}

/** Draws the chart. */
export function Chart() {
  const app = useApp();
  const { t, format, state, go } = app;
  const [asTable, setAsTable] = useState(false);
  /** @type {import("../lib/answer.js").Answer<Bucket[]>} */
  const { data, fault, stale, retry } = useAnswer(questionOf(app, "timeseries"));
  const shown = SERIES.find((name) => name === state.metric) ?? "visitors";
  const drawn = useMemo(
    () =>
      data &&
      {
        labels: data.map(({ date }) => format.bucket(date)),
        values: data.map((row) => row[shown]),
      },
    [data, shown, format],
  );
  if (fault) {
    return html`
      <div class="chart-box">
        <${PanelFault} fault=${fault} onRetry=${retry} />
      </div>
    `;
  }
  if (!data || !drawn) {
    return html`
      <div class="chart-box">
        <div class="chart to-come-chart" />
      </div>
    `;
  }
  const linesOf = (/** @type {Bucket} */ bucket) =>
    SERIES.map((name) => ({ label: t(`metric_${name}`), text: format.count(bucket[name]) }));
  const tipOf = (/** @type {number} */ index) => {
    const bucket = data[index] ?? { date: "", visitors: 0, pageviews: 0 };
    return { title: format.bucketLong(bucket.date), lines: linesOf(bucket) };
  };
  const daily = (data[0]?.date.length ?? 0) === 10;
  const onZoom = (/** @type {number} */ first, /** @type {number} */ last) =>
    go({ range: { from: data[first]?.date ?? "", to: data[last]?.date ?? "" } });
  const label = t("chart_label", { metric: t(`metric_${shown}`) });
  return html`
    <div class=${stale ? "chart-box stale" : "chart-box"}>
      <button type="button" class="button quiet chart-switch" onClick=${() => setAsTable(!asTable)}>
        <${Icon} name=${asTable ? "chart" : "table"} />
        <span>${t(asTable ? "chart_as_chart" : "chart_as_table")}</span>
      </button>
      ${asTable
        ? html`
          <${SeriesTable} caption=${label}
            columns=${[t("time"), ...SERIES.map((name) => t(`metric_${name}`))]}
            rows=${data.map((bucket) => ({
              key: bucket.date,
              label: format.bucketLong(bucket.date),
              cells: linesOf(bucket).map(({ text }) => text),
            }))} />
        `
        : html`
          <${LineChart} label=${label} labels=${drawn.labels} values=${drawn.values}
            running=${runningOf(data, app)} whole=${true} formatAxis=${format.compact}
            tipOf=${tipOf} onZoom=${daily ? onZoom : undefined} />
        `}
    </div>
  `;
}
