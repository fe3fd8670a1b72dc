// The funnel panel: step editor, saved funnels, and the visitors that reached each step.
import { Empty, Panel, Skeleton } from "../../components/layout/panel.js";
import { ask, sitePath } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect, useState } from "../../lib/html.js";
import { conditionOf } from "../../lib/step_filter.js";
import { parseSpan, printSpan } from "../../grammar/span.js";
import { parseSteps, printStep } from "../../grammar/steps.js";
import { Nothing, PanelFault } from "../../components/report/panel_fault.js";
import { FUNNEL_ORDERS, FunnelChoices } from "../../components/fields/funnel_options.js";
import { useViewParams } from "../../lib/state/view_params.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { areComplete, EMPTY_STEP, StepList } from "../../components/fields/step_fields.js";
import { hasMoney } from "../../lib/headline.js";
import { MetricChange } from "../../components/report/metric_change.js";
import { ComparedWith } from "../overview/compared_with.js";
import { StepSuggestions } from "./step_suggestions.js";
import { refusalOf } from "../../lib/format/refusal.js";
import { ImportedDays } from "../../components/report/imported_days.js";

/** @typedef {import("../../grammar/steps.js").Step} Step */
/** @typedef {{ id: number, name: string, steps: string, window: string, order: string }} Saved */

/** @typedef {import("../../lib/ask/answers.js").FunnelStep} FunnelStep */
/** @typedef {import("../../lib/ask/answers.js").FunnelAnswer} FunnelAnswer */

const WINDOW = "1 day";
/** Pages that are named of those where visitors went instead. */
const WENT_TO_MAX = 5;
const RATE = /** @type {const} */ ({ unit: "ratio", better: 1 });
const VISITORS = /** @type {const} */ ({ unit: "count", better: 1 });

/** @typedef {Record<string, import("../../lib/format/format.js").Value>} Values */
/** @typedef {{ results: readonly { metrics: Values }[] }} Earned */

/** Draws the editor and the result. */
export function Funnel() {
  const app = useApp();
  const { t } = app;
  const { own } = useViewParams();
  const steps = parseSteps(own["steps"] ?? "").value ?? [];
  const params = {
    steps: own["steps"],
    window: own["window"] ?? WINDOW,
    order: own["order"],
    detail: "true",
  };
  /** @type {import("../../lib/ask/answer.js").Answer<FunnelAnswer>} */
  const { data, fault, stale, retry } = useAnswer(
    steps.length === 0 ? null : reportUrl(app, "funnel", params, { compare: true }),
  );
  const body = steps.length === 0
    ? html`<${Empty} title=${t("funnel_empty")} hint=${t("funnel_empty_hint")} />`
    : fault
    ? html`<${PanelFault} fault=${fault} onRetry=${retry} />`
    : !data
    ? html`<${Skeleton} rows=${steps.length * 2} />`
    : !data.steps.some(({ visitors }) => visitors > 0)
    ? html`<${Nothing} />`
    : html`<${Bars} answer=${data} steps=${steps} />`;
  return html`
    <${Panel} title=${t("funnel")} class="builder">
      <${Builder} />
      <//>
      <${Panel} title=${t("funnel_result")} busy=${stale}>
        <${ImportedDays} answer=${data} />
        <div class=${stale && data ? "report-body stale" : "report-body"}>${body}</div>
        <//>
  `;
}

/** The steps, the window, the order, and the saved funnels. */
function Builder() {
  const { own, setViewParam } = useViewParams();
  const known = parseSteps(own["steps"] ?? "").value ?? [];
  const [steps, setSteps] = useState(
    /** @type {readonly Step[]} */ (known.length > 0 ? known : [EMPTY_STEP, EMPTY_STEP]),
  );
  const isEmpty = own["steps"] === undefined;
  useEffect(() => {
    if (isEmpty) setSteps([EMPTY_STEP, EMPTY_STEP]);
  }, [isEmpty]);
  const change = (/** @type {readonly Step[]} */ changed) => {
    setSteps(changed);
    if (changed.length > 0 && areComplete(changed)) {
      setViewParam({ steps: changed.map(printStep).join(",") });
    }
  };
  // The first step without a name, or one more.
  const add = (/** @type {Step} */ step) => {
    const at = steps.findIndex(({ name }) => name.trim() === "");
    const changed = at < 0 ? [...steps, step] : steps.with(at, step);
    setSteps(changed);
    const named = changed.filter(({ name }) => name.trim() !== "");
    setViewParam({ steps: named.map(printStep).join(",") });
  };
  const load = (/** @type {Saved} */ saved) => {
    setSteps(parseSteps(saved.steps).value ?? []);
    setViewParam({ steps: saved.steps, window: saved.window, order: saved.order });
  };
  const window = parseSpan(own["window"] ?? WINDOW).value ?? { count: 1, unit: "day" };
  return html`
    <div class="builder-body">
      <${StepList} steps=${steps} onChange=${change} least=${1} />
      <${StepSuggestions} steps=${steps} onAdd=${add} />
      <${FunnelChoices} span=${window} order=${own["order"] ?? FUNNEL_ORDERS[0]}
        onSpan=${(/** @type {import("../../grammar/span.js").Span} */ span) =>
          setViewParam({ window: printSpan(span) })}
        onOrder=${(/** @type {string} */ order) =>
          setViewParam({ order: order === FUNNEL_ORDERS[0] ? "" : order })} />
      <${SavedFunnels} onLoad=${load} ready=${own["steps"] !== undefined} />
    </div>
  `;
}

/** @param {{ onLoad: (saved: Saved) => void, ready: boolean }} props */
function SavedFunnels({ onLoad, ready }) {
  const { t, site, owner } = useApp();
  const { own } = useViewParams();
  const [name, setName] = useState("");
  const [fault, setFault] = useState("");
  const path = sitePath(site.site_id, "/funnels");
  /** @type {import("../../lib/ask/answer.js").Answer<readonly Saved[]>} */
  const { data, fault: lost, retry, refresh } = useAnswer(path);
  const known = data?.find((saved) => saved.name === name);
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const { steps, window = WINDOW, order = FUNNEL_ORDERS[0] } = own;
    const body = { name, steps, window, order };
    try {
      if (known) await ask(`${path}/${known.id}`, { method: "PATCH", body });
      else await ask(path, { method: "POST", body });
      setName("");
      setFault("");
      refresh();
    } catch (error) {
      setFault(refusalOf(error, t));
    }
  };
  return html`
    <div class="saved">
      <span class="muted">${t("funnels_saved")}</span>
      ${lost && html`
        <span class="fault-line" role="status">${refusalOf(lost, t)}</span>
        <button type="button" class="button small" onClick=${retry}>${t("retry")}</button>
      `}
      ${data?.length === 0 && html`<span class="muted">${t("items_none")}</span>`}
      ${data?.map((saved) =>
        html`
          <button key=${saved.id} type="button" class="button small"
            aria-pressed=${isShown(saved, own)} onClick=${() => {
              setName(saved.name);
              onLoad(saved);
            }}>${saved.name}</button>
        `
      )}
    </div>
    ${owner && ready && html`
      <form class="save-line" onSubmit=${onSubmit}>
        <input class="field small" aria-label=${t("name")} placeholder=${t("funnel_name")} required
          maxlength="200" value=${name}
          onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
            setName(target.value)} />
        <button class="button small">${t(known ? "save_changes" : "save")}</button>
        <span class="fault-line" role="alert">${fault}</span>
      </form>
    `}
  `;
}

/**
 * Whether a saved funnel is the current one.
 * @param {Saved} saved
 * @param {import("../../lib/state/view_params.js").Own} own
 */
function isShown(saved, own) {
  return saved.steps === own["steps"] && saved.window === (own["window"] ?? WINDOW) &&
    saved.order === (own["order"] ?? FUNNEL_ORDERS[0]);
}

/** @param {{ answer: FunnelAnswer, steps: readonly Step[] }} props */
function Bars({ answer, steps }) {
  const app = useApp();
  const { t, format } = app;
  const before = answer.comparison;
  const known = before && before.visitors > 0 && answer.meta?.data_from === undefined;
  return html`
    <p class="funnel-rate">
      <b data-funnel-rate=${answer.conversion_rate}>${format.percent(answer.conversion_rate)}</b>
      ${before && html`
        <${MetricChange} metric=${RATE} before=${before.conversion_rate}
          noise=${answer.verdicts?.at(-1)?.within_noise}
          change=${known ? answer.conversion_rate - before.conversion_rate : null} />
      `}
      <span class="muted">${t("funnel_rate")}</span>
      <${Revenue} steps=${steps} />
    </p>
    <${ComparedWith} meta=${answer.meta} known=${true} isEmpty=${before?.visitors === 0} />
    ${answer.beyond_ids && html`<p class="hint">${t("beyond_ids")}</p>`}
    <ol class="funnel">
      ${answer.steps.map((step, index) =>
        html`
          <${BarStep} key=${index} step=${step} index=${index} steps=${steps}
            noise=${answer.verdicts?.[index - 1]?.within_noise}
            before=${answer.comparison?.steps[index]} known=${known === true}
            left=${answer.steps[index - 1]?.went_to ?? []} />
        `
      )}
    </ol>
  `;
}

/**
 * What the last step earned.
 * @param {{ steps: readonly Step[] }} props
 */
function Revenue({ steps }) {
  const app = useApp();
  const { t, format } = app;
  /** @type {import("../../grammar/filter.js").Filter[]} */
  const also = steps.map((step, at) =>
    at === steps.length - 1
      ? conditionOf(step)
      : { op: /** @type {const} */ ("has_done"), of: [conditionOf(step)] }
  );
  /** @type {import("../../lib/ask/answer.js").Answer<Earned>} */
  const { data } = useAnswer(
    reportUrl(app, "query", { metrics: "total_revenue" }, { also }),
    { last: true },
  );
  const values = data?.results[0]?.metrics;
  if (!hasMoney(values)) return null;
  return html`
    <b data-funnel-revenue="">${format.value("money", values?.["total_revenue"] ?? null)}</b>
    <span class="muted">${t("funnel_revenue")}</span>
  `;
}

/**
 * `left`: the next pages of those who stopped at the previous step.
 * @typedef {object} BarStepProps
 * @property {FunnelStep} step
 * @property {number} index
 * @property {readonly Step[]} steps
 * @property {FunnelStep["went_to"]} left
 * @property {FunnelStep | undefined} before the same step of the earlier range
 * @property {boolean | undefined} noise whether the change of its rate may be chance
 * @property {boolean} known whether that range can be compared with
 */

/** @param {BarStepProps} props */
function BarStep({ step, index, steps, left, before, noise, known }) {
  const { t, format, state, navigate } = useApp();
  const keep = (/** @type {"has_done" | "has_not_done"} */ last) => {
    /** @type {import("../../grammar/filter.js").Filter[]} */
    const filters = steps.slice(0, index + 1).map((one, at) => ({
      op: at === index ? last : "has_done",
      of: [conditionOf(one)],
    }));
    navigate({ view: "", own: {}, filters: [...state.filters, ...filters] });
  };
  return html`
    <li data-step=${index + 1} data-visitors=${step.visitors}>
      ${index > 0 && html`
        <div class="funnel-gap muted">
          <button type="button" class="link" title=${t("funnel_filter_lost")}
            onClick=${() => keep("has_not_done")}>
            ${t("funnel_dropped", {
              n: step.dropped,
              count: format.count(step.dropped),
              share: format.percent(
                step.visitors + step.dropped > 0 ? 1 - step.rate_from_previous : 0,
              ),
            })}
          </button>
          ${step.median_secs !== null &&
            html`<span>${t("funnel_median", { time: format.duration(step.median_secs) })}</span>`}
          <span>${t("funnel_of_previous", {
            share: format.percent(step.rate_from_previous),
          })}</span>
          ${left.length > 0 && html`<${WentTo} rows=${left} dropped=${step.dropped} />`}
        </div>
      `}
      <div class="funnel-step">
        <i style=${{ width: `${Math.max(step.rate_from_first * 100, 0.5)}%` }} />
        <button type="button" class="link" title=${t("funnel_filter_done")}
          onClick=${() => keep("has_done")}>
          <span>${index + 1}</span> ${steps[index]?.name ?? step.name}
        </button>
        <b>${format.count(step.visitors)}</b>
        <span>${format.percent(step.rate_from_first)}</span>
        ${before && index === 0 && html`
          <${MetricChange} metric=${VISITORS} before=${before.visitors}
            change=${known && before.visitors > 0 ? step.visitors / before.visitors - 1 : null} />
        `}
        ${before && index > 0 && html`
          <${MetricChange} metric=${RATE} before=${before.rate_from_first} noise=${noise}
            change=${known ? step.rate_from_first - before.rate_from_first : null} />
        `}
      </div>
    </li>
  `;
}

/**
 * Where those went who came no further: the most frequent pages, and the rest as one.
 * @param {{ rows: FunnelStep["went_to"], dropped: number }} props
 */
function WentTo({ rows, dropped }) {
  const { t, format } = useApp();
  const shown = rows.slice(0, WENT_TO_MAX);
  const others = dropped - shown.reduce((sum, { visitors }) => sum + visitors, 0);
  const share = (/** @type {number} */ visitors) =>
    html`
      <b>${format.count(visitors)}</b>
      <span class="muted">${format.percent(visitors / Math.max(1, dropped))}</span>
    `;
  return html`
    <details class="went-to">
      <summary class="muted">${t("funnel_went_to")}</summary>
      <ul>
        ${shown.map(({ page, visitors }) =>
          html`
            <li key=${page ?? ""} data-went=${visitors}>
              ${page ?? html`<i class="muted">${t("left")}</i>`}${share(visitors)}
            </li>
          `
        )}
        ${others > 0 && html`
          <li data-went=${others}><i class="muted">${t("funnel_others")}</i>${share(others)}</li>
        `}
      </ul>
    </details>
  `;
}
