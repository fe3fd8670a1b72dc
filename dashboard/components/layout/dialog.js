// A modal dialog. The browser traps the focus in it and closes it on Escape.
import { html, useEffect, useId, useRef } from "../../lib/html.js";
import { Icon } from "./icon.js";

/**
 * @typedef {object} DialogProps
 * @property {string} title
 * @property {string} close name of the button that closes
 * @property {() => void} onClose
 * @property {string} [class]
 * @property {unknown} [children]
 */

/** @param {DialogProps} props */
export function Dialog({ title, close, onClose, class: extra = "", children }) {
  const id = useId();
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const onClick = (/** @type {MouseEvent} */ event) => {
    if (event.target === dialog.current) onClose();
  };
  return html`
    <dialog ref=${dialog} class=${extra} aria-labelledby=${id} onClose=${onClose}
      onClick=${onClick}>
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id=${id}>${title}</h2>
          <button type="button" class="button quiet square" aria-label=${close} onClick=${onClose}>
            <${Icon} name="close" />
          </button>
        </div>
        ${children}
      </div>
    </dialog>
  `;
}
