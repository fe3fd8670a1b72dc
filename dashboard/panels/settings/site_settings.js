// The settings of a site in groups, with a field for each that the server lists, and a bar that
// says what would be saved.
import { Panel } from "../../components/layout/panel.js";
import { ask, sitePath } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect, useId, useRef, useState } from "../../lib/html.js";
import { shownHost } from "../../grammar/host_name.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { refusalOf } from "../../lib/format/refusal.js";
import { SettingField } from "./setting_field.js";

/** @typedef {import("./setting_field.js").Value} Value */
/** @typedef {"general" | "tracking" | "privacy" | "access" | "data"} Group */

/**
 * Where each setting stands; one that is not named here is general.
 * @type {Readonly<Record<string, Group>>}
 */
const GROUPS = {
  visit_timeout_minutes: "tracking",
  rate_limit: "tracking",
  hostnames: "tracking",
  ignored_addresses: "tracking",
  aliases: "tracking",
  visitor_id_days: "privacy",
  mask_emails: "privacy",
  mask_tokens: "privacy",
  user_ids: "privacy",
  visit_list: "privacy",
  public: "access",
  retention_days: "data",
};

/**
 * Whether a setting has a field in this form; a setting of several parts has a form of its own.
 * @param {unknown} byDefault
 */
function hasField(byDefault) {
  return byDefault === null || typeof byDefault !== "object" || Array.isArray(byDefault);
}

/** The settings that belong to no other group. */
export const GeneralSettings = () => html`<${SiteSettings} group="general" />`;

/** How events are counted. */
export const TrackingSettings = () => html`<${SiteSettings} group="tracking" />`;

/** What is kept of visitors. */
export const PrivacySettings = () => html`<${SiteSettings} group="privacy" />`;

/** Who may look. */
export const AccessSettings = () => html`<${SiteSettings} group="access" />`;

/** How long events are kept. */
export const DataSettings = () => html`<${SiteSettings} group="data" />`;

/** @param {{ group: Group }} props */
function SiteSettings({ group }) {
  const { t, schema, site, reload } = useApp();
  const path = sitePath(site.site_id, "");
  /** @type {import("../../lib/ask/answer.js").Answer<Record<string, Value>>} */
  const { data, fault: lost, stale, retry } = useAnswer(path);
  const [saved, setSaved] = useState(/** @type {Record<string, Value> | null} */ (null));
  const [changes, setChanges] = useState(/** @type {Record<string, Value>} */ ({}));
  const [said, setSaid] = useState({ fault: "", saved: false });
  // A later answer of the server is newer than what saving said.
  useEffect(() => setSaved(null), [data]);
  const values = saved ?? data;
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (Object.keys(changes).length === 0) return;
    try {
      const answer = await ask(path, { method: "PATCH", body: changes });
      setSaved(/** @type {Record<string, Value>} */ (answer));
      setChanges({});
      setSaid({ fault: "", saved: true });
      await reload();
    } catch (error) {
      setSaid({ fault: refusalOf(error, t), saved: false });
    }
  };
  const change = (/** @type {string} */ name, /** @type {Value} */ value) => {
    setSaid({ fault: "", saved: false });
    const { [name]: _, ...others } = changes;
    setChanges(isSame(values?.[name], value) ? others : { ...changes, [name]: value });
  };
  // Reserve the space of the fields until the values arrive.
  const rows = lost
    ? []
    : schema.site_settings.filter(({ name, default: byDefault }) =>
      (GROUPS[name] ?? "general") === group && hasField(byDefault) &&
      (!values || Object.hasOwn(values, name))
    );
  return html`
    <${Panel} title=${t(`settings_${group}`)} busy=${stale}>
      <form class="settings-body" onSubmit=${onSubmit}>
        <fieldset class="settings-fields" disabled=${!values}>
        ${rows.map(({ name, default: byDefault }) =>
          html`
            <${SettingField} key=${name} name=${name} byDefault=${byDefault}
              value=${changes[name] === undefined ? values?.[name] ?? null : changes[name]}
              offered=${name === "ignored_addresses" ? values?.["your_address"] : null}
              onChange=${(/** @type {Value} */ value) => change(name, value)} />
          `
        )}
        </fieldset>
        ${lost && html`<${PanelFault} fault=${lost} onRetry=${retry} />`}
        <${SaveBar} changed=${Object.keys(changes)} said=${said}
          onDiscard=${() => setChanges({})} />
      </form>
      <//>
  `;
}

/**
 * @param {Value | undefined} before
 * @param {Value} after
 */
function isSame(before, after) {
  return JSON.stringify(before ?? null) === JSON.stringify(after);
}

/**
 * @param {{
 *   changed: readonly string[],
 *   said: { fault: string, saved: boolean },
 *   onDiscard: () => void,
 * }} props
 */
function SaveBar({ changed, said, onDiscard }) {
  const { t, name } = useApp();
  const names = changed.map((one) => name("setting", one)).join(", ");
  const save = useRef(/** @type {HTMLButtonElement | null} */ (null));
  // What is off or gone would lose the focus: the one stays on, the other hands it on.
  const discard = () => {
    save.current?.focus();
    onDiscard();
  };
  return html`
    <div class=${changed.length > 0 ? "form-foot save-bar" : "form-foot"}>
      <button ref=${save} class="button primary" aria-disabled=${changed.length === 0}>
        ${t("save")}</button>
      ${changed.length > 0 && html`
        <button type="button" class="button" onClick=${discard}>${t("discard")}</button>
      `}
      <span role="status">${changed.length > 0
        ? t("settings_changed", { names })
        : said.saved && t("saved")}</span>
      <span class="fault-line" role="alert">${said.fault}</span>
    </div>
  `;
}

/** Deletes the site; its events only if requested. */
export function DeleteSite() {
  const { t, site, reload, navigate } = useApp();
  const [typed, setTyped] = useState("");
  const [fault, setFault] = useState("");
  const id = useId();
  const isTyped = typed !== "" && [site.site_id, shownHost(site.site_id)].includes(typed);
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!isTyped) return;
    try {
      await ask(`${sitePath(site.site_id, "")}?events=erase`, { method: "DELETE" });
      await reload();
      navigate({ view: "sites", site: "" });
    } catch (error) {
      setFault(refusalOf(error, t));
    }
  };
  return html`
    <${Panel} title=${t("site_delete")}>
      <form class="settings-body" onSubmit=${onSubmit}>
        <p class="muted">${t("site_delete_hint")}</p>
        <label for=${id}>${t("site_delete_type", { site: shownHost(site.site_id) })}</label>
        <input id=${id} class="field" autocomplete="off" spellcheck=${false} value=${typed}
          onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
            setTyped(target.value)} />
        <div class="form-foot">
          <button class="button danger" disabled=${!isTyped}>
            ${t("site_delete")}</button>
          <span class="fault-line" role="alert">${fault}</span>
        </div>
      </form>
      <//>
  `;
}
