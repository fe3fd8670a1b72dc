// One site in brief: its name at once; its visitors as a sparkline and a number when the card has
// been near the screen.
import { Icon } from "../../components/layout/icon.js";
import { Sparkline } from "../../components/charts/sparkline.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect, useMemo, useRef } from "../../lib/html.js";
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
 * @property {boolean} near whether it is, or was, near the screen
 * @property {Pick<import("../../lib/state/context.js").App, "t" | "navigate">} app handed down, so
 *   that hundreds of cards do not each follow what changes of the page
 */

/** What has the focus: the link or the pin of a site, which its card takes along where it goes. */
let held = { site: "", isPin: false };

/**
 * The site of the card around what is focused or pressed; "" where it is no link and no pin.
 * @param {EventTarget | Element | null} target
 */
function siteAt(target) {
  const control = target instanceof Element ? target.closest(".site-card a, .site-pin") : null;
  return control?.closest("section")?.dataset["site"] ?? "";
}

/** Notes the focus on a card, and forgets it once anything else is focused or pressed. */
export function useHeldFocus() {
  useEffect(() => {
    const note = (/** @type {Event} */ { type, target }) => {
      const site = siteAt(target);
      if (type !== "focusin" && site !== "") return;
      held = { site, isPin: target instanceof Element && target.matches(".site-pin") };
    };
    document.addEventListener("focusin", note);
    document.addEventListener("pointerdown", note);
    return () => {
      document.removeEventListener("focusin", note);
      document.removeEventListener("pointerdown", note);
      held = { site: "", isPin: false };
    };
  }, []);
}

/**
 * Gives the focus of a card that went to the card of the same site that stayed elsewhere: one that
 * is pinned and unpinned at once never left its old place.
 * @param {string} site
 */
function passFocus(site) {
  if (held.site !== site || document.activeElement !== document.body) return;
  const shown = `.site-block:not([hidden]) [data-site="${CSS.escape(site)}"]`;
  const control = document.querySelector(`${shown} ${held.isPin ? ".site-pin" : "a"}`);
  if (control instanceof HTMLElement) control.focus({ preventScroll: true });
}

export function SiteCard(/** @type {SiteCardProps} */ props) {
  const { site, numbers, failed, stale, pinned, onPin, near, app: { t, navigate } } = props;
  const link = useRef(/** @type {HTMLElement | null} */ (null));
  const pin = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    // This is still in the page while it is taken away.
    const passOn = () => queueMicrotask(() => passFocus(site.site_id));
    if (held.site !== site.site_id) return passOn;
    // The card may still be at its old place, too.
    const { activeElement: at, body } = document;
    if (at !== body && siteAt(at) !== site.site_id) return passOn;
    (held.isPin ? pin : link).current?.focus({ preventScroll: true });
    return passOn;
  }, []);
  // Hundreds of cards are drawn again only where something of theirs has changed.
  return useMemo(() => {
    const onClick = (/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      navigate({ ...DEFAULT_STATE, site: site.site_id });
    };
    const name = siteName(site);
    return html`
      <section class="panel site-card" data-site=${site.site_id}
        aria-busy=${near && !failed && (!numbers || stale)}>
        <h2>
          <a ref=${link} href=${printState({ ...DEFAULT_STATE, site: site.site_id })}
            onClick=${onClick}>${name}</a>
        </h2>
        <button ref=${pin} type="button" class="button quiet square small site-pin"
          aria-pressed=${pinned} aria-label=${t("sites_pin", { site: name })}
          title=${t("sites_pin", {
            site: name,
          })} onClick=${() => onPin(site.site_id)}><${Icon} name="pin" size=${14} /></button>
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
