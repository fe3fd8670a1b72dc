// What stands around every page: the site, the period, the menu, and the line at the foot.
import { Dropdown, moveInList } from "../components/dropdown.js";
import { Icon } from "../components/icon.js";
import { Logo } from "../components/logo.js";
import { PeriodPicker } from "../components/period_picker.js";
import { SitePicker } from "../components/site_picker.js";
import { useApp } from "../lib/context.js";
import { html, useState } from "../lib/html.js";
import { isDay, lengthOf, PERIODS, RANGE_DAYS_MAX } from "../lib/period.js";
import { preference, setPreference, showTheme } from "../lib/preferences.js";
import { daysOf } from "../panels/question.js";

/** @typedef {"site" | "period" | "menu" | null} Opened */

/**
 * @typedef {object} FrameProps
 * @property {Opened} opened which of the boxes is open
 * @property {(opened: Opened) => void} onOpen
 * @property {(direction: -1 | 1) => boolean} onStep false where there is nothing further
 * @property {boolean} canStep whether there is a next period
 * @property {readonly { label: string, onChoose: () => void }[]} menu
 * @property {boolean} offline
 * @property {boolean} bare without a period, before the first event
 * @property {() => void} onAdd
 * @property {unknown} [children]
 */

/** @param {FrameProps} props */
export function Frame(props) {
  const { t } = useApp();
  const { offline, bare, children } = props;
  return html`
    <header class="top">
      <div class="top-inner">
        <a class="home" href="./" aria-label="Mallard Metrics"><${Logo} /></a>
        <${Sites} ...${props} />
        <div class="top-rest">
          ${!bare && html`<${Periods} ...${props} />`}
          <${Menu} ...${props} />
        </div>
      </div>
    </header>
    ${offline && html`<p class="banner" role="status">${t("connection_lost")}</p>`}
    <main>${children}</main>
    <footer class="foot muted">
      <span>Mallard Metrics</span><span>${t("privacy_free")}</span>
    </footer>
  `;
}

/** @param {FrameProps} props */
function Sites({ opened, onOpen, onAdd }) {
  const { t, sites, site, go } = useApp();
  if (sites.length === 0) return html`<span class="site-name alone-name">Mallard Metrics</span>`;
  const texts = {
    choose: t("choose_site"),
    search: t("search_sites"),
    none: t("no_site_found"),
    add: t("start_another"),
  };
  return html`
    <${SitePicker} current=${site.site_id} texts=${texts} open=${opened === "site"}
      sites=${sites.map(({ site_id, name }) => ({ id: site_id, name: name || site_id }))}
      onToggle=${(/** @type {boolean} */ open) => onOpen(open ? "site" : null)}
      onChoose=${(/** @type {string} */ id) => {
        onOpen(null);
        go({ site: id });
      }}
      onAdd=${onAdd} />
  `;
}

/** @param {FrameProps} props */
function Periods({ opened, onOpen, onStep, canStep }) {
  const app = useApp();
  const { t, format, state, today, go } = app;
  const days = daysOf(app);
  const faultOf = (/** @type {import("../lib/period.js").Range} */ range) => {
    if (!isDay(range.from) || !isDay(range.to)) return " ";
    if (range.from > range.to) return t("range_backwards");
    return lengthOf(range) > RANGE_DAYS_MAX ? t("range_long", { days: RANGE_DAYS_MAX }) : "";
  };
  const texts = {
    choose: t("choose_period"),
    custom: t("period_custom"),
    from: t("date_from"),
    to: t("date_to"),
    apply: t("apply"),
    previous: t("previous_period"),
    next: t("next_period"),
  };
  return html`
    <${PeriodPicker} texts=${texts} range=${days} today=${today}
      periods=${PERIODS.map(({ name, key }) => ({ name, key, label: t(`period_${name}`) }))}
      current=${state.range ? null : state.period}
      label=${state.range ? format.days(days) : t(`period_${state.period}`)}
      detail=${state.range ? "" : format.days(days)}
      open=${opened === "period"} faultOf=${faultOf}
      onToggle=${(/** @type {boolean} */ open) => onOpen(open ? "period" : null)}
      onChoose=${(/** @type {import("../lib/period.js").PeriodName} */ period) => {
        onOpen(null);
        go({ period, range: null });
      }}
      onRange=${(/** @type {import("../lib/period.js").Range} */ range) => {
        onOpen(null);
        go({ range });
      }}
      onPrevious=${() => onStep(-1)} onNext=${canStep ? () => onStep(1) : null} />
  `;
}

/** @param {FrameProps} props */
function Menu({ opened, onOpen, menu }) {
  const { t } = useApp();
  return html`
    <${Dropdown} face=${html`<${Icon} name="more" />`} label=${t("menu")} faceIsName=${false}
      class="square" align="end" open=${opened === "menu"}
      onToggle=${(/** @type {boolean} */ open) => onOpen(open ? "menu" : null)}>
      <div class="choices" onKeyDown=${moveInList}>
        <${ThemeChoice} />
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

/** Light, dark, or as the system has it. */
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
          <button key=${name} type="button" aria-pressed=${theme === name} onClick=${() =>
            choose(name)}>
            ${t(`theme_${name}`)}
          </button>
        `
      )}
    </div>
  `;
}
