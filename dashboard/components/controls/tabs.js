// Tabs; those that do not fit move into a menu behind the last one.
import { html } from "../../lib/html.js";
import { Icon } from "../layout/icon.js";

/** @typedef {{ name: string, label: string }} Tab */

/**
 * @typedef {object} TabsProps
 * @property {string} label what is chosen, for those who do not see it
 * @property {readonly Tab[]} tabs shown side by side
 * @property {readonly Tab[]} [more] shown in a list
 * @property {string} [moreLabel] what the list is called while none of it is chosen; without it
 *   there is no list
 * @property {string} current
 * @property {(name: string) => void} onChoose
 */

/** @param {TabsProps} props */
export function Tabs({ label, tabs, more = [], moreLabel = "", current, onChoose }) {
  if (tabs.length + more.length < 2) return null;
  const inMore = more.some(({ name }) => name === current);
  const onChange = (/** @type {{ target: HTMLSelectElement }} */ { target }) =>
    target.value !== "" && onChoose(target.value);
  return html`
    <div class="tabs" role="group" aria-label=${label}>
      ${tabs.map((tab) =>
        html`
          <button key=${tab.name} type="button" class="tab" aria-pressed=${tab.name === current}
            onClick=${() => onChoose(tab.name)}>${tab.label}</button>
        `
      )}
      ${moreLabel !== "" && html`
        <label class=${inMore ? "select tab on" : "select tab"}>
          <select aria-label=${moreLabel} disabled=${more.length === 0} value=${inMore
            ? current
            : ""} onChange=${onChange}>
            ${!inMore && html`<option value="">${moreLabel}</option>`}
            ${more.map(({ name, label }) =>
              html`<option key=${name} value=${name}>${label}</option>`
            )}
          </select>
          <${Icon} name="down" size=${12} />
        </label>
      `}
    </div>
  `;
}
