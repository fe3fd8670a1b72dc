// A field for several values, typed or chosen from suggestions that the caller provides.
import { plain } from "../../lib/format/codes.js";
import { html, useEffect, useId, useRef, useState } from "../../lib/html.js";
import { Icon } from "../layout/icon.js";

/** @typedef {{ value: string, label: string, note: string }} Suggestion */

/**
 * @typedef {object} TokenFieldProps
 * @property {readonly string[]} values
 * @property {(value: string) => string} labelOf
 * @property {(values: readonly string[]) => void} onChange
 * @property {readonly Suggestion[]} suggestions for the text being typed
 * @property {(text: string) => void} onText
 * @property {boolean} [single] at most one value
 * @property {boolean} [closed] whether only suggested values are taken: others are codes that
 *   nobody types
 * @property {Record<"label" | "remove" | "placeholder" | "unknown" | "several", string>} texts
 */

/** @param {TokenFieldProps} props */
export function TokenField(props) {
  const { values, labelOf, onChange, suggestions, onText, texts } = props;
  const { single = false, closed = false } = props;
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [refused, setRefused] = useState("");
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const id = useId();
  const shown = open ? suggestions.filter(({ value }) => !values.includes(value)) : [];
  const type = (/** @type {string} */ typed) => {
    setText(typed);
    setAt(-1);
    setRefused("");
    onText(typed);
  };
  const add = (/** @type {string} */ value) => {
    if (value !== "") onChange(single ? [value] : [...new Set([...values, value])]);
    type("");
    setOpen(false);
  };
  const addTyped = (/** @type {string} */ typed) => {
    const value = closed ? codeOf(typed, suggestions) : typed;
    if (value !== null) return add(value);
    const isOneOf = suggestions.length > 0;
    setOpen(isOneOf);
    setRefused((isOneOf ? texts.several : texts.unknown).replace("{value}", typed));
  };
  const remove = (/** @type {string} */ value) => {
    onChange(values.filter((other) => other !== value));
    field.current?.focus();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const last = values.at(-1);
    if (event.key === "ArrowDown") {
      setOpen(true);
      setAt(Math.min(at + 1, shown.length - 1));
    } else if (event.key === "ArrowUp") setAt(Math.max(at - 1, -1));
    else if (event.key === "Enter" && (text !== "" || at >= 0)) {
      const chosen = shown[at];
      if (chosen) add(chosen.value);
      else addTyped(text.trim());
    } else if (event.key === "Backspace" && text === "" && last !== undefined) remove(last);
    else if (event.key === "Escape" && open) setOpen(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  // Typed text counts without Enter, too.
  const onBlur = () => {
    if (text.trim() !== "") addTyped(text.trim());
    setOpen(false);
  };
  return html`
    <div class="tokens" onClick=${() => field.current?.focus()}>
      <${Tokens} values=${values} labelOf=${labelOf} label=${texts.remove} onRemove=${remove} />
      <${TokenInput} field=${field} id=${id} text=${text} at=${at} isOpen=${shown.length > 0}
        label=${texts.label} placeholder=${values.length === 0 ? texts.placeholder : ""}
        onOpen=${() => setOpen(true)} onText=${onText} onType=${type} onBlur=${onBlur}
        onKeyDown=${onKeyDown} />
      ${refused !== "" && html`<span class="fault-line" role="alert">${refused}</span>`}
      <${Suggestions} id=${id} label=${texts.label} shown=${shown} at=${at} onAdd=${add} />
    </div>
  `;
}

/**
 * @param {{
 *   field: { current: HTMLInputElement | null },
 *   id: string,
 *   text: string,
 *   at: number,
 *   isOpen: boolean,
 *   label: string,
 *   placeholder: string,
 *   onOpen: () => void,
 *   onText: (text: string) => void,
 *   onType: (text: string) => void,
 *   onBlur: () => void,
 *   onKeyDown: (event: KeyboardEvent) => void,
 * }} props
 */
function TokenInput(props) {
  const { field, id, text, at, isOpen, label, placeholder } = props;
  const { onOpen, onText, onType, onBlur, onKeyDown } = props;
  return html`
    <input ref=${field} type="text" role="combobox" aria-label=${label} value=${text}
      aria-expanded=${isOpen} aria-controls=${id} aria-autocomplete="list"
      aria-activedescendant=${at >= 0 ? `${id}-${at}` : undefined} autocomplete="off"
      spellcheck=${false} placeholder=${placeholder}
      onFocus=${() => {
        onOpen();
        onText(text);
      }} onBlur=${onBlur} onClick=${onOpen} onKeyDown=${onKeyDown}
      onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) => {
        onOpen();
        onType(target.value);
      }} />
  `;
}

/**
 * @param {{
 *   values: readonly string[],
 *   labelOf: (value: string) => string,
 *   label: string,
 *   onRemove: (value: string) => void,
 * }} props
 */
function Tokens({ values, labelOf, label, onRemove }) {
  return values.map((value) =>
    html`
      <span key=${value} class="token">
        ${labelOf(value)}
        <button type="button" aria-label=${`${label} ${labelOf(value)}`}
          onClick=${() => onRemove(value)}><${Icon} name="close" size=${11} /></button>
      </span>
    `
  );
}

/**
 * The value that is written as typed, or the only one that remains; null where it is neither.
 * @param {string} typed
 * @param {readonly Suggestion[]} suggestions
 * @returns {string | null}
 */
function codeOf(typed, suggestions) {
  const wanted = plain(typed);
  const same = suggestions.find(({ value, label }) =>
    plain(label) === wanted || plain(value) === wanted
  );
  const only = suggestions.length === 1 ? suggestions[0] : undefined;
  return (same ?? only)?.value ?? null;
}

/**
 * @typedef {object} SuggestionsProps
 * @property {string} id
 * @property {string} label
 * @property {readonly Suggestion[]} shown
 * @property {number} at
 * @property {(value: string) => void} onAdd
 */

/** @param {SuggestionsProps} props */
function Suggestions({ id, label, shown, at, onAdd }) {
  useEffect(() => {
    document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [at]);
  // The field keeps the focus while a suggestion is clicked.
  const hold = (/** @type {Event} */ event) => event.preventDefault();
  return html`
    <ul id=${id} role="listbox" aria-label=${label}
      class=${shown.length > 0 ? "suggestions" : "suggestions none"}>
      ${shown.map((one, index) =>
        html`
          <li key=${one.value} id=${`${id}-${index}`} role="option" aria-selected=${index === at}
            class=${index === at ? "choice at" : "choice"} onPointerDown=${hold}
            onClick=${() => onAdd(one.value)}>
            <span>${one.label}</span><span class="muted">${one.note}</span>
          </li>
        `
      )}
    </ul>
  `;
}
