// The header and footer of every page: site, views, filters, period, menu.
import { Dropdown, moveInList } from "../../components/controls/dropdown.js";
import { Icon } from "../../components/layout/icon.js";
import { Lazy } from "../../components/layout/lazy.js";
import { Logo } from "../../components/layout/logo.js";
import { SitePicker } from "../../components/controls/site_picker.js";
import { useApp } from "../../lib/state/context.js";
import { html, useId, useState } from "../../lib/html.js";
import { later, openWhenReached, reloadWhenReached } from "../../lib/modules.js";
import { tryConnection } from "../../lib/ask/connection.js";
import { useLive } from "../../lib/ask/live.js";
import { preference, setPreference, showTheme } from "../../lib/state/preferences.js";
import { printState } from "../../lib/state/state.js";
import { LANGUAGES } from "../../lib/format/text.js";
import { siteName } from "../../lib/format/site_name.js";
import { Filters } from "./filter_bar.js";
import { Periods, ShownDays } from "./period_choice.js";

const loadWarnings = later(() => import("./warnings.js"));

/** @typedef {"site" | "period" | "menu" | null} Opened */

/**
 * @typedef {object} FrameProps
 * @property {Opened} opened which of the boxes is open
 * @property {(opened: Opened) => void} onOpen
 * @property {readonly { label: string, onChoose: () => void }[]} menu
 * @property {boolean} offline
 * @property {boolean} isKept whether other numbers are shown than were chosen
 * @property {import("./warnings.js").ServerWarnings} [warnings]
 * @property {boolean} bare before the first event: no views, no period
 * @property {() => void} onAdd
 * @property {(index: number) => void} onFilter opens the editor of a filter
 * @property {unknown} [children]
 */

/**
 * Whether a view has filters.
 * @param {string} view
 */
export function hasFilters(view) {
  return hasPeriod(view) || view === "realtime";
}

/**
 * Whether a view has a period.
 * @param {string} view
 */
export function hasPeriod(view) {
  return view === "" || view === "behaviour";
}

/** @param {FrameProps} props */
export function Frame(props) {
  const { t, state } = useApp();
  const { opened, onOpen, offline, isKept, warnings, bare, onFilter, children } = props;
  const tools = !bare && hasFilters(state.view);
  return html`
    <a class="skip" href="#main">${t("skip")}</a>
    <header class="top">
      <a class="home" href="./" aria-label="Mallard Metrics" onClick=${goHome}><${Logo} /></a>
      <${Sites} ...${props} />
      ${!bare && html`<${Views} />`}
      <${Menu} ...${props} />
    </header>
    ${tools && html`
      <section class="tools" aria-label=${t("tools")}>
        <button type="button" class="button" onClick=${() => onFilter(state.filters.length)}>
          <${Icon} name="filter" />${t("filter")}
        </button>
        <${Filters} onEdit=${onFilter} />
        ${hasPeriod(state.view) && html`
          <${Periods} open=${opened === "period"}
            onToggle=${(/** @type {boolean} */ open) => onOpen(open ? "period" : null)} />
          <${ShownDays} />
        `}
      </section>
    `}
    ${offline && html`
      <p class="banner" role="status">
        <span class="of-known">${t(isKept ? "connection_lost_chosen" : "connection_lost")}</span>
        <span class="of-none">${t("fault_hint_offline")}</span>
        <button type="button" class="button small" onClick=${tryConnection}>${t("retry")}</button>
      </p>
    `}
    <main id="main" tabindex="-1">
      ${warnings && html`<${Lazy} load=${loadWarnings} place="nothing" warnings=${warnings} />`}
      ${children}
    </main>
    <footer class="foot muted">
      <span>Mallard Metrics</span><span>${t("privacy_free")}</span>
    </footer>
  `;
}

/**
 * Whether a link is followed in the page itself.
 * @param {MouseEvent} event
 */
function isPlain({ metaKey, ctrlKey, shiftKey, button }) {
  return !metaKey && !ctrlKey && !shiftKey && button === 0;
}

/** @param {MouseEvent} event */
function goHome(event) {
  if (!isPlain(event)) return;
  event.preventDefault();
  void openWhenReached("./");
}

/** @param {FrameProps} props */
function Sites({ opened, onOpen, onAdd }) {
  const { t, sites, site, navigate, owner } = useApp();
  if (sites.length === 0) {
    return html`<span class="site-name alone-name">${siteName(site) || "Mallard Metrics"}</span>`;
  }
  const texts = {
    choose: t("choose_site"),
    search: t("search_sites"),
    none: t("no_site_found"),
    all: t("all_sites"),
    add: t("start_another"),
  };
  return html`
    <${SitePicker} current=${site.site_id} texts=${texts} open=${opened === "site"}
      sites=${sites.map((one) => ({ id: one.site_id, name: siteName(one) }))}
      onToggle=${(/** @type {boolean} */ open) => onOpen(open ? "site" : null)}
      onChoose=${(/** @type {string} */ id) => {
        onOpen(null);
        navigate({ site: id });
      }}
      onAll=${() => {
        onOpen(null);
        navigate({ view: "sites" });
      }}
      onAdd=${owner ? onAdd : null} />
  `;
}

/** The views of the site, as links. */
function Views() {
  const { t, state, site, sites, navigate } = useApp();
  const { live } = useLive(site.site_id, "");
  const link = (
    /** @type {string} */ view,
    /** @type {unknown} */ label,
  ) => {
    const target = { ...state, view, details: "", own: {} };
    const onClick = (/** @type {MouseEvent} */ event) => {
      if (!isPlain(event)) return;
      event.preventDefault();
      navigate({ view, details: "", own: {} });
    };
    return html`
      <a href=${printState(target) || "./"} onClick=${onClick}
        aria-current=${state.view === view ? "page" : undefined}>${label}</a>
    `;
  };
  const now = live?.visitors_5;
  return html`
    <nav class=${sites.length === 0 ? "views not-yet" : "views"} aria-label=${t("views")}>
      ${link("", t("overview"))}
      ${link("behaviour", t("behaviour"))}
      ${link(
        "realtime",
        html`${t("realtime")}${
          now !== undefined && html`
            <span class=${now > 0 ? "now on" : "now"}
              title=${t("online_now", { n: now })}>${now}</span>
          `
        }`,
      )}
    </nav>
  `;
}

/** @param {FrameProps} props */
function Menu({ opened, onOpen, menu }) {
  const { t } = useApp();
  return html`
    <${Dropdown} face=${html`<${Icon} name="more" />`} label=${t("menu")} faceIsName=${false}
      class="square quiet" align="end" open=${opened === "menu"}
      onToggle=${(/** @type {boolean} */ open) => onOpen(open ? "menu" : null)}>
      <div class="choices" onKeyDown=${moveInList}>
        <${ThemeChoice} />
        <${LanguageChoice} />
        ${menu.map(({ label, onChoose }) =>
          html`
            <button key=${label} type="button" class="choice" onClick=${() => {
              onOpen(null);
              onChoose();
            }}>${label}</button>
          `
        )}
      </div>
      <//>
  `;
}

/** The theme: light, dark, or the system's. */
function ThemeChoice() {
  const { t } = useApp();
  const [theme, setTheme] = useState(preference("theme") ?? "auto");
  const choose = (/** @type {string} */ name) => {
    setTheme(name);
    setPreference("theme", name === "auto" ? null : name);
    showTheme(name);
  };
  return html`
    <div class="segments" role="group" aria-label=${t("theme")}>
      ${/** @type {const} */ (["auto", "light", "dark"]).map((name) =>
        html`
          <button key=${name} type="button" aria-pressed=${theme === name}
            onClick=${() => choose(name)}>${t(`theme_${name}`)}</button>
        `
      )}
    </div>
  `;
}

/** The language of texts and numbers: the browser's, or the chosen one. */
function LanguageChoice() {
  const { t } = useApp();
  const id = useId();
  const choose = (/** @type {{ target: HTMLSelectElement }} */ { target }) => {
    setPreference("language", target.value === "" ? null : target.value);
    void reloadWhenReached();
  };
  const nameOf = (/** @type {string} */ tag) => {
    const name = new Intl.DisplayNames(tag, { type: "language" }).of(tag) ?? tag;
    return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
  };
  return html`
    <div class="language">
      <label for=${id}>${t("language")}</label>
      <select id=${id} class="field small" value=${preference("language") ?? ""}
        onChange=${choose}>
        <option value="">${t("language_auto")}</option>
        ${LANGUAGES.map((tag) =>
          html`<option key=${tag} value=${tag} lang=${tag}>${nameOf(tag)}</option>`
        )}
      </select>
    </div>
  `;
}
