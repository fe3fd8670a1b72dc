// The overview of all sites: searched, sorted, pinned, over one period, with their total.
import { Icon } from "../components/layout/icon.js";
import { eventsOf, useApp } from "../lib/state/context.js";
import { PanelFault } from "../components/report/panel_fault.js";
import { useAnswer } from "../lib/ask/answer.js";
import { withParams } from "../lib/ask/api.js";
import { html, useCallback, useMemo, useState } from "../lib/html.js";
import { preference, setPreference } from "../lib/state/preferences.js";
import { siteName } from "../lib/format/site_name.js";
import { NewSites } from "../panels/sites/new_sites.js";
import { SiteCards } from "../panels/sites/site_cards.js";

/** Number of sites from which the search field is shown. */
const SEARCH_FROM = 7;
const PERIODS = ["24h", "7d", "30d"];
/** As many as a server has. */
const SITES_MAX = 10_000;
const BY_NAME = "name";
const BY_EVENTS = "events";
const BY_VISITORS = "visitors";

/** @typedef {import("../lib/ask/answers.js").SitesAnswer} SitesAnswer */
/** @typedef {import("../lib/ask/answers.js").ShownSite} ShownSite */
/** @typedef {import("../lib/state/context.js").Site} Site */

/**
 * The sites that are pinned in this browser, and pinning one or no longer.
 * @returns {[ReadonlySet<string>, (id: string) => void]}
 */
function usePins() {
  const [pins, setPins] = useState(
    () => new Set((preference("pinned") ?? "").split("\n").filter(Boolean)),
  );
  const pin = useCallback(
    (/** @type {string} */ id) =>
      setPins((before) => {
        const changed = new Set(before);
        if (!changed.delete(id)) changed.add(id);
        setPreference("pinned", [...changed].join("\n") || null);
        return changed;
      }),
    [],
  );
  return [pins, pin];
}

/**
 * The numbers of all sites.
 * @param {string} period
 */
function useNumbers(period) {
  /** @type {import("../lib/ask/answer.js").Answer<SitesAnswer>} */
  const { data, fault, stale, retry } = useAnswer(
    withParams("api/stats/sites", { period, compare: "previous_period", limit: SITES_MAX }),
  );
  const bySite = useMemo(
    () => new Map((data?.sites ?? []).map((one) => [one.site_id, one])),
    [data],
  );
  return { bySite, isKnown: data !== null, fault, stale, retry };
}

/** @param {{ onAdd: () => void }} props */
export function SitesPage({ onAdd }) {
  const { t, sites, owner } = useApp();
  const [text, setText] = useState("");
  const [pins, pin] = usePins();
  const [sort, setSort] = useState(preference("sites_sort") ?? BY_NAME);
  const [period, setPeriod] = useState(preference("sites_period") ?? "24h");
  const { bySite, isKnown, fault, stale, retry } = useNumbers(period);
  const wanted = text.trim().toLowerCase();
  const byName = useMemo(() => inOrder(sites), [sites]);
  const ordered = useMemo(
    () => byName.toSorted(orderOf(pins, sort, bySite)),
    [byName, pins, sort, bySite],
  );
  const found = useMemo(
    () => ordered.filter(({ text }) => text.includes(wanted)).map(({ site }) => site),
    [ordered, wanted],
  );
  const choosePeriod = (/** @type {string} */ chosen) => {
    setPeriod(chosen);
    setPreference("sites_period", chosen);
  };
  const chooseSort = (/** @type {string} */ chosen) => {
    setSort(chosen);
    setPreference("sites_sort", chosen);
  };
  return html`
    <div class="title-line">
      <h1 class="title">${t("all_sites")}</h1>
      ${sites.length >= SEARCH_FROM && html`
        <div class="search">
          <${Icon} name="search" />
          <input type="search" aria-label=${t("search_sites")} placeholder=${t("search_sites")}
            value=${text} onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
              setText(target.value)} />
        </div>
      `}
      <${Choices} sort=${sort} period=${period} onSort=${chooseSort} onPeriod=${choosePeriod} />
      ${owner && html`
        <button type="button" class="button" onClick=${onAdd}>
          <${Icon} name="plus" />${t("start_another")}
        </button>
      `}
    </div>
    ${fault
      ? html`
        <section class="panel">
          <${PanelFault} fault=${fault} onRetry=${retry} />
        </section>
      `
      : html`<${Total} found=${found} bySite=${bySite} isKnown=${isKnown} />`}
    <${SiteCards} sites=${found} bySite=${bySite} failed=${fault !== null} stale=${stale}
      pins=${pins} onPin=${pin} />
    ${found.length === 0 && html`<p class="muted">${t("no_site_found")}</p>`}
    ${owner && html`<${NewSites} />`}
  `;
}

/** @typedef {{ site: Site, name: string, text: string }} Named */

/**
 * The sites by their names, with the text that is searched: both are found once for every search.
 * @param {readonly Site[]} sites
 * @returns {Named[]}
 */
function inOrder(sites) {
  const { compare } = new Intl.Collator();
  return sites.map((site) => ({
    site,
    name: siteName(site),
    text: `${site.site_id} ${site.name ?? ""}`.toLowerCase(),
  })).sort((a, b) => compare(a.name, b.name));
}

/**
 * Pinned sites first; those that are equal stay as they are, which is by their names.
 * @param {ReadonlySet<string>} pins
 * @param {string} sort
 * @param {ReadonlyMap<string, ShownSite>} bySite
 */
function orderOf(pins, sort, bySite) {
  const size = (/** @type {Site} */ site) =>
    sort === BY_EVENTS
      ? eventsOf(site)
      : sort === BY_VISITORS
      ? bySite.get(site.site_id)?.visitors ?? 0
      : 0;
  return (/** @type {Named} */ { site: a }, /** @type {Named} */ { site: b }) =>
    Number(pins.has(b.site_id)) - Number(pins.has(a.site_id)) || size(b) - size(a);
}

/**
 * @param {{
 *   sort: string,
 *   period: string,
 *   onSort: (sort: string) => void,
 *   onPeriod: (period: string) => void,
 * }} props
 */
function Choices({ sort, period, onSort, onPeriod }) {
  const { t, name, owner } = useApp();
  const valueOf = (/** @type {{ target: HTMLSelectElement }} */ { target }) => target.value;
  return html`
    <select class="field small" aria-label=${t("sites_period_label")} value=${period}
      onChange=${(/** @type {{ target: HTMLSelectElement }} */ event) => onPeriod(valueOf(event))}>
      ${PERIODS.map((one) => html`<option key=${one} value=${one}>${name("period", one)}</option>`)}
    </select>
    <select class="field small" aria-label=${t("sites_sort_label")} value=${sort}
      onChange=${(/** @type {{ target: HTMLSelectElement }} */ event) => onSort(valueOf(event))}>
      <option value=${BY_NAME}>${t("sites_by_name")}</option>
      <option value=${BY_VISITORS}>${t("sites_by_visitors")}</option>
      ${owner && html`<option value=${BY_EVENTS}>${t("sites_by_events")}</option>`}
    </select>
  `;
}

/**
 * The sum of the sites that were found.
 * @param {{
 *   found: readonly Site[],
 *   bySite: ReadonlyMap<string, ShownSite>,
 *   isKnown: boolean,
 * }} props
 */
function Total({ found, bySite, isKnown }) {
  const { t, format } = useApp();
  const known = found.flatMap(({ site_id }) => bySite.get(site_id) ?? []);
  const visitors = known.reduce((sum, one) => sum + one.visitors, 0);
  const pageviews = known.reduce((sum, one) => sum + one.pageviews, 0);
  const text = isKnown && t("sites_total", {
    sites: t("sites_n", { n: found.length }),
    visitors: t("unique_visitors_n", { n: visitors, count: format.count(visitors) }),
    pageviews: t("pageviews_n", { n: pageviews, count: format.count(pageviews) }),
  });
  return html`<p class="muted sites-total" role="status">${text || "\u00a0"}</p>`;
}
