// A metric over the period, from the report `query`, as a chart or a table, with the owner's
// annotations.
import { Lazy } from "../../components/layout/lazy.js";
import { Icon } from "../../components/layout/icon.js";
import { LineChart } from "../../components/charts/line_chart.js";
import { SeriesTable } from "../../components/charts/series_table.js";
import { currenciesOf, sizeIn } from "../../lib/charts/amounts.js";
import { importedSteps, lacksDays } from "../../lib/charts/imported.js";
import { ImportedDays } from "../../components/report/imported_days.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect, useMemo, useRef, useState } from "../../lib/html.js";
import { withPageWords } from "../../lib/format/words.js";
import { askedOf, tileLabel } from "../../lib/headline.js";
import { addDays, firstOfMonth, lengthOf } from "../../lib/period.js";
import { metricOf } from "../../lib/state/schema.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import {
  daysOf,
  intervalChoices,
  intervalOf,
  noteWidths,
  reportUrl,
} from "../../lib/ask/report_url.js";
import { TableButton } from "../../components/report/table_button.js";

const loadNote = withPageWords(() => import("./note.js"));

/** @typedef {Record<string, import("../../lib/format/format.js").Value>} Values */

/**
 * @typedef {object} Bucket
 * @property {readonly [string]} dimensions its label
 * @property {Values} metrics
 * @property {{ bucket: string } & Values} [comparison]
 */

/** @typedef {import("../../lib/charts/imported.js").ImportedMeta} ImportedMeta */
/** @typedef {{ results: readonly Bucket[], meta?: ImportedMeta & { interval?: string } }} Series */
/** @typedef {{ date: string, text: string }} Note */

/**
 * Draws the chart and its options.
 * @param {{ kind: import("../../lib/headline.js").Kind, charted: string }} props
 */
export function Chart({ kind, charted }) {
  const app = useApp();
  const { schema } = app;
  const [asTable, setAsTable] = useState(false);
  const asked = askedOf(charted);
  const metric = metricOf(schema, asked.metric);
  const { answer, lacks } = useSeries(metric.name, asked.also);
  /** @type {import("../../lib/ask/answer.js").Answer<Note[]>} */
  const notes = useAnswer(
    app.site.site_id === ""
      ? null
      : `api/sites/${encodeURIComponent(app.site.site_id)}/annotations`,
  );
  const { data, fault, stale, retry } = answer;
  const [noted, setNoted] = useState("");
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const closeNote = () => {
    setNoted("");
    /** @type {HTMLElement | null | undefined} */ (box.current?.querySelector(".chart"))?.focus();
  };
  const body = fault
    ? html`<${PanelFault} fault=${fault} onRetry=${retry} />`
    : data === null
    ? html`<div class="chart to-come-chart" />`
    : html`
      <${Drawn} series=${data.results} meta=${data.meta} metric=${metric}
        title=${tileLabel(kind, charted, app)}
        notes=${notes.data ?? []} asTable=${asTable} onNote=${app.owner ? setNoted : undefined} />
      <${ImportedDays} answer=${data} metric=${metric.name} striped=${true} />
    `;
  return html`
    <div ref=${box} class=${stale && data ? "chart-box stale" : "chart-box"}>
      <div class="chart-tools">
        <${Intervals} shown=${stale ? undefined : data?.meta?.interval} lacks=${lacks} />
        <${TableButton} asTable=${asTable} onToggle=${() => setAsTable(!asTable)} />
      </div>
      ${body}
      ${noted !== "" && html`
        <${Lazy} load=${loadNote} date=${noted} onKept=${notes.refresh}
          onClose=${closeNote} />
      `}
    </div>
  `;
}

/**
 * The metric over the period. Where no width is chosen and the usual one leaves imported days out,
 * which have no hours, it is by days, if they are there; `lacks` says that the usual one does.
 * @param {string} metric
 * @param {readonly import("../../grammar/filter.js").Filter[]} also
 */
function useSeries(metric, also) {
  const app = useApp();
  const { interval } = app.state;
  const urlBy = (/** @type {string} */ width) => {
    const more = { metrics: metric, dimensions: "time", interval: width };
    return reportUrl(app, "query", more, { compare: true, also });
  };
  /** @type {import("../../lib/ask/answer.js").Answer<Series>} */
  const usual = useAnswer(urlBy(intervalOf(app.state)));
  const now = usual.stale ? null : usual.data;
  const lacks = now !== null && lacksDays(startsOf(now), now.meta);
  /** @type {import("../../lib/ask/answer.js").Answer<Series>} */
  const byDay = useAnswer(lacks && interval === "" ? urlBy("day") : null);
  // Until the next answer is there, the chart stays what it is.
  const wasByDay = useRef(false);
  if (now) {
    wasByDay.current = lacks && interval === "" && (byDay.data === null || byDay.stale ||
      importedSteps(startsOf(byDay.data), byDay.data.meta, metric).includes(true));
  }
  return { answer: wasByDay.current ? byDay : usual, lacks };
}

/** @param {Series} series */
function startsOf({ results }) {
  return results.map(({ dimensions: [start] }) => start);
}

/**
 * The select of the bucket width.
 * @param {object} props
 * @param {string | undefined} props.shown the width that is drawn
 * @param {boolean} props.lacks whether hours lack some days
 */
function Intervals({ shown, lacks }) {
  const app = useApp();
  const { t, name, schema, state, navigate } = app;
  const { choices, usual } = intervalChoices(app);
  const value = state.interval || (shown ?? usual);
  const all = schema.intervals.filter((one) =>
    choices.includes(one) || one === value || lacks && one === "day"
  );
  useEffect(() => noteWidths(state, { choices: all, value }));
  // Of all time, the server chooses by where the site begins, and hours may lack days.
  const isUsual = (/** @type {string} */ one) =>
    daysOf(app) !== null && one === usual && (one !== "hour" || !all.includes("day"));
  const onChange = (/** @type {{ target: HTMLSelectElement }} */ { target }) =>
    navigate({ interval: isUsual(target.value) ? "" : target.value });
  return html`
    <label class=${schema.intervals.length === 0 ? "select small not-yet" : "select small"}>
      <span class="visually-hidden">${t("interval")}</span>
      <select value=${value} onChange=${onChange}>
        ${all.map((choice) =>
          html`<option key=${choice} value=${choice}>${name("interval", choice)}</option>`
        )}
      </select>
      <${Icon} name="down" size=${12} />
    </label>
  `;
}

/**
 * @typedef {object} DrawnProps
 * @property {readonly Bucket[]} series
 * @property {ImportedMeta} [meta]
 * @property {import("../../lib/state/schema.js").Metric} metric
 * @property {string} title
 * @property {readonly Note[]} notes
 * @property {boolean} asTable
 * @property {((date: string) => void) | undefined} onNote
 */

/** @param {DrawnProps} props */
function Drawn({ series, meta, metric, title, notes, asTable, onNote }) {
  const app = useApp();
  const { t, format, navigate } = app;
  const months = areMonths(series);
  const long = months ? format.month : format.bucketLong;
  const currencies = currenciesOf(series, metric.name);
  const [currency] = currencies;
  const drawn = useMemo(() => ({
    labels: series.map(({ dimensions: [label] }) =>
      months ? format.monthShort(label) : format.bucket(label)
    ),
    values: series.map(({ metrics }) => sizeIn(metrics[metric.name], currency)),
    before: series.some(({ comparison }) => comparison)
      ? series.map(({ comparison }) => sizeIn(comparison?.[metric.name], currency))
      : null,
    marks: notes.flatMap(({ date, text }) => {
      const index = bucketAt(series, date);
      return index < 0 ? [] : [{ index, text }];
    }),
    shaded: importedSteps(startsOf({ results: series }), meta, metric.name),
    formatAxis: axisFormat(currency, metric, format),
  }), [series, meta, metric.name, format, notes]);
  const running = runningOf(series, app);
  const linesOf = (/** @type {Bucket} */ bucket) => pointLines(bucket, metric, long, format);
  const notesAt = (/** @type {number} */ at) =>
    drawn.marks.filter(({ index }) => index === at).map(({ text }) => text);
  if (asTable) {
    const compared = drawn.before !== null;
    return html`
      <${SeriesTable} caption=${t("chart_label", { metric: title })}
        columns=${[t("time"), title, ...(compared ? [t("earlier")] : [])]}
        rows=${series.map((bucket, index) => {
          const [label] = bucket.dimensions;
          const note = notesAt(index).join(", ");
          const [now, before] = linesOf(bucket);
          const cells = compared ? [now?.text ?? "", before?.text ?? "–"] : [now?.text ?? ""];
          return { key: label, label: long(label), note, cells };
        })} />
    `;
  }
  const tipOf = (/** @type {number} */ index) => {
    const bucket = series[index];
    return { title, lines: bucket ? linesOf(bucket) : [], notes: notesAt(index) };
  };
  // The points say all amounts; the line is of one currency.
  const isOne = currencies.length > 1;
  const label = t("chart_label", { metric: isOne ? `${title} (${currency})` : title });
  return html`
    ${isOne && html`<p class="muted chart-currency">${label}</p>`}
    <${LineChart} label=${label} labels=${drawn.labels}
      values=${drawn.values} before=${drawn.before} marks=${drawn.marks} running=${running}
      shaded=${drawn.shaded}
      whole=${metric.unit === "count"} formatAxis=${drawn.formatAxis} tipOf=${tipOf}
      onPick=${onNote &&
        ((/** @type {number} */ index) => onNote(series[index]?.dimensions[0] ?? ""))}
      onZoom=${(/** @type {number} */ first, /** @type {number} */ last) => {
        const range = zoomed(series, first, last);
        if (range) navigate({ range, interval: "" });
      }} />
  `;
}

/**
 * What a point says, of this range and of the earlier one.
 * @param {Bucket} bucket
 * @param {import("../../lib/state/schema.js").Metric} metric
 * @param {(label: string) => string} long
 * @param {import("../../lib/format/format.js").Format} format
 */
function pointLines({ metrics, comparison, dimensions: [label] }, { name, unit }, long, format) {
  const now = { label: long(label), text: format.exact(unit, metrics[name] ?? null) };
  if (!comparison) return [now];
  const text = format.exact(unit, comparison[name] ?? null);
  return [now, { label: long(comparison.bucket), text, muted: true }];
}

/**
 * How the axis writes numbers, or amounts in a currency.
 * @param {string | undefined} currency
 * @param {import("../../lib/state/schema.js").Metric} metric
 * @param {import("../../lib/format/format.js").Format} format
 * @returns {(value: number) => string}
 */
const axisFormat = (currency, { unit }, format) => (value) =>
  currency ? format.wholeMoney([{ currency, value }]) : format.value(unit, value);

/**
 * Whether buckets are months (the first may be partial); false for a single bucket.
 * @param {readonly Bucket[]} series
 */
function areMonths(series) {
  const labels = series.map(({ dimensions: [label] }) => label);
  return labels.length > 1 &&
    labels.slice(labels.length > 2 ? 1 : 0)
      .every((label) => label.length === 10 && label.endsWith("-01"));
}

/**
 * Index of the bucket that contains a day or time; -1 for none.
 * @param {readonly Bucket[]} series
 * @param {string} date
 */
function bucketAt(series, date) {
  const wanted = date.replace("T", " ");
  const [first] = series[0]?.dimensions ?? [""];
  const key = first.length === 10 ? wanted.slice(0, 10) : wanted;
  const next = series.findIndex(({ dimensions: [label] }) => label > key);
  if (next === 0) return -1;
  const at = next < 0 ? series.length - 1 : next - 1;
  const [last] = series.at(-1)?.dimensions ?? [""];
  return next < 0 && last.slice(0, 10) < key.slice(0, 10) && first.length > 10 ? -1 : at;
}

/**
 * Index of the bucket that contains now; the length if none does.
 * @param {readonly Bucket[]} series
 * @param {Pick<import("../../lib/state/context.js").App, "today" | "now" | "state">} app
 */
function runningOf(series, app) {
  const days = daysOf(app);
  if (days && days.to.slice(0, 10) < app.today) return series.length;
  const [first] = series[0]?.dimensions ?? [""];
  const now = first.length > 10 ? app.now : app.today;
  const next = series.findIndex(({ dimensions: [label] }) => label > now);
  return next < 0 ? series.length - 1 : Math.max(next - 1, 0);
}

/**
 * The range of some buckets; null if the start of the next one is unknown.
 * @param {readonly Bucket[]} series
 * @param {number} first
 * @param {number} last
 * @returns {import("../../lib/period.js").Range | null}
 */
function zoomed(series, first, last) {
  const from = series[first]?.dimensions[0] ?? "";
  const end = series[last + 1]?.dimensions[0];
  const to = series[last]?.dimensions[0] ?? "";
  if (from.length > 10) {
    const until = end ?? `${addDays(from.slice(0, 10), 1)} 00:00`;
    return { from: from.replace(" ", "T"), to: until.slice(0, 16).replace(" ", "T") };
  }
  if (end) return { from, to: addDays(end, -1) };
  // The last bucket: as wide as the one before it, or as its month.
  const previous = series[last - 1]?.dimensions[0] ?? to;
  const wide = lengthOf({ from: previous, to }) - 1;
  const until = wide > 7 ? firstOfMonth(to, 1) : addDays(to, Math.max(wide, 1));
  return { from, to: addDays(until, -1) };
}
