// The form that creates or edits an item of a site. The caller defines its fields and saves the
// result.
import { useApp } from "../../lib/state/context.js";
import { html, useId, useLayoutEffect, useRef, useState } from "../../lib/html.js";
import { refusalOf } from "../../lib/format/refusal.js";

/** @typedef {Readonly<Record<string, string>>} Values */
/** @typedef {(name: string, value: string) => void} Put */
/** @typedef {(values: Values, put: Put) => unknown} Fields */

/**
 * @typedef {object} ItemFormProps
 * @property {Fields} fields
 * @property {Values} start
 * @property {string} action what the button says
 * @property {(values: Values) => Promise<unknown>} onSave rejects with what went wrong
 * @property {() => void} [onCancel] given while something is changed
 * @property {string} [label] of the form
 */

/** @param {ItemFormProps} props */
export function ItemForm({ fields, start, action, onSave, onCancel, label }) {
  const { t } = useApp();
  const [values, setValues] = useState(start);
  const [fault, setFault] = useState("");
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  useLayoutEffect(() => {
    const first = onCancel && form.current?.querySelector("input");
    if (first) first.focus();
  }, []);
  const put = (/** @type {string} */ name, /** @type {string} */ value) =>
    setValues((before) => ({ ...before, [name]: value }));
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await onSave(values);
      setFault("");
      if (!onCancel) setValues(start);
    } catch (error) {
      setFault(refusalOf(error, t));
    }
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || !onCancel || event.defaultPrevented) return;
    event.stopPropagation();
    onCancel();
  };
  return html`
    <form class="item-form" ref=${form} aria-label=${label} onSubmit=${onSubmit}
      onKeyDown=${onKeyDown}>
      ${fields(values, put)}
      <div class="form-foot">
        <button class=${onCancel ? "button primary" : "button"}>${action}</button>
        ${onCancel && html`
          <button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
        `}
        <span class="fault-line" role="alert">${fault}</span>
      </div>
    </form>
  `;
}

/**
 * @typedef {object} TextFieldProps
 * @property {string} label
 * @property {string} name
 * @property {Values} values
 * @property {Put} put
 * @property {string} [type]
 * @property {boolean} [required]
 * @property {string} [placeholder]
 */

/** @param {TextFieldProps} props */
export function TextField({ label, name, values, put, type = "text", required = true, ...more }) {
  const id = useId();
  return html`
    <div class="form-field">
      <label for=${id}>${label}</label>
      <input id=${id} class="field" type=${type} required=${required} value=${values[name] ?? ""}
        placeholder=${more.placeholder} step="any" maxlength="2048"
        onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
          put(name, target.value)} />
    </div>
  `;
}
