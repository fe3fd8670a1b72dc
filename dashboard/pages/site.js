// The dashboard of one site: arranges the panels.
import { useApp } from "../lib/state/context.js";
import { html } from "../lib/html.js";
import { Breakdown } from "../panels/overview/breakdown.js";
import { Chart } from "../panels/overview/chart.js";
import { Events } from "../panels/overview/events.js";
import { Heatmap } from "../panels/overview/heatmap.js";
import { BREAKDOWNS } from "../panels/overview/breakdowns.js";
import { Numbers } from "../panels/overview/numbers.js";
import { useAnswer } from "../lib/ask/answer.js";
import { NoiseContext } from "../lib/ask/noise.js";
import { reportUrl } from "../lib/ask/report_url.js";
import { hasMoney, headlineOf, metricsOf, RevenueContext } from "../lib/headline.js";
import { closeWhy, whyOf } from "../lib/why.js";
import { Lazy } from "../components/layout/lazy.js";

/** @typedef {import("../lib/ask/answers.js").ChangesAnswer} ChangesAnswer */

const loadFiltered = () => import("../panels/overview/filtered_numbers.js");
const loadWhy = () => import("../panels/overview/why_dialog.js");
const loadDetails = () => import("../panels/overview/details_dialog.js");

/** Draws the page. */
export function SitePage() {
  const app = useApp();
  const { t, site, state, navigate } = app;
  const why = whyOf(state);
  // Behind all others: it marks what is there already.
  /** @type {import("../lib/ask/answer.js").Answer<ChangesAnswer>} */
  const changes = useAnswer(
    state.compare === "" ? null : reportUrl(app, "changes", {}, { compare: true }),
    { last: true },
  );
  const draw = (/** @type {import("../panels/overview/breakdowns.js").BreakdownPanel} */ panel) =>
    html`<${Breakdown} key=${panel.id} panel=${panel} />`;
  const kind = headlineOf(state.filters);
  /** @type {import("../panels/overview/filtered_numbers.js").FilteredAnswer} */
  const filtered = useAnswer(
    kind === "site"
      ? null
      : reportUrl(app, "query", { metrics: metricsOf(kind).join(",") }, { compare: true }),
  );
  const revenue = kind === "goal" && hasMoney(filtered.data?.results[0]?.metrics);
  return html`
    <${NoiseContext.Provider} value=${changes.stale ? {} : changes.data?.metrics ?? {}}>
      <${RevenueContext.Provider} value=${revenue}>
    <h1 class="visually-hidden">${t("dashboard_of", { site: site.name || site.site_id })}</h1>
    <section class="panel overview" aria-label=${t("overview")}>
      ${kind === "site" ? html`<${Numbers} />` : html`
        <${Lazy} load=${loadFiltered} kind=${kind} answer=${filtered}
          meanwhile=${html`
            <div class="stats" />
            <p class="compared-with" />
          `} />
      `}
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
    ${why && html`
      <${Lazy} load=${loadWhy} key=${`${why.metric} ${why.text}`} metric=${why.metric}
        also=${why.also} onClose=${() => closeWhy(app)} />
    `}
    <//>
    <//>
  `;
}
