// The snippet of a new site as its platform takes it, and what is done of the three steps.
import { CopyBox } from "../components/controls/copy_box.js";
import { Tabs } from "../components/controls/tabs.js";
import { Icon } from "../components/layout/icon.js";
import { addressOf, ask, sitePath } from "../lib/ask/api.js";
import { PLATFORMS, platformSnippet } from "../lib/format/snippet.js";
import { refusalOf } from "../lib/format/refusal.js";
import { html, useState } from "../lib/html.js";
import { useApp } from "../lib/state/context.js";
import { preference, setPreference } from "../lib/state/preferences.js";

/** @param {{ site: string }} props */
export function StartSnippet({ site }) {
  const { t } = useApp();
  const [name, setName] = useState(/** @type {string} */ (PLATFORMS[0].name));
  const platform = PLATFORMS.find((one) => one.name === name) ?? PLATFORMS[0];
  return html`
    <${Tabs} label=${t("platforms")} current=${platform.name} onChoose=${setName}
      tabs=${PLATFORMS.map((one) => ({ name: one.name, label: one.name }))} />
    <p class="muted">${t(platform.hint)}</p>
    <${CopyBox} text=${platformSnippet(platform.name, addressOf("mallard.js"), site)}
      label=${t("start_add")} copy=${t("copy")} copied=${t("copied")} />
  `;
}

/**
 * What is done of the three steps, and buttons for what is not.
 * @param {{
 *   site: string,
 *   named: boolean,
 *   locked: boolean,
 *   received: boolean,
 *   onPassword: () => void,
 * }} props
 */
export function Ticks({ site, named, locked, received, onPassword }) {
  const { t } = useApp();
  const zone = useZone(site);
  const ticks = /** @type {const} */ ([
    ["tick_site", named && zone.decided],
    ["tick_password", locked],
    ["tick_snippet", received],
  ]);
  return html`
    <ul class="ticks">
      ${ticks.map(([key, done]) =>
        html`
          <li key=${key} class=${done ? "done" : ""}>
            <${Icon} name=${done ? "check" : "right"} size=${14} /> ${t(key)}${" "}
            <span class="muted">${t(done ? "tick_done" : "tick_open")}</span>
          </li>
        `
      )}
    </ul>
    ${named && !zone.decided && html`
      <p class="pair">
        <span class="muted">${t("zone_now", { zone: zone.current })}</span>
        <button type="button" class="button small" onClick=${zone.use}>
          ${t("zone_use", { zone: zone.own })}</button>
        <button type="button" class="button small" onClick=${zone.keep}>
          ${t("zone_keep", { zone: zone.current })}</button>
      </p>
    `}
    ${!locked && html`
      <p class="pair">
        <span class="muted">${t("tick_unlocked")}</span>
        <button type="button" class="button small" onClick=${onPassword}>
          ${t("password_set")}</button>
      </p>
    `}
    <p class="fault-line" role="alert">${zone.fault}</p>
  `;
}

/**
 * The time zone of a site beside that of this browser: giving it this one, which declares a site
 * that is not known, or keeping its own, which this browser remembers.
 * @param {string} id
 */
function useZone(id) {
  const { t, sites, schema, reload } = useApp();
  const [fault, setFault] = useState("");
  const [kept, setKept] = useState(preference("zone_kept"));
  const site = sites.find(({ site_id }) => site_id === id);
  const byDefault = schema.site_settings.find(({ name }) => name === "timezone")?.default;
  const own = canonical();
  const use = async () => {
    try {
      await (site
        ? ask(sitePath(id, ""), { method: "PATCH", body: { timezone: own } })
        : ask("api/sites", { method: "POST", body: { site_id: id, timezone: own } }));
      setFault("");
    } catch (error) {
      setFault(refusalOf(error, t));
    }
    await reload();
  };
  const keep = () => {
    setPreference("zone_kept", id);
    setKept(id);
  };
  const current = canonical(site?.timezone ?? String(byDefault ?? "UTC"));
  return { current, own, decided: current === own || kept === id, use, keep, fault };
}

/**
 * One name of a time zone that has several; that of this browser where none is given.
 * @param {string} [timeZone]
 */
function canonical(timeZone) {
  return new Intl.DateTimeFormat("en", timeZone ? { timeZone } : {}).resolvedOptions().timeZone;
}
