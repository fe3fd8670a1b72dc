// The dashboard of one site: arranges the panels.
import { useApp } from "../lib/context.js";
import { html } from "../lib/html.js";
import { Breakdown } from "../panels/breakdown.js";
import { Chart } from "../panels/chart.js";
import { BREAKDOWNS } from "../panels/index.js";
import { Numbers } from "../panels/numbers.js";

/** Draws the page. */
export function SitePage() {
  const { t, site } = useApp();
  return html`
    <h1 class="unseen">${t("dashboard_of", { site: site.site_id })}</h1>
    <section class="panel overview">
      <${Numbers} />
      <${Chart} />
    </section>
    <div class="breakdowns">
      ${BREAKDOWNS.map((panel) => html`<${Breakdown} key=${panel.report} panel=${panel} />`)}
    </div>
  `;
}
