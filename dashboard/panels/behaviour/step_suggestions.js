// Steps that the data suggest: the most seen pages and events, one click each.
import { useAnswer } from "../../lib/ask/answer.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { html } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";

/** @typedef {import("../../grammar/steps.js").Step} Step */
/** @typedef {readonly { value: string, visitors: number }[]} Seen */

const PAGES = 4;
const EVENTS = 4;
/** What the editor of steps reads as more than a name. */
const SPECIAL = /[*,[\]\\]/;

/**
 * Whether no values are to come.
 * @param {import("../../lib/ask/answer.js").Answer<Seen>} seen
 */
const isOver = ({ stale, fault }) => !stale || fault !== null;

/** @param {{ steps: readonly Step[], onAdd: (step: Step) => void }} props */
export function StepSuggestions({ steps, onAdd }) {
  const app = useApp();
  const { t, format } = app;
  const seen = (/** @type {string} */ dimension) =>
    reportUrl(app, "values", { dimension, limit: PAGES + EVENTS });
  /** @type {import("../../lib/ask/answer.js").Answer<Seen>} */
  const pages = useAnswer(seen("page"), { last: true });
  /** @type {import("../../lib/ask/answer.js").Answer<Seen>} */
  const events = useAnswer(seen("name"), { last: true });
  const isNew = (/** @type {Step["kind"]} */ kind) => (/** @type {Seen[number]} */ { value }) =>
    !SPECIAL.test(value) && !steps.some((step) => step.kind === kind && step.name === value);
  const offered = [
    ...(pages.data ?? []).filter(isNew("page")).slice(0, PAGES)
      .map((one) => ({ ...one, kind: /** @type {const} */ ("page") })),
    ...(events.data ?? []).filter(({ value }) => value !== "pageview").filter(isNew("event"))
      .slice(0, EVENTS).map((one) => ({ ...one, kind: /** @type {const} */ ("event") })),
  ];
  // The line is there before the answers are: nothing moves when they come.
  if (offered.length === 0 && isOver(pages) && isOver(events)) return null;
  return html`
    <div class="suggested">
      ${offered.length > 0 && html`<span class="muted">${t("funnel_suggested")}</span>`}
      ${offered.map(({ kind, value, visitors }) =>
        html`
          <button key=${`${kind} ${value}`} type="button" class="button small"
            data-suggested=${`${kind}:${value}`}
            title=${t("unique_visitors_n", { n: visitors, count: format.count(visitors) })}
            onClick=${() => onAdd({ kind, name: value, conditions: "" })}>+ ${value}</button>
        `
      )}
    </div>
  `;
}
