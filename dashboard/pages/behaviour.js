// What visitors do one after another: funnel, retention, flow and sequences.
import { useApp } from "../lib/context.js";
import { html } from "../lib/html.js";
import { Flow } from "../panels/flow.js";
import { Funnel } from "../panels/funnel.js";
import { useOwn } from "../panels/own.js";
import { Retention } from "../panels/retention.js";
import { Sequence } from "../panels/sequence.js";

const REPORTS = /** @type {const} */ ([
  { name: "funnel", draw: Funnel },
  { name: "retention", draw: Retention },
  { name: "flow", draw: Flow },
  { name: "sequence", draw: Sequence },
]);

/** Draws the page. */
export function BehaviourPage() {
  const { t } = useApp();
  const { own, put } = useOwn();
  const current = REPORTS.find(({ name }) => name === own["report"]) ?? REPORTS[0];
  return html`
    <h1 class="unseen">${t("behaviour")}</h1>
    <div class="pills" role="group" aria-label=${t("behaviour")}>
      ${REPORTS.map(({ name }) =>
        html`
          <button key=${name} type="button" class="pill" aria-pressed=${name === current.name}
            onClick=${() => put({ report: name === "funnel" ? "" : name })}>${t(name)}</button>
        `
      )}
    </div>
    <div class="stack">
      <${current.draw} key=${current.name} />
    </div>
  `;
}
