// One site in brief: its name at once; its visitors as a sparkline and a number when the card is
// near the screen.
import { Icon } from "../../components/layout/icon.js";
import { Sparkline } from "../../components/charts/sparkline.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect, useMemo, useRef, useState } from "../../lib/html.js";
import { minuteOf } from "../../lib/period.js";
import { metricOf } from "../../lib/state/schema.js";
import { DEFAULT_STATE, printState } from "../../lib/state/state.js";
import { shownHost } from "../../grammar/host_name.js";
import { siteName } from "../../lib/format/site_name.js";
import { MetricChange } from "../../components/report/metric_change.js";

/** @typedef {import("../../lib/ask/answers.js").ShownSite} ShownSite */

/**
 * `numbers` are missing until they are known; `failed` says that they will not come.
 * @typedef {object} SiteCardProps
 * @property {import("../../lib/state/context.js").Site} site
 * @property {ShownSite | undefined} numbers
 * @property {boolean} failed
 * @property {boolean} stale
 * @property {boolean} pinned
 * @property {(id: string) => void} onPin the same function always
 */

/** @type {Map<Element, () => void>} */
const places = new Map();
/** @type {IntersectionObserver | null} */
let watching = null;

/**
 * Calls back once, when an element is near the screen. One observer sees all of them.
 * @param {Element} place
 * @param {() => void} onNear
 */
function whenNear(place, onNear) {
  const watch = watching ??= new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      places.get(target)?.();
      forget(target);
    }
  }, { rootMargin: "400px" });
  const forget = (/** @type {Element} */ target) => {
    watch.unobserve(target);
    places.delete(target);
  };
  places.set(place, onNear);
  watch.observe(place);
  return () => forget(place);
}

export function SiteCard(/** @type {SiteCardProps} */ props) {
  const { site, numbers, failed, stale, pinned, onPin } = props;
  const { t, navigate } = useApp();
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const [near, setNear] = useState(false);
  useEffect(() => place.current ? whenNear(place.current, () => setNear(true)) : undefined, []);
  // Hundreds of cards are drawn again only where something of theirs has changed.
  return useMemo(() => {
    const onClick = (/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      navigate({ ...DEFAULT_STATE, site: site.site_id });
    };
    const name = siteName(site);
    return html`
      <section ref=${place} class="panel site-card" aria-busy=${!failed && (!numbers || stale)}>
        <h2>
          <a href=${printState({ ...DEFAULT_STATE, site: site.site_id })}
            onClick=${onClick}>${name}</a>
        </h2>
        <button type="button" class="button quiet square small site-pin" aria-pressed=${pinned}
          aria-label=${t("sites_pin", { site: name })} title=${t("sites_pin", { site: name })}
          onClick=${() => onPin(site.site_id)}><${Icon} name="pin" size=${14} /></button>
        ${site.name && html`<p class="muted">${shownHost(site.site_id)}</p>`}
        ${near && !failed && html`<${Numbers} numbers=${numbers} zone=${site.timezone} />`}
      </section>
    `;
  }, [site, numbers, failed, stale, pinned, near, t, navigate, onPin]);
}

/** @param {{ numbers: ShownSite | undefined, zone: string | undefined }} props */
function Numbers({ numbers, zone = "UTC" }) {
  const { t, format, schema } = useApp();
  const from = numbers?.data_from;
  const missing = from === undefined ? "" : t("compared_before_data", {
    date: format.day(minuteOf(Date.parse(from), zone).slice(0, 10)),
  });
  return html`
    <${Sparkline} values=${numbers?.series ?? []} />
    <p class="site-card-numbers">
      <b class=${numbers ? "" : "to-come-text"}>${numbers && format.compact(numbers.visitors)}</b>
      <span class=${numbers ? "muted" : "muted not-yet"}>${t("sites_visitors", {
        n: numbers?.visitors ?? 0,
      })}</span>
      ${numbers?.comparison && html`
        <${MetricChange} metric=${metricOf(schema, "visitors")}
          change=${missing === "" ? numbers.change?.visitors ?? null : null}
          before=${numbers.comparison.visitors} missing=${missing} noise=${numbers.within_noise} />
      `}
    </p>
  `;
}
