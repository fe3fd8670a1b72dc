// The overview of all sites.
import { Icon } from "../components/layout/icon.js";
import { useApp } from "../lib/state/context.js";
import { html, useState } from "../lib/html.js";
import { NewSites } from "../panels/sites/new_sites.js";
import { SiteCard } from "../panels/sites/site_card.js";

/** Number of sites from which the search field is shown. */
const SEARCH_FROM = 7;
/** Most cards drawn; search finds the others. */
const CARDS_MAX = 60;

/** @param {{ onAdd: () => void }} props */
export function SitesPage({ onAdd }) {
  const { t, sites, owner } = useApp();
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const found = sites.filter(({ site_id, name }) =>
    `${site_id} ${name ?? ""}`.toLowerCase().includes(wanted)
  );
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
      ${owner && html`
        <button type="button" class="button" onClick=${onAdd}>
          <${Icon} name="plus" />${t("start_another")}
        </button>
      `}
    </div>
    <div class="site-cards">
      ${found.slice(0, CARDS_MAX).map((site) =>
        html`<${SiteCard} key=${site.site_id} site=${site} />`
      )}
    </div>
    ${found.length === 0 && html`<p class="muted">${t("no_site_found")}</p>`}
    ${owner && html`<${NewSites} />`}
  `;
}
