// A list of things one may keep and take away, each a line of words.
import { html, useState } from "../lib/html.js";
import { Icon } from "./icon.js";

/** @typedef {{ key: string, title: unknown, detail?: unknown }} Item */

/**
 * @typedef {object} ItemListProps
 * @property {readonly Item[]} items
 * @property {string} empty what stands there where there is none
 * @property {(key: string) => Promise<unknown>} onRemove rejects with what went wrong
 * @property {Record<"remove" | "sure" | "cancel", string>} texts
 */

/** @param {ItemListProps} props */
export function ItemList({ items, empty, onRemove, texts }) {
  const [asked, setAsked] = useState("");
  const [fault, setFault] = useState("");
  const remove = (/** @type {string} */ key) =>
    onRemove(key).then(
      () => setFault(""),
      (error) => setFault(String(error.message)),
    ).then(() => setAsked(""));
  if (items.length === 0) return html`<p class="muted">${empty}</p>`;
  return html`
    <ul class="items">
      ${items.map(({ key, title, detail }) =>
        html`
          <li key=${key}>
            <span class="item-words">
              <b>${title}</b>${detail && html`<span class="muted">${detail}</span>`}
            </span>
            ${asked === key
              ? html`
                <button type="button" class="button small danger" onClick=${() => remove(key)}>
                  ${texts.sure}</button>
                <button type="button" class="button small" onClick=${() => setAsked("")}>
                  ${texts.cancel}</button>
              `
              : html`
                <button type="button" class="button quiet square small" onClick=${() =>
                  setAsked(key)}
                  aria-label=${`${texts.remove}: ${title}`}><${Icon} name="trash" /></button>
              `}
          </li>
        `
      )}
    </ul>
    <p class="fault-line" role="alert">${fault}</p>
  `;
}
