// A modal dialog. The browser traps the focus in it. The first field has the focus at first; what
// was begun is thrown away only after a question.
import { html, useEffect, useId, useRef, useState } from "../../lib/html.js";
import { Icon } from "./icon.js";

/**
 * @typedef {object} DialogProps
 * @property {string} title
 * @property {string} close name of the button that closes
 * @property {() => void} onClose
 * @property {Begun | null} [begun] something in it would be lost
 * @property {string} [class]
 * @property {unknown} [children]
 */

/** @typedef {Record<"question" | "discard" | "keep", string>} Begun */

/** The first field of a dialog, rather than the button that closes it. */
const FIELD = "[autofocus], input:not([readonly]), select, textarea";

/** @param {DialogProps} props */
export function Dialog({ title, close, onClose, begun = null, class: extra = "", children }) {
  const id = useId();
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    const field = dialog.current?.querySelector(`.dialog-content :is(${FIELD})`);
    if (field instanceof HTMLElement) field.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const [asked, setAsked] = useState(false);
  const leave = () => begun ? setAsked(!asked) : onClose();
  const onClick = (/** @type {MouseEvent} */ event) => {
    if (event.target === dialog.current) leave();
  };
  // The browser closes on Escape by itself, whatever was begun.
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    leave();
  };
  return html`
    <dialog ref=${dialog} class=${extra} aria-labelledby=${id} onClose=${onClose}
      onClick=${onClick} onKeyDown=${onKeyDown}>
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id=${id}>${title}</h2>
          <button type="button" class="button quiet square" aria-label=${close} onClick=${leave}>
            <${Icon} name="close" />
          </button>
        </div>
        ${asked && begun && html`
          <${Question} begun=${begun} onDiscard=${onClose} onKeep=${() => setAsked(false)} />
        `}
        <div class="dialog-content">${children}</div>
      </div>
    </dialog>
  `;
}

/** @param {{ begun: Begun, onDiscard: () => void, onKeep: () => void }} props */
function Question({ begun, onDiscard, onKeep }) {
  const keep = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => keep.current?.focus(), []);
  return html`
    <div class="dialog-question" role="alertdialog" aria-label=${begun.question}>
      <span>${begun.question}</span>
      <button type="button" class="button small danger" onClick=${onDiscard}>
        ${begun.discard}</button>
      <button ref=${keep} type="button" class="button small" onClick=${onKeep}>
        ${begun.keep}</button>
    </div>
  `;
}
