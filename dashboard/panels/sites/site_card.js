// One site in brief: its visitors of the last 24 hours as a sparkline and a total.
import { Icon } from "../../components/layout/icon.js";
import { Sparkline } from "../../components/charts/sparkline.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { withParams } from "../../lib/ask/api.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect, useRef, useState } from "../../lib/html.js";
import { metricOf } from "../../lib/state/schema.js";
import { DEFAULT_STATE, printState } from "../../lib/state/state.js";
import { shownHost } from "../../grammar/host_name.js";
import { siteName } from "../../lib/format/site_name.js";
import { MetricChange } from "../../components/report/metric_change.js";

/** @typedef {{ results: readonly { metrics: { visitors: number } }[] }} Series */

/** @typedef {import("../../lib/ask/answers.js").OverviewAnswer} OverviewAnswer */
/** @typedef {import("./sums.js").Sums} Sums */

/**
 * `onSums` is told the numbers when they are known.
 * @typedef {object} SiteCardProps
 * @property {import("../../lib/state/context.js").Site} site
 * @property {string} period
 * @property {boolean} pinned
 * @property {() => void} onPin
 * @property {(sums: Sums) => void} onSums
 */

/** What is scrolled past sooner is not asked for. */
const STAYS_MS = 120;

/** A card that asks for its numbers when it is near the screen, and stays there. */
export function SiteCard(/** @type {SiteCardProps} */ props) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const [near, setNear] = useState(false);
  useEffect(() => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const stop = () => {
      clearTimeout(timer);
      watch.disconnect();
    };
    const watch = new IntersectionObserver(
      (entries) => {
        clearTimeout(timer);
        if (!entries.at(-1)?.isIntersecting) return;
        timer = setTimeout(() => {
          setNear(true);
          stop();
        }, STAYS_MS);
      },
      { rootMargin: "200px" },
    );
    if (place.current) watch.observe(place.current);
    return stop;
  }, []);
  return html`
    <div class="site-card-place" ref=${place}>${near && html`<${Card} ...${props} />`}</div>
  `;
}

/** @param {SiteCardProps} props */
function Card({ site, period, pinned, onPin, onSums }) {
  const { t, format, schema, navigate } = useApp();
  const asked = { site_id: site.site_id, period };
  /** @type {import("../../lib/ask/answer.js").Answer<Series>} */
  const series = useAnswer(
    withParams("api/stats/query", { ...asked, metrics: "visitors", dimensions: "time" }),
  );
  /** @type {import("../../lib/ask/answer.js").Answer<OverviewAnswer>} */
  const sums = useAnswer(withParams("api/stats/main", { ...asked, compare: "previous_period" }));
  const main = sums.data;
  const current = main && !sums.stale ? main : null;
  useEffect(() => {
    if (!current) return;
    const { unique_visitors: visitors, total_pageviews: pageviews } = current;
    onSums({ visitors, pageviews });
  }, [current]);
  const lost = series.fault ?? sums.fault;
  const retry = () => {
    series.retry();
    sums.retry();
  };
  const onClick = (/** @type {MouseEvent} */ event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    navigate({ ...DEFAULT_STATE, site: site.site_id });
  };
  const name = siteName(site);
  const body = lost
    ? html`
      <div class="site-card-fault">
        <p class="muted" role="status">${t("fault_title")}</p>
        <button type="button" class="button small" onClick=${retry}>
          <${Icon} name="retry" />${t("retry")}</button>
      </div>
    `
    : html`
      <${Sparkline} values=${(series.data?.results ?? []).map(({ metrics }) => metrics.visitors)} />
      <p class="site-card-numbers">
        <b class=${main ? "" : "to-come-text"}>${main && format.compact(main.unique_visitors)}</b>
        <span class=${main ? "muted" : "muted not-yet"}>${t("sites_visitors", {
          n: main?.unique_visitors ?? 0,
        })}</span>
        ${main?.comparison && html`
          <${MetricChange} metric=${metricOf(schema, "visitors")}
            change=${main.change?.unique_visitors ?? null}
            before=${main.comparison.unique_visitors} />
        `}
      </p>
    `;
  return html`
    <section class="panel site-card" aria-busy=${!lost && (series.stale || sums.stale)}>
      <h2>
        <a href=${printState({ ...DEFAULT_STATE, site: site.site_id })}
          onClick=${onClick}>${name}</a>
      </h2>
      <button type="button" class="button quiet square small site-pin" aria-pressed=${pinned}
        aria-label=${t("sites_pin", { site: name })} title=${t("sites_pin", { site: name })}
        onClick=${onPin}><${Icon} name="pin" size=${14} /></button>
      ${site.name && html`<p class="muted">${shownHost(site.site_id)}</p>`}
      ${body}
    </section>
  `;
}
