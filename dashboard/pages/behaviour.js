// The behaviour page: funnel, retention, flow and sequences.
import { useApp } from "../lib/state/context.js";
import { html, useEffect, useRef } from "../lib/html.js";
import { Flow } from "../panels/behaviour/flow.js";
import { Funnel } from "../panels/behaviour/funnel.js";
import { useViewParams } from "../lib/state/view_params.js";
import { Retention } from "../panels/behaviour/retention.js";
import { Visits } from "../panels/behaviour/visits.js";
import { Sequence } from "../panels/behaviour/sequence.js";

const REPORTS = /** @type {const} */ ([
  { name: "funnel", draw: Funnel },
  { name: "retention", draw: Retention },
  { name: "flow", draw: Flow },
  { name: "sequence", draw: Sequence },
  { name: "visits", draw: Visits },
]);

/** Draws the page. */
export function BehaviourPage() {
  const { t } = useApp();
  const { own, setViewParam } = useViewParams();
  const current = REPORTS.find(({ name }) => name === own["report"]) ?? REPORTS[0];
  const pressed = useRef(/** @type {HTMLElement | null} */ (null));
  // On a phone the row of reports is wider than the page.
  useEffect(() => {
    pressed.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current.name]);
  return html`
    <h1 class="visually-hidden">${t("behaviour")}</h1>
    <div class="pills" role="group" aria-label=${t("behaviour")}>
      ${REPORTS.map(({ name }) =>
        html`
          <button key=${name} type="button" class="pill" aria-pressed=${name === current.name}
            ref=${name === current.name ? pressed : null}
            onClick=${() => setViewParam({ report: name === "funnel" ? "" : name })}>${t(
              name,
            )}</button>
        `
      )}
    </div>
    <div class="stack">
      <${current.draw} key=${current.name} />
    </div>
  `;
}
