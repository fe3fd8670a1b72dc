// The dashboard of one site: arranges the panels.
import { useApp } from "../lib/state/context.js";
import { withPageWords } from "../lib/format/words.js";
import { html, useEffect, useState } from "../lib/html.js";
import { arrangementOf, keepArrangement } from "../lib/state/arrangement.js";
import { Breakdown } from "../panels/overview/breakdown.js";
import { Chart } from "../panels/overview/chart.js";
import { Events } from "../panels/overview/events.js";
import { Heatmap } from "../panels/overview/heatmap.js";
import { BREAKDOWNS } from "../panels/overview/breakdowns.js";
import { Numbers } from "../panels/overview/numbers.js";
import { Vitals } from "../panels/overview/vitals.js";
import { whenDrawn } from "../lib/ask/view.js";
import { useAnswer } from "../lib/ask/answer.js";
import { NoiseContext } from "../lib/ask/noise.js";
import { changesUrl, chartedOf, headlineOf, metricsOf, RevenueContext } from "../lib/headline.js";
import { closeWhy, whyOf } from "../lib/why.js";
import { Lazy } from "../components/layout/lazy.js";

/** @typedef {import("../lib/ask/answers.js").ChangesAnswer} ChangesAnswer */

const loadArrange = withPageWords(() => import("./dialogs/arrange.js"));
const loadWhy = withPageWords(() => import("../panels/overview/why_dialog.js"));
const loadDetails = withPageWords(() => import("../panels/overview/details_dialog.js"));

const EVENTS = "events";
const HOURS = "hours";
/** The panels in the order that they have by default. */
const PANELS = [
  ...BREAKDOWNS.filter(({ narrow }) => !narrow).map(({ id }) => id),
  EVENTS,
  ...BREAKDOWNS.filter(({ narrow }) => narrow).map(({ id }) => id),
  HOURS,
];

/** @param {string} id */
function draw(id) {
  if (id === EVENTS) return html`<${Events} key=${id} />`;
  if (id === HOURS) return html`<${Heatmap} key=${id} />`;
  const panel = BREAKDOWNS.find((one) => one.id === id);
  return panel && html`<${Breakdown} key=${id} panel=${panel} />`;
}

/** @param {import("../lib/format/text.js").Translate} t */
function titlesOf(t) {
  return Object.fromEntries([
    ...BREAKDOWNS.map(({ id, title }) => [id, t(title)]),
    [EVENTS, t("events")],
    [HOURS, t("heatmap")],
  ]);
}

/** Whether the page has been whole before. Who comes back to it finds the place where they were. */
let isWhole = performance.getEntriesByType("navigation").some((one) =>
  /** @type {PerformanceNavigationTiming} */ (one).type !== "navigate"
);

/** False until the numbers at the top are drawn for the first time: the rest would delay them. */
function useWhole() {
  const [whole, setWhole] = useState(isWhole);
  useEffect(() => {
    void whenDrawn().then(() => {
      isWhole = true;
      setWhole(true);
    });
  }, []);
  return whole;
}

/** Draws the page. */
export function SitePage() {
  const app = useApp();
  const { t, site, state, navigate } = app;
  const why = whyOf(state);
  const kind = headlineOf(state.filters);
  const whole = useWhole();
  // Behind all others: it marks what is there already.
  /** @type {import("../lib/ask/answer.js").Answer<ChangesAnswer>} */
  const changes = useAnswer(whole ? changesUrl(app, metricsOf(kind)) : null, { last: true });
  const [arrangement, setArrangement] = useState(() => arrangementOf(PANELS));
  const [arranging, setArranging] = useState(false);
  const arrange = (/** @type {import("../lib/state/arrangement.js").Arrangement} */ chosen) => {
    setArrangement(chosen);
    keepArrangement(chosen);
  };
  const [revenue, setRevenue] = useState(false);
  const [last, setLast] = useState(/** @type {string | undefined} */ (undefined));
  const charted = chartedOf(kind, state.metric, last);
  const shown = arrangement.order.filter((id) => !arrangement.hidden.includes(id));
  return html`
    <${NoiseContext.Provider} value=${changes.stale ? {} : changes.data?.metrics ?? {}}>
      <${RevenueContext.Provider} value=${revenue}>
    <h1 class="visually-hidden">${t("dashboard_of", { site: site.name || site.site_id })}</h1>
    <section class="panel overview" aria-label=${t("overview")}>
      <${Numbers} key=${kind} kind=${kind} charted=${charted} onMoney=${setRevenue}
        onLast=${setLast} />
      <${Chart} kind=${kind} charted=${charted} />
    </section>
    <div class=${[
      "breakdowns",
      ...(kind === "goal" ? ["of-goal"] : []),
      ...(whole || shown.length === 0 ? [] : ["later"]),
    ].join(" ")}>
      ${whole && shown.map(draw)}
      ${whole && html`<${Vitals} />`}
    </div>
    <p class="arrange-line">
      <button type="button" class="button quiet small" onClick=${() => setArranging(true)}>
        ${t("panels_arrange")}</button>
    </p>
    ${arranging && html`
      <${Lazy} load=${loadArrange} place="dialog" arrangement=${arrangement} titles=${titlesOf(t)}
        onChange=${arrange} onClose=${() => setArranging(false)} />
    `}
    ${state.details !== "" && html`
      <${Lazy} load=${loadDetails} place="dialog" key=${state.details} dimension=${state.details}
        onClose=${() => navigate({ details: "" })} />
    `}
    ${why && html`
      <${Lazy} load=${loadWhy} place="dialog" key=${`${why.metric} ${why.text}`} metric=${why
        .metric}
        also=${why.also} onClose=${() => closeWhy(app)} />
    `}
    <//>
    <//>
  `;
}
