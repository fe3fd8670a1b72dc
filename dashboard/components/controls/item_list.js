// A list of items to edit or delete. The focus moves to the confirmation question, and back to the
// button that asked it.
import { html, useLayoutEffect, useRef, useState } from "../../lib/html.js";
import { Icon } from "../layout/icon.js";
import { refusalOf } from "../../lib/format/refusal.js";
import { useApp } from "../../lib/state/context.js";

/** @typedef {{ key: string, title: unknown, detail?: unknown }} Item */

/**
 * @typedef {object} ItemListProps
 * @property {readonly Item[]} items
 * @property {string} empty text of an empty list
 * @property {(key: string) => Promise<unknown>} onRemove rejects with what went wrong
 * @property {((key: string) => void) | null} [onEdit] null or missing: nothing can be changed
 * @property {string} [edited] the item whose place the editor takes, or ""
 * @property {unknown} [editor]
 * @property {Record<"remove" | "sure" | "cancel", string> & { edit?: string }} texts
 */

/** @param {ItemListProps} props */
export function ItemList({ items, empty, onRemove, onEdit, edited = "", editor, texts }) {
  const { t } = useApp();
  const [asked, setAsked] = useState("");
  const [fault, setFault] = useState("");
  const focusOn = useFocus(edited);
  const ask = (/** @type {string} */ key) => {
    focusOn(`cancel ${key}`);
    setAsked(key);
  };
  const cancel = () => {
    focusOn(`remove ${asked}`);
    setAsked("");
  };
  const remove = () =>
    onRemove(asked).then(
      () => {
        setFault("");
        focusOn("all");
      },
      (error) => setFault(refusalOf(error, t)),
    ).then(() => setAsked(""));
  const buttonsOf = (/** @type {Item} */ { key, title }) =>
    asked === key
      ? html`
        <button type="button" class="button small danger" onClick=${remove}>${texts.sure}</button>
        <button type="button" class="button small" data-focus=${`cancel ${key}`}
          onClick=${cancel}>${texts.cancel}</button>
      `
      : html`
        ${onEdit && html`
          <button type="button" class="button quiet square small" data-focus=${`edit ${key}`}
            aria-label=${`${texts.edit}: ${title}`} title=${texts.edit}
            onClick=${() => onEdit(key)}><${Icon} name="edit" /></button>
        `}
        <button type="button" class="button quiet square small" data-focus=${`remove ${key}`}
          aria-label=${`${texts.remove}: ${title}`} title=${texts.remove}
          onClick=${() => ask(key)}><${Icon} name="trash" /></button>
      `;
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || asked === "") return;
    event.stopPropagation();
    cancel();
  };
  return html`
    <div class="item-list" tabindex="-1" data-focus="all" ref=${focusOn.root}
      onKeyDown=${onKeyDown}>
      ${items.length === 0 ? html`<p class="muted">${empty}</p>` : html`
        <ul class="items">
          ${items.map((item) =>
            item.key === edited ? html`<li key=${item.key} class="edited">${editor}</li>` : html`
              <li key=${item.key}>
                <span class="item-words">
                  <b>${item.title}</b>
                  ${item.detail && html`<span class="muted">${item.detail}</span>`}
                </span>
                ${buttonsOf(item)}
              </li>
            `
          )}
        </ul>
      `}
      ${fault !== "" && html`<p class="fault-line" role="alert">${fault}</p>`}
    </div>
  `;
}

/**
 * A function that moves the focus to the element marked by `data-focus` after the next render.
 * After an edit, the focus returns to the button that started it.
 * @param {string} edited
 */
function useFocus(edited) {
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const wanted = useRef("");
  const before = useRef(edited);
  useLayoutEffect(() => {
    if (edited === "" && before.current !== "") wanted.current = `edit ${before.current}`;
    before.current = edited;
    if (wanted.current === "") return;
    const found = root.current?.parentElement?.querySelector(`[data-focus="${wanted.current}"]`);
    wanted.current = "";
    if (found instanceof HTMLElement) found.focus();
  });
  return Object.assign((/** @type {string} */ name) => {
    wanted.current = name;
  }, { root });
}
