// The overview of all sites: searched, sorted, pinned, over one period, with their total.
import { Icon } from "../components/layout/icon.js";
import { useApp } from "../lib/state/context.js";
import { html, useEffect, useState } from "../lib/html.js";
import { preference, setPreference } from "../lib/state/preferences.js";
import { siteName } from "../lib/format/site_name.js";
import { NewSites } from "../panels/sites/new_sites.js";
import { SiteCard } from "../panels/sites/site_card.js";
import { makeSums, useAllSums } from "../panels/sites/sums.js";

/** Number of sites from which the search field is shown. */
const SEARCH_FROM = 7;
const PERIODS = ["24h", "7d", "30d"];
/** Numbers that come at about the same time are added up together. */
const TOTAL_MS = 100;
const BY_NAME = "name";
const BY_EVENTS = "events";
const BY_VISITORS = "visitors";

/** @typedef {import("../panels/sites/sums.js").Sums} Sums */
/** @typedef {import("../lib/state/context.js").Site} Site */

/** The sites that are pinned in this browser. */
const readPins = () => new Set((preference("pinned") ?? "").split("\n").filter(Boolean));

/** @param {{ onAdd: () => void }} props */
export function SitesPage({ onAdd }) {
  const { t, sites, owner } = useApp();
  const [text, setText] = useState("");
  const [pins, setPins] = useState(readPins);
  const [sort, setSort] = useState(preference("sites_sort") ?? BY_NAME);
  const [period, setPeriod] = useState(preference("sites_period") ?? "24h");
  const [sums] = useState(makeSums);
  const all = useAllSums(sums, sites.map(({ site_id }) => site_id), period);
  const wanted = text.trim().toLowerCase();
  const found = sites.filter(({ site_id, name }) =>
    `${site_id} ${name ?? ""}`.toLowerCase().includes(wanted)
  ).toSorted(orderOf(pins, sort, all));
  const pin = (/** @type {string} */ id) => {
    const changed = new Set(pins);
    if (!changed.delete(id)) changed.add(id);
    setPins(changed);
    setPreference("pinned", [...changed].join("\n") || null);
  };
  const choosePeriod = (/** @type {string} */ chosen) => {
    setPeriod(chosen);
    sums.clear();
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
    <${Total} found=${found} sums=${sums} />
    <div class="site-cards">
      ${found.map((site) =>
        html`
          <${SiteCard} key=${site.site_id} site=${site} period=${period}
            pinned=${pins.has(site.site_id)} onPin=${() => pin(site.site_id)}
            onSums=${(/** @type {Sums} */ own) => sums.tell(site.site_id, own)} />
        `
      )}
    </div>
    ${found.length === 0 && html`<p class="muted">${t("no_site_found")}</p>`}
    ${owner && html`<${NewSites} />`}
  `;
}

/**
 * Pinned sites first. Cards move once all numbers are known, and not with each that arrives.
 * @param {ReadonlySet<string>} pins
 * @param {string} sort
 * @param {ReadonlyMap<string, Sums> | null} all
 */
function orderOf(pins, sort, all) {
  const size = (/** @type {Site} */ { site_id, stored_events }) =>
    sort === BY_EVENTS
      ? stored_events ?? 0
      : sort === BY_VISITORS
      ? all?.get(site_id)?.visitors ?? 0
      : 0;
  return (/** @type {Site} */ a, /** @type {Site} */ b) =>
    Number(pins.has(b.site_id)) - Number(pins.has(a.site_id)) || size(b) - size(a) ||
    siteName(a).localeCompare(siteName(b));
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
    <select class="field small" aria-label=${t("sites_period")} value=${period}
      onChange=${(/** @type {{ target: HTMLSelectElement }} */ event) => onPeriod(valueOf(event))}>
      ${PERIODS.map((one) => html`<option key=${one} value=${one}>${name("period", one)}</option>`)}
    </select>
    <select class="field small" aria-label=${t("sites_sort")} value=${sort}
      onChange=${(/** @type {{ target: HTMLSelectElement }} */ event) => onSort(valueOf(event))}>
      <option value=${BY_NAME}>${t("sites_by_name")}</option>
      <option value=${BY_VISITORS}>${t("sites_by_visitors")}</option>
      ${owner && html`<option value=${BY_EVENTS}>${t("sites_by_events")}</option>`}
    </select>
  `;
}

/**
 * The sum of the sites whose numbers are known, and how many these are.
 * @param {{ found: readonly Site[], sums: ReturnType<typeof makeSums> }} props
 */
function Total({ found, sums }) {
  const { t, format } = useApp();
  const [, draw] = useState(0);
  useEffect(() => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    sums.onChange(() => {
      clearTimeout(timer);
      timer = setTimeout(() => draw((count) => count + 1), TOTAL_MS);
    });
    return () => clearTimeout(timer);
  }, [sums]);
  const known = found.flatMap(({ site_id }) => sums.bySite.get(site_id) ?? []);
  const visitors = known.reduce((sum, one) => sum + one.visitors, 0);
  const pageviews = known.reduce((sum, one) => sum + one.pageviews, 0);
  const text = known.length === 0 ? "" : t("sites_total", {
    sites: known.length < found.length
      ? t("sites_part", { known: known.length, all: found.length })
      : t("sites_n", { n: known.length }),
    visitors: t("unique_visitors_n", { n: visitors, count: format.count(visitors) }),
    pageviews: t("pageviews_n", { n: pageviews, count: format.count(pageviews) }),
  });
  return html`<p class="muted sites-total" role="status">${text || "\u00a0"}</p>`;
}
