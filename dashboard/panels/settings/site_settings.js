// The settings of a site: one field for each that the server lists.
import { Panel } from "../../components/layout/panel.js";
import { ask, sitePath } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html, useId, useState } from "../../lib/html.js";
import { shownHost } from "../../grammar/host_name.js";
import { PanelFault } from "../../components/report/panel_fault.js";

/** @typedef {string | number | boolean | null | readonly string[]} Value */

/** Choices of the settings that have them. */
const CHOICES = /** @type {Readonly<Record<string, readonly string[]>>} */ ({
  week_start: ["monday", "sunday"],
});

/** Weekdays by their names in the API. */
const WEEKDAYS = /** @type {Readonly<Record<string, number>>} */ ({ monday: 1, sunday: 7 });

/**
 * The label of an option.
 * @param {string} choice
 * @param {import("../../lib/format/format.js").Format} format
 */
function wordOf(choice, format) {
  const weekday = WEEKDAYS[choice];
  return weekday === undefined ? choice.replaceAll("_", " ") : format.weekdayLong(weekday);
}

/**
 * Whether a setting has a field in this form; a setting of several parts has a form of its own.
 * @param {unknown} byDefault
 */
function hasField(byDefault) {
  return byDefault === null || typeof byDefault !== "object" || Array.isArray(byDefault);
}

/** Draws the form. */
export function SiteSettings() {
  const { t, schema, site, reload } = useApp();
  const path = sitePath(site.site_id, "");
  /** @type {import("../../lib/ask/answer.js").Answer<Record<string, Value>>} */
  const { data, fault: lost, stale, retry } = useAnswer(path);
  const [changes, setChanges] = useState(/** @type {Record<string, Value>} */ ({}));
  const [said, setSaid] = useState({ fault: "", saved: false });
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await ask(path, { method: "PATCH", body: changes });
      await reload();
      setChanges({});
      setSaid({ fault: "", saved: true });
    } catch (error) {
      setSaid({ fault: /** @type {Error} */ (error).message, saved: false });
    }
  };
  // Reserve the space of the fields until the values arrive.
  const rows = lost
    ? []
    : schema.site_settings.filter(({ name, default: byDefault }) =>
      hasField(byDefault) && (!data || Object.hasOwn(data, name))
    );
  return html`
    <${Panel} title=${t("site_settings")} busy=${stale}>
      <form class="settings-body" onSubmit=${onSubmit}>
        <fieldset class="settings-fields" disabled=${!data}>
        ${rows.map(({ name, default: byDefault }) =>
          html`
            <${SettingField} key=${name} name=${name} byDefault=${byDefault}
              value=${changes[name] === undefined ? data?.[name] ?? null : changes[name]}
              onChange=${(/** @type {Value} */ value) => {
                setSaid({ fault: "", saved: false });
                setChanges({ ...changes, [name]: value });
              }} />
          `
        )}
        </fieldset>
        ${lost && html`<${PanelFault} fault=${lost} onRetry=${retry} />`}
        <div class="form-foot">
          <button class="button primary" disabled=${Object.keys(changes).length === 0}>
            ${t("save")}</button>
          <span role="status">${said.saved && t("saved")}</span>
          <span class="fault-line" role="alert">${said.fault}</span>
        </div>
      </form>
      <//>
  `;
}

/**
 * @typedef {object} SettingFieldProps
 * @property {string} name
 * @property {unknown} byDefault
 * @property {Value} value
 * @property {(value: Value) => void} onChange
 */

/** @param {SettingFieldProps} props */
function SettingField({ name, byDefault, value, onChange }) {
  const { t, name: nameOf, format } = useApp();
  const id = useId();
  const label = nameOf("setting", name);
  const hintKey = /** @type {import("../../lib/format/text.js").Key} */ (`setting_hint_${name}`);
  const hint = t(hintKey) === hintKey ? "" : t(hintKey);
  if (typeof byDefault === "boolean") {
    return html`
      <div class="setting">
        <label class="check"><input type="checkbox" checked=${value === true}
          onChange=${() => onChange(value !== true)} />${label}</label>
        <p class="muted">${hint}</p>
      </div>
    `;
  }
  if (Array.isArray(byDefault)) {
    const words = Array.isArray(value) ? value.map(shownHost).join(", ") : "";
    const onWords = (/** @type {{ target: HTMLInputElement }} */ { target }) =>
      onChange(target.value.split(",").map((word) => word.trim()).filter((word) => word !== ""));
    return html`
      <div class="setting">
        <label for=${id}>${label}</label>
        <input id=${id} class="field" value=${words} spellcheck=${false}
          onChange=${onWords} />
        <p class="muted">${hint}</p>
      </div>
    `;
  }
  const isNumber = typeof byDefault === "number" || /(_days|_limit|_minutes)$/.test(name);
  const onText = (/** @type {{ target: HTMLInputElement | HTMLSelectElement }} */ { target }) =>
    onChange(target.value === "" ? null : isNumber ? Number(target.value) : target.value);
  const choices = CHOICES[name] ?? (name === "timezone" ? Intl.supportedValuesOf("timeZone") : []);
  const listed = value === null || choices.includes(String(value))
    ? choices
    : [String(value), ...choices];
  const field = choices.length > 0
    ? html`
      <select id=${id} class="field" value=${value ?? ""} onChange=${onText}>
        ${listed.map((choice) =>
          html`<option key=${choice} value=${choice}>${wordOf(choice, format)}</option>`
        )}
      </select>
    `
    : html`
      <input id=${id} class="field" type=${isNumber ? "number" : "text"} value=${value ?? ""}
        placeholder=${byDefault === null ? "" : String(byDefault)} onInput=${onText} />
    `;
  return html`
    <div class="setting">
      <label for=${id}>${label}</label>${field}
      <p class="muted">${hint}</p>
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
      setFault(/** @type {Error} */ (error).message);
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
