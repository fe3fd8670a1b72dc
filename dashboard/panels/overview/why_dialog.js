// Why a number changed: whether it may be chance, which values account for it, and the notes of
// those days. A click on a value filters by it.
import { Dialog } from "../../components/layout/dialog.js";
import { Skeleton } from "../../components/layout/panel.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { labelOf } from "../../lib/format/labels.js";
import { filterWords } from "../../lib/format/filter_words.js";
import { html } from "../../lib/html.js";
import { minuteOf } from "../../lib/period.js";
import { useApp } from "../../lib/state/context.js";
import { dimensionOf, metricOf } from "../../lib/state/schema.js";
import { picked } from "../../lib/toggle_filter.js";
import { amountOf, barOf, isEven, signed } from "../../lib/format/why_words.js";
import { withoutWhy } from "../../lib/why.js";
import { missingText } from "./compared_with.js";

/** @typedef {import("../../lib/ask/answers.js").WhyAnswer} WhyAnswer */
/** @typedef {WhyAnswer["results"][number]} WhyRow */
/** @typedef {Metric & import("../../lib/format/why_words.js").Explained} Explained */
/** @typedef {import("../../lib/state/schema.js").Metric} Metric */
/** @typedef {readonly import("../../grammar/filter.js").Filter[]} Filters */

const ROWS = 12;
const COLUMNS = /** @type {const} */ (["why_value", "why_share", "why_difference"]);

/** @typedef {{ metric: string, also: Filters, onClose: () => void }} WhyProps */

/**
 * Nothing where there is no such metric: the page says so.
 * @param {WhyProps} props
 */
export function WhyDialog(props) {
  const isMetric = useApp().schema.metrics.some(({ name }) => name === props.metric);
  return isMetric ? html`<${Why} ...${props} />` : null;
}

/** @param {WhyProps} props */
function Why({ metric: asked, also, onClose }) {
  const app = useApp();
  const { t, name, schema } = app;
  const metric = metricOf(schema, asked);
  /** @type {import("../../lib/ask/answer.js").Answer<WhyAnswer>} */
  const { data, fault, stale, retry } = useAnswer(
    reportUrl(app, "why", { metric: asked, limit: ROWS }, { compare: true, also }),
  );
  const of = also.map((filter) => {
    const { subject, verb, object } = filterWords(filter, app);
    return [...subject, verb, object].join(" ");
  }).join(", ");
  const title = t("why_of", { metric: name("metric", asked) });
  const body = fault
    ? html`<${PanelFault} fault=${fault} onRetry=${retry} />`
    : !data
    ? html`<${Skeleton} rows=${8} />`
    : html`<${Answered} answer=${data} metric=${metric} also=${also} />`;
  return html`
    <${Dialog} title=${of === "" ? title : `${title}, ${of}`} close=${t("close")}
      onClose=${onClose} class="details why">
      <div aria-busy=${stale}>${body}</div>
      <//>
  `;
}

/** @param {{ answer: WhyAnswer, metric: Metric, also: Filters }} props */
function Answered({ answer, metric: shown, also }) {
  const app = useApp();
  const { t } = app;
  const metric = { ...shown, currency: answer.currency };
  const { results, meta } = answer;
  const missing = meta.comparison_range ? missingText(meta, app) : t("compared_with_none");
  if (missing !== "") return html`<p class="why-verdict">${missing}</p>`;
  const isAllNoise = results.length > 0 && results.every(({ within_noise }) => within_noise);
  const isRatio = results.some(({ rate }) => rate !== undefined);
  return html`
    <${Verdict} answer=${answer} metric=${metric} />
    ${isAllNoise && html`<p class="why-all-noise">${t("why_all_noise")}</p>`}
    ${isEven(answer) && html`<p class="why-all-even">${t("why_all_even")}</p>`}
    ${results.length === 0 ? html`<p class="muted">${t("why_none")}</p>` : html`
      <div class="why-rows" tabindex="0" role="region" aria-label=${t("why_share")}>
        <table class="full">
          <thead>
            <tr>
              ${COLUMNS.map((key) => html`<th scope="col" key=${key}>${t(key)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${results.map((row) =>
              html`
                <${Row} key=${`${row.dimension} ${row.value}`} row=${row} metric=${metric}
                  isRatio=${isRatio} also=${also} />
              `
            )}
          </tbody>
        </table>
      </div>
      <p class="muted small">
        ${t("why_hint")}
        ${answer.metric === "conversion_rate" && ` ${t("why_hint_conversion")}`}
      </p>
    `}
    <${Notes} answer=${answer} />
  `;
}

const FINE = { fine: true };

/**
 * The texts of an interval.
 * @param {{ low: number, high: number }} interval
 * @param {Explained} metric
 * @param {Pick<import("../../lib/state/context.js").App, "t" | "format">} app
 */
function boundsOf({ low, high }, metric, app) {
  return { low: signed(metric, low, app, FINE), high: signed(metric, high, app, FINE) };
}

/** @param {{ answer: WhyAnswer, metric: Explained }} props */
function Verdict({ answer: { total }, metric }) {
  const app = useApp();
  const { t, format } = app;
  if (!total) return html`<p>${t("why_unknown")}</p>`;
  const bounds = boundsOf(total, metric, app);
  const text = t("why_total", {
    now: format.exact(metric.unit, amountOf(total.now, metric.currency)),
    before: format.exact(metric.unit, amountOf(total.before, metric.currency)),
  });
  const verdict = t(total.within_noise ? "why_noise" : "why_sure", bounds);
  return html`<p class="why-verdict"><strong>${text}</strong> ${verdict}</p>`;
}

/** @param {{ row: WhyRow, metric: Explained, isRatio: boolean, also: Filters }} props */
function Row({ row, metric, isRatio, also }) {
  const app = useApp();
  const { t, name, format, schema, state, navigate } = app;
  const dimension = dimensionOf(schema, row.dimension);
  const { label, text } = dimension
    ? labelOf(dimension, row.value, app)
    : { label: row.value, text: row.value };
  const onPick = () => {
    const filters = picked([...state.filters, ...also], row.dimension, row.value, false);
    navigate({ filters, ...withoutWhy(state) });
  };
  const shownOf = (/** @type {number | null} */ value) =>
    format.value(metric.unit, amountOf(value, metric.currency));
  const share = row.share === null
    ? "–"
    : `${row.share < 0 ? "\u2212" : ""}${format.percent(Math.abs(row.share))}`;
  const bar = barOf(row.share);
  const parts = isRatio
    ? t(metric.name === "conversion_rate" ? "why_rate_mix_visitors" : "why_rate_mix", {
      rate: signed(metric, row.rate ?? 0, app),
      mix: signed(metric, row.mix ?? 0, app),
    })
    : t("why_even", { share, even: format.percent(row.expected_share) });
  return html`
    <tr data-dimension=${row.dimension} data-value=${row.value}>
      <th scope="row">
        <span class="muted small">${name("dimension", row.dimension)}</span>
        <button type="button" class="link" title=${text} onClick=${onPick}>${label}</button>
      </th>
      <td>
        <i class=${bar.look} aria-hidden="true" style=${{ width: bar.width }} />
        <span>${isRatio ? share : parts}</span>
        ${isRatio && html`<span class="muted small">${parts}</span>`}
      </td>
      <td>
        <span class=${row.within_noise ? "change noise" : "change"}>
          <span class="change-text">${signed(metric, row.difference, app, FINE)}</span>
        </span>
        <span class="muted small">
          ${shownOf(row.before)} → ${shownOf(row.now)}
        </span>
        <span class="muted small">
          ${row.within_noise ? t("within_noise") : t("why_interval", boundsOf(row, metric, app))}
        </span>
      </td>
    </tr>
  `;
}

/** @param {{ answer: WhyAnswer }} props */
function Notes({ answer: { meta } }) {
  const { t, format, site } = useApp();
  /** @type {import("../../lib/ask/answer.js").Answer<readonly { date: string, text: string }[]>} */
  const { data } = useAnswer(`api/sites/${encodeURIComponent(site.site_id)}/annotations`);
  const ranges = [meta.range, ...(meta.comparison_range ? [meta.comparison_range] : [])];
  const zone = meta.range.timezone;
  const isIn = (/** @type {string} */ date) =>
    ranges.some(({ from, to }) =>
      date >= minuteOf(Date.parse(from), zone).slice(0, 10) &&
      date <= minuteOf(Date.parse(to) - 1, zone).slice(0, 10)
    );
  const notes = (data ?? []).filter(({ date }) => isIn(date.slice(0, 10)));
  if (notes.length === 0) return null;
  return html`
    <h3>${t("why_notes")}</h3>
    <ul class="why-notes">
      ${notes.map(({ date, text }) =>
        html`<li key=${date + text}>
        <span class="muted">${format.bucketLong(date)}</span> ${text}
      </li>`
      )}
    </ul>
  `;
}
