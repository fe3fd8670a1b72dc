// A button that opens a popup below it. Escape, a click elsewhere or Tab out of it closes the popup
// and returns the focus to the button.
import { html, useEffect, useId, useRef } from "../../lib/html.js";

/**
 * @typedef {object} DropdownProps
 * @property {unknown} face what the button shows
 * @property {string} label name of the box, and of the button where its face is no text
 * @property {boolean} open
 * @property {(open: boolean) => void} onToggle
 * @property {string} [class] of the button
 * @property {"start" | "end"} [align]
 * @property {boolean} [faceIsName] whether the face tells the button's name
 * @property {unknown} [children]
 */

/** @param {DropdownProps} props */
export function Dropdown(props) {
  const { face, label, open, onToggle, align = "start", faceIsName = true, children } = props;
  const id = useId();
  const root = useRef(/** @type {HTMLDivElement | null} */ (null));
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => {
    if (!open) return;
    // Focus the popup unless something inside it has the focus already.
    const box = root.current?.querySelector(".sheet");
    if (!box?.contains(document.activeElement)) {
      const first = box?.querySelector("[aria-current=true]") ??
        box?.querySelector("button, input");
      if (first instanceof HTMLElement) first.focus();
    }
    const outside = (/** @type {Event} */ event) => {
      if (!root.current?.contains(/** @type {Node} */ (event.target))) onToggle(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [open]);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    onToggle(false);
    button.current?.focus();
  };
  return html`
    <div class="dropdown" ref=${root} onKeyDown=${onKeyDown}>
      <button type="button" ref=${button} class=${`button ${props.class ?? ""}`}
        aria-expanded=${open} aria-controls=${open ? id : undefined}
        aria-label=${faceIsName ? undefined : label} onClick=${() => onToggle(!open)}>
        ${face}
      </button>
      ${open && html`<div id=${id} class=${`sheet sheet-${align}`} role="group" aria-label=${label}>
        ${children}
      </div>`}
    </div>
  `;
}

/**
 * Moves the focus within a list by arrow keys, Home and End.
 * @param {KeyboardEvent} event
 */
export function moveInList(event) {
  const list = /** @type {HTMLElement} */ (event.currentTarget);
  const items = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button, a, input")]);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = {
    ArrowDown: at + 1,
    ArrowUp: at <= 0 ? items.length - 1 : at - 1,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (to === undefined || (event.target instanceof HTMLInputElement && event.key.length < 5)) {
    return;
  }
  event.preventDefault();
  items[to % items.length]?.focus();
}
