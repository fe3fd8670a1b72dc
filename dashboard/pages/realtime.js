// The realtime page: current visitors, pushed by the server.
import { Bars } from "../components/charts/bars.js";
import { useApp } from "../lib/state/context.js";
import { printFilters } from "../grammar/filter.js";
import { html, useEffect } from "../lib/html.js";
import { useLive } from "../lib/ask/live.js";
import { LiveList } from "../panels/realtime/live_list.js";

/** Draws the page. */
export function RealtimePage() {
  const { t, format, site, state, reload } = useApp();
  const { live, lost } = useLive(site.site_id, printFilters(state.filters));
  // A stream gives no reason for its failure: check separately whether the login has expired.
  useEffect(() => {
    if (lost) reload();
  }, [lost]);
  const bars = (live?.per_minute ?? []).map(({ minute, visitors }) => ({
    value: visitors,
    title: t("colon", { name: format.bucket(minute), text: t("visitors_n", { n: visitors }) }),
  }));
  const number = (/** @type {number | undefined} */ value, /** @type {string} */ label) =>
    html`
      <div class="live-number">
        <span class=${value === undefined ? "live-value to-come-text" : "live-value"}
          data-live=${value}>${value === undefined ? "\u2007" : format.count(value)}</span>
        <span class="muted">${label}</span>
      </div>
    `;
  return html`
    <div class="title-line">
      <h1 class="title small">${t("realtime")}</h1>
      <p class="muted" role="status">${lost && t("realtime_lost")}</p>
    </div>
    <section class="panel live" aria-busy=${live === null}>
      <div class="live-numbers" aria-live="polite" aria-atomic="true">
        ${number(live?.visitors_5, t("realtime_5", { n: live?.visitors_5 ?? 0 }))}
        ${number(live?.visitors_30, t("realtime_30", { n: live?.visitors_30 ?? 0 }))}
      </div>
      <div>
        <h2 class="small-title">${t("realtime_minutes")}</h2>
        <${Bars} label=${t("realtime_minutes")} bars=${bars} />
      </div>
    </section>
    <div class="breakdowns">
      <${LiveList} title=${t("pages")} dimension="page" rows=${live?.pages ?? null}
        visitors=${live?.visitors_30 ?? 0} />
      <${LiveList} title=${t("sources")} dimension="source" rows=${live?.sources ?? null}
        visitors=${live?.visitors_30 ?? 0} />
      <${LiveList} title=${t("countries")} dimension="country" rows=${live?.countries ?? null}
        visitors=${live?.visitors_30 ?? 0} />
    </div>
  `;
}
