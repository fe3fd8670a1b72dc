// The dashboard of one site: arranges the panels.
import { useApp } from "../lib/state/context.js";
import { html } from "../lib/html.js";
import { Breakdown } from "../panels/overview/breakdown.js";
import { Chart } from "../panels/overview/chart.js";
import { Events } from "../panels/overview/events.js";
import { Heatmap } from "../panels/overview/heatmap.js";
import { BREAKDOWNS } from "../panels/overview/breakdowns.js";
import { Numbers } from "../panels/overview/numbers.js";
import { Lazy } from "./lazy.js";

const loadDetails = () => import("../panels/overview/details_dialog.js");

/** Draws the page. */
export function SitePage() {
  const { t, site, state, navigate } = useApp();
  const draw = (/** @type {import("../panels/overview/breakdowns.js").BreakdownPanel} */ panel) =>
    html`<${Breakdown} key=${panel.id} panel=${panel} />`;
  return html`
    <h1 class="visually-hidden">${t("dashboard_of", { site: site.name || site.site_id })}</h1>
    <section class="panel overview" aria-label=${t("overview")}>
      <${Numbers} />
      <${Chart} />
    </section>
    <div class="breakdowns">
      ${BREAKDOWNS.filter(({ narrow }) => !narrow).map(draw)}
      <${Events} />
      ${BREAKDOWNS.filter(({ narrow }) => narrow).map(draw)}
      <${Heatmap} />
    </div>
    ${state.details !== "" && html`
      <${Lazy} load=${loadDetails} key=${state.details} dimension=${state.details}
        onClose=${() => navigate({ details: "" })} />
    `}
  `;
}
