// The headline numbers of a site, a goal or pages, from the report `query`, one tile each; a click
// shows the metric in the chart. At the end of a site's: its revenue, or else its conversions.
import { Stat } from "../../components/charts/stat.js";
import { MetricChange } from "../../components/report/metric_change.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useCourses } from "../../lib/ask/courses.js";
import { useNoise } from "../../lib/ask/noise.js";
import {
  hasMoney,
  HEADLINES,
  headlineUrl,
  metricsOf,
  MONEY,
  tileLabel,
} from "../../lib/headline.js";
import { html, useEffect } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";
import { metricOf } from "../../lib/state/schema.js";
import { openWhy } from "../../lib/why.js";
import { ComparedWith, missingText } from "./compared_with.js";
import { useSuccess } from "./success.js";

/** @typedef {import("../../lib/headline.js").Kind} Kind */
/** @typedef {import("../../lib/headline.js").Numbers} NumbersRow */
/**
 * @typedef {object} Headline
 * @property {readonly NumbersRow[]} results
 * @property {import("./compared_with.js").Meta} [meta]
 * @property {readonly string[]} [incomplete_dates]
 * @property {string} [behind_since]
 */

/** No more days are named than this. */
const DATES_NAMED_MAX = 5;

/**
 * @typedef {object} NumbersProps
 * @property {Kind} kind
 * @property {string} charted the metric of the chart
 * @property {(hasMoney: boolean) => void} onMoney whether the chosen goal has revenue
 * @property {(metric: string | undefined) => void} onLast the metric of the tile that is not always
 *   there, as `chartedOf` takes it
 */

/**
 * Draws the tiles.
 * @param {NumbersProps} props
 */
export function Numbers({ kind, charted, onMoney, onLast }) {
  const app = useApp();
  const { schema, state } = app;
  const asked = metricsOf(kind);
  /** @type {import("../../lib/ask/answer.js").Answer<Headline>} */
  const answer = useAnswer(headlineUrl(app, kind), { first: true });
  const { fault, stale, retry } = answer;
  const courseOf = useCourses(asked);
  const success = useSuccess(kind === "site");
  const verdicts = useNoise();
  // Number formats come with the schema.
  const data = schema.metrics.length > 0 ? answer.data : null;
  const row = data?.results[0];
  const paid = hasMoney(row?.metrics) || hasMoney(row?.comparison);
  const nothing = kind === "site" && state.filters.length === 0 && !stale &&
    row?.metrics["visitors"] === 0;
  useEffect(() => {
    if (nothing) app.recheckFirstEvent(app.site.site_id);
  }, [nothing, app.site.site_id]);
  useEffect(() => onMoney(kind === "goal" && hasMoney(row?.metrics)), [kind, row]);
  const last = success ? success.tile : row && !stale ? (paid ? MONEY : "") : undefined;
  useEffect(() => onLast(last), [last]);
  if (fault) {
    const onRetry = () => {
      retry();
      success?.retry();
    };
    return html`<${PanelFault} fault=${fault} onRetry=${onRetry} />`;
  }
  // A goal without revenue has no tile of it.
  const shown = HEADLINES[kind].filter(({ metric }) => metric !== MONEY || paid);
  const count = shown.length + (success ? 1 : 0);
  const missing = missingText(data?.meta, app);
  const classes = ["stats"];
  if (data && (stale || success?.stale)) classes.push("stale");
  if (state.compare !== "") classes.push("compared");
  return html`
    <div class=${classes.join(" ")} data-tiles=${count} style=${{ "--tiles": count }}>
      ${shown.map(({ metric, why }) =>
        html`
          <${Tile} key=${metric} metric=${metric} row=${row} missing=${missing}
            course=${courseOf(metric)} verdicts=${verdicts}
            label=${tileLabel(kind, metric, app)} pressed=${metric === charted}
            onWhy=${why ? () => openWhy(app, metric) : undefined}
            onPress=${isCharted(metric, row) ? () => app.navigate({ metric }) : null} />
        `
      )}
      ${success &&
        html`
          <${Success} ...${success} missing=${missing} shown=${charted}
            course=${success.course} />
        `}
    </div>
    <${ComparedWith} meta=${data?.meta} known=${data !== null}
      isEmpty=${row?.comparison?.["visitors"] === 0} />
    ${incomplete(data?.incomplete_dates, app)}
    ${behind(data?.behind_since, app)}
    <p class="visually-hidden" role="status">${stale ? "" : spokenOf(kind, row, app)}</p>
  `;
}

/**
 * The tile of revenue or conversions; without either, for owners the way to the goals.
 * @param {NonNullable<ReturnType<typeof useSuccess>> &
 *   { missing: string, shown: string }} props
 */
function Success({ metric, charted, shown, also, row, isNone, course, verdicts, missing }) {
  const app = useApp();
  const { t } = app;
  const label = metric === "" ? "\u2007" : tileLabel("goal", metric, app);
  if (isNone && app.owner) {
    const onClick = () => app.navigate({ view: "settings", own: { section: "section_goals" } });
    const text = html`<button type="button" class="link" onClick=${onClick}>${
      t("goal_add")
    }</button>`;
    return html`
      <${Stat} metric=${metric} label=${label} text=${text} value=${0}
        pressed=${false}
        onPress=${null} />
    `;
  }
  return html`
    <${Tile} metric=${metric} row=${row} missing=${missing}
      course=${course} verdicts=${verdicts}
      label=${label} pressed=${charted === shown}
      onPress=${row && isCharted(metric, row) ? () => app.navigate({ metric: charted }) : null}
      onWhy=${() => openWhy(app, metric, also)} />
  `;
}

/**
 * Whether the chart can show a metric: numbers, or amounts of either range.
 * @param {string} metric
 * @param {NumbersRow | undefined} row
 */
function isCharted(metric, row) {
  return metric !== MONEY || hasMoney(row?.metrics) || hasMoney(row?.comparison);
}

/**
 * @param {{
 *   metric: string,
 *   label: string,
 *   row: NumbersRow | undefined,
 *   missing: string,
 *   course: readonly number[] | undefined,
 *   pressed: boolean,
 *   verdicts: import("../../lib/ask/noise.js").Verdicts,
 *   onPress: (() => void) | null,
 *   onWhy: (() => void) | undefined,
 * }} props
 */
function Tile({ metric, label, row, missing, course, pressed, verdicts, onPress, onWhy }) {
  const { format, schema } = useApp();
  const shown = metricOf(schema, metric);
  const value = row?.metrics[metric];
  const before = row?.comparison?.[metric];
  // Without visitors there was no rate, so there is no change.
  const known = row?.comparison?.["visitors"] !== 0;
  const change = before === undefined ? null : html`
    <${MetricChange} metric=${shown} change=${known ? row?.change?.[metric] ?? null : null}
      before=${before} missing=${missing} noise=${verdictOf(verdicts, metric)}
      onWhy=${onWhy} />
  `;
  // Currencies are not added up: each has a line.
  const text = Array.isArray(value) && value.length > 1
    ? html`<span class="stat-moneys">${
      value.map((one) => html`<span key=${one.currency}>${format.value("money", [one])}</span>`)
    }</span>`
    : format.value(shown.unit, value ?? null);
  return html`
    <${Stat} metric=${metric} label=${label} change=${change} course=${course}
      value=${typeof value === "number" ? value : null} text=${row ? text : null}
      exact=${row ? format.exact(shown.unit, value ?? null) : undefined}
      pressed=${pressed} onPress=${onPress} />
  `;
}

/**
 * @param {import("../../lib/ask/noise.js").Verdicts} noise
 * @param {string} metric
 */
function verdictOf(noise, metric) {
  return Object.entries(noise).find(([name]) => name === metric)?.[1]?.within_noise;
}

/**
 * The numbers of a site as a screen reader says them.
 * @param {Kind} kind
 * @param {NumbersRow | undefined} row
 * @param {import("../../lib/state/context.js").App} app
 */
function spokenOf(kind, row, { t, format }) {
  if (kind !== "site" || !row) return "";
  const of = (/** @type {string} */ metric) => Number(row.metrics[metric] ?? 0);
  const counted = (/** @type {string} */ metric) => ({
    n: of(metric),
    count: format.count(of(metric)),
  });
  return t("numbers_now", {
    visitors: t("unique_visitors_n", counted("visitors")),
    pageviews: t("pageviews_n", counted("pageviews")),
    bounces: format.percent(of("bounce_rate")),
  });
}

/**
 * Since when events of other servers may be missing, where that is more than a minute.
 * @param {string | undefined} since
 * @param {import("../../lib/state/context.js").App} app
 */
function behind(since, { t }) {
  const n = Math.floor((Date.now() - Date.parse(since ?? "")) / 60_000);
  return n > 0 && html`<p class="muted incomplete" role="status">${t("behind", { n })}</p>`;
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
