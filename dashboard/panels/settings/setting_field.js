// The field of one setting of a site: a box, a list, a choice, a number or a text.
import { useApp } from "../../lib/state/context.js";
import { html, useId, useState } from "../../lib/html.js";
import { shownHost } from "../../grammar/host_name.js";

/** @typedef {string | number | boolean | null | readonly string[]} Value */

/** Choices of the settings that have them. */
const CHOICES = /** @type {Readonly<Record<string, readonly string[]>>} */ ({
  week_start: ["monday", "sunday"],
  visitor_id_days: ["1", "7", "30"],
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
  if (/^\d+$/.test(choice)) return format.span(Number(choice), "day");
  return weekday === undefined ? choice.replaceAll("_", " ") : format.weekdayLong(weekday);
}

/**
 * @typedef {object} SettingFieldProps
 * @property {string} name
 * @property {unknown} byDefault
 * @property {Value} value
 * @property {Value | undefined} [offered] an item that a list lacks, one click away
 * @property {(value: Value) => void} onChange
 */

/**
 * One field with its label and hint.
 * @param {SettingFieldProps} props
 */
export function SettingField({ name, byDefault, value, offered = null, onChange }) {
  const { t, name: nameOf, format } = useApp();
  const id = useId();
  // The text of a list while it is typed: what it means is written otherwise.
  const [typed, setTyped] = useState(/** @type {string | null} */ (null));
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
    const items = Array.isArray(value) ? value : [];
    const words = items.map(shownHost).join(", ");
    const lacks = typeof offered === "string" && !items.includes(offered);
    const onWords = (/** @type {{ target: HTMLInputElement }} */ { target }) => {
      setTyped(target.value);
      onChange(target.value.split(",").map((word) => word.trim()).filter((word) => word !== ""));
    };
    return html`
      <div class="setting">
        <label for=${id}>${label}</label>
        <input id=${id} class="field" value=${typed ?? words} spellcheck=${false}
          onInput=${onWords} onBlur=${() => setTyped(null)} />
        ${lacks && html`
          <button type="button" class="button small" onClick=${() => onChange([...items, offered])}>
            ${t("setting_add_address", { address: offered })}</button>
        `}
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
