// The active filters, one chip each: a click edits it, its cross removes it.
import { html } from "../../lib/html.js";
import { Icon } from "../layout/icon.js";

/**
 * @typedef {object} Chip
 * @property {string} key
 * @property {readonly string[]} subject what is asked
 * @property {string} verb
 * @property {string} object
 */

/**
 * @typedef {object} FilterChipsProps
 * @property {readonly Chip[]} chips
 * @property {(index: number) => void} onEdit
 * @property {(index: number) => void} onRemove
 * @property {() => void} onClear
 * @property {Record<"filters" | "remove" | "clear", string>} texts
 */

/** @param {FilterChipsProps} props */
export function FilterChips({ chips, onEdit, onRemove, onClear, texts }) {
  if (chips.length === 0) return null;
  const remove = (/** @type {MouseEvent} */ { currentTarget }, /** @type {number} */ index) => {
    const around = currentTarget instanceof Element
      ? currentTarget.closest("section, form, li, main")
      : null;
    onRemove(index);
    // The button that had the focus is gone after the next drawing.
    requestAnimationFrame(() => {
      const others = around?.querySelectorAll(".chip-cross") ?? [];
      const next = others[Math.min(index, others.length - 1)] ?? around?.querySelector("button");
      if (next instanceof HTMLElement) next.focus();
    });
  };
  return html`
    <div class="chips" role="group" aria-label=${texts.filters}>
      ${chips.map(({ key, subject, verb, object }, index) =>
        html`
          <span key=${key} class="chip">
            <button type="button" class="chip-text" onClick=${() => onEdit(index)}>
              ${subject.join(" ")} <span class="muted">${verb}</span> <b>${object}</b>
            </button>
            <button type="button" class="chip-cross" onClick=${(/** @type {MouseEvent} */ event) =>
              remove(event, index)}
              aria-label=${`${texts.remove}: ${subject.join(" ")} ${verb} ${object}`}>
              <${Icon} name="close" size=${12} />
            </button>
          </span>
        `
      )}
      ${chips.length > 1 && html`
        <button type="button" class="button quiet small" onClick=${onClear}>${texts.clear}</button>
      `}
    </div>
  `;
}
