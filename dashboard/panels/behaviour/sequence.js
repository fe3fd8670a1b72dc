// The sequence panel: who did one thing after another, with conditions on events in between.
import { Icon } from "../../components/layout/icon.js";
import { Empty, Panel, Skeleton } from "../../components/layout/panel.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { conditionOf } from "../../lib/step_filter.js";
import { html, useState } from "../../lib/html.js";
import { ANYTHING, parseSequence, printSequence } from "../../grammar/sequence.js";
import { Nothing, PanelFault } from "../../components/report/panel_fault.js";
import { useViewParams } from "../../lib/state/view_params.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { MetricChange } from "../../components/report/metric_change.js";
import { ComparedWith } from "../overview/compared_with.js";
import { EMPTY_STEP, SpanFields, StepFields } from "../../components/fields/step_fields.js";
import { ImportedDays } from "../../components/report/imported_days.js";

/** @typedef {import("../../grammar/sequence.js").Link} Link */

/** @typedef {import("../../lib/ask/answers.js").SequenceAnswer} SequenceAnswer */

/** @type {Link} */
const EMPTY_LINK = { ...ANYTHING, step: EMPTY_STEP };

/** @param {readonly Link[]} links */
function areReady(links) {
  return links.length >= 2 &&
    links.every(({ step, without }) => [step, ...without].every(({ name }) => name !== ""));
}

/** Draws the editor and the result. */
export function Sequence() {
  const app = useApp();
  const { t } = app;
  const { own, setViewParam } = useViewParams();
  const text = own["sequence"] ?? "";
  const known = parseSequence(text).value ?? [];
  const [links, setLinks] = useState(
    /** @type {readonly Link[]} */ (known.length > 1 ? known : [EMPTY_LINK, EMPTY_LINK]),
  );
  const change = (/** @type {readonly Link[]} */ changed) => {
    setLinks(changed);
    if (areReady(changed)) setViewParam({ sequence: printSequence(changed) });
  };
  /** @type {import("../../lib/ask/answer.js").Answer<SequenceAnswer>} */
  const { data, fault, stale, retry } = useAnswer(
    known.length < 2
      ? null
      : reportUrl(app, "sequences", { steps: text, detail: "true" }, { compare: true }),
  );
  const body = known.length < 2
    ? html`<${Empty} title=${t("sequence_empty")} hint=${t("sequence_empty_hint")} />`
    : fault
    ? html`<${PanelFault} fault=${fault} onRetry=${retry} />`
    : !data
    ? html`<${Skeleton} rows=${4} />`
    : data.total_visitors === 0
    ? html`<${Nothing} />`
    : html`<${Told} answer=${data} links=${known} />`;
  return html`
    <${Panel} title=${t("sequence")} class="builder">
      <div class="builder-body">
        <ol class="steps">
          ${links.map((link, index) =>
            html`
              <${LinkRow} key=${index} link=${link} index=${index}
                onChange=${(/** @type {Link} */ changed) => change(links.with(index, changed))}
                onRemove=${links.length > 2 ? () => change(links.toSpliced(index, 1)) : null} />
            `
          )}
        </ol>
        <button type="button" class="button quiet small"
          onClick=${() => change([...links, EMPTY_LINK])}>
          <${Icon} name="plus" />${t("step_add")}
        </button>
      </div>
      <//>
      <${Panel} title=${t("sequence_result")} busy=${stale}>
        <${ImportedDays} answer=${data} />
        <div class=${stale && data ? "report-body stale" : "report-body"}>${body}</div>
        <//>
  `;
}

/**
 * @typedef {object} LinkRowProps
 * @property {Link} link
 * @property {number} index
 * @property {(link: Link) => void} onChange
 * @property {(() => void) | null} onRemove
 */

/** @param {LinkRowProps} props */
function LinkRow({ link, index, onChange, onRemove }) {
  const { t } = useApp();
  return html`
    ${index > 0 && html`<${Between} link=${link} onChange=${onChange} />`}
    <li class="step">
      <span class="step-number" aria-hidden="true">${index + 1}</span>
      <${StepFields} step=${link.step} label=${t("step_n", { n: index + 1 })}
        onChange=${(/** @type {import("../../grammar/steps.js").Step} */ step) =>
          onChange({ ...link, step })} />
      <span class="step-tools">
        ${onRemove && html`
          <button type="button" class="button quiet square small"
            aria-label=${t("step_remove", { n: index + 1 })} onClick=${onRemove}>
            <${Icon} name="close" /></button>
        `}
      </span>
    </li>
  `;
}

/** @param {{ link: Link, onChange: (link: Link) => void }} props */
function Between({ link, onChange }) {
  const { t } = useApp();
  const { within, without } = link;
  return html`
    <li class="between">
      <label class="check">
        <input type="checkbox" checked=${within !== null} onChange=${() =>
          onChange({ ...link, within: within ? null : { count: 1, unit: "hour" } })} />
        ${t("sequence_within")}
      </label>
      ${within && html`
        <${SpanFields} label=${t("sequence_within")} span=${within}
          onChange=${(/** @type {import("../../grammar/span.js").Span} */ span) =>
            onChange({ ...link, within: span })} />
      `}
      <label class="check">
        <input type="checkbox" checked=${without.length > 0} onChange=${() =>
          onChange({ ...link, without: without.length > 0 ? [] : [EMPTY_STEP] })} />
        ${t("sequence_without")}
      </label>
      ${without.map((one, index) =>
        html`
          <${StepFields} key=${index} step=${one} label=${t("sequence_without")}
            onChange=${(/** @type {import("../../grammar/steps.js").Step} */ step) =>
              onChange({ ...link, without: without.with(index, step) })} />
        `
      )}
    </li>
  `;
}

/** @param {{ answer: SequenceAnswer, links: readonly Link[] }} props */
function Told({ answer, links }) {
  const { t, format, state, navigate } = useApp();
  // From there they are saved as a segment.
  const show = () => {
    /** @type {import("../../grammar/filter.js").Filter[]} */
    const filters = links.map(({ step }) => ({ op: "has_done", of: [conditionOf(step)] }));
    navigate({ view: "", own: {}, filters: [...state.filters, ...filters] });
  };
  const words = links.map(({ step, within, without }, index) =>
    [
      ...(index > 0 ? [t("sequence_then")] : []),
      step.name,
      ...(index > 0 && within
        ? [t("sequence_words_within", { span: format.span(within.count, within.unit) })]
        : []),
      ...without.flatMap(({ name }) => [t("sequence_words_without"), name]),
    ].join(" ")
  ).join(", ");
  const { comparison } = answer;
  const number = (
    /** @type {"converting_visitors" | "conversion_rate" | "rate_of_began"} */ key,
    /** @type {string} */ label,
  ) => {
    const unit = key === "converting_visitors" ? "count" : "ratio";
    const value = answer[key];
    return html`
      <div class="live-number">
        <span class="live-value">${unit === "count" ? format.count(value) : format.percent(value)}
        </span>
        ${comparison && html`
          <${MetricChange} metric=${{ unit, better: 1 }} change=${answer.change?.[key] ?? null}
            before=${comparison[key]}
            noise=${key === "converting_visitors"
              ? undefined
              : answer.verdicts?.[key]?.within_noise} />
        `}
        <span class="muted">${label}</span>
      </div>
    `;
  };
  return html`
    <p class="sequence-words">${words}</p>
    <${ComparedWith} meta=${answer.meta} known=${true}
      isEmpty=${comparison?.total_visitors === 0} />
    ${answer.beyond_ids && html`<p class="hint">${t("beyond_ids")}</p>`}
    <div class="sequence-numbers">
      ${number("converting_visitors", t("sequence_converting"))}
      ${number("conversion_rate", t("sequence_of_all"))}
      ${number("rate_of_began", t("sequence_of_began"))}
    </div>
    <button type="button" class="button small" onClick=${show}>${t("sequence_show")}</button>
  `;
}
