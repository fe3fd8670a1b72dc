// The current site, and a searchable list of all sites.
import { html, useEffect, useId, useRef, useState } from "../../lib/html.js";
import { shownHost } from "../../grammar/host_name.js";
import { Dropdown } from "./dropdown.js";
import { Icon } from "../layout/icon.js";

/**
 * @typedef {object} SitePickerProps
 * @property {readonly { id: string, name: string }[]} sites
 * @property {string} current
 * @property {boolean} open
 * @property {(open: boolean) => void} onToggle
 * @property {(id: string) => void} onChoose
 * @property {Record<"choose" | "search" | "none" | "all" | "add", string>} texts
 * @property {() => void} onAll
 * @property {(() => void) | null} onAdd null where none may be added
 */

/** @param {SitePickerProps} props */
export function SitePicker(props) {
  const { sites, current, open, onToggle, texts } = props;
  const name = sites.find(({ id }) => id === current)?.name ?? shownHost(current);
  const face = html`
    <span class="site-name">${name}</span><span class="visually-hidden">, ${texts.choose}</span>
    <${Icon} name="down" />
  `;
  return html`
    <${Dropdown} face=${face} label=${texts.choose} open=${open} onToggle=${onToggle}
      class="quiet site-button">
      <${Choices} ...${props} />
      <//>
  `;
}

/** @param {SitePickerProps} props */
function Choices({ sites, current, onChoose, onAll, onAdd, texts }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const id = useId();
  useEffect(() => field.current?.focus(), []);
  const wanted = text.trim().toLowerCase();
  const found = sites.filter(({ name, id }) => `${name} ${id}`.toLowerCase().includes(wanted));
  const chosen = Math.min(at, found.length - 1);
  useEffect(() => {
    document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const site = found[chosen];
    if (event.key === "Enter" && site) onChoose(site.id);
    else if (event.key === "ArrowDown") setAt(Math.min(chosen + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(chosen - 1, 0));
    else return;
    event.preventDefault();
  };
  return html`
    <div class="search">
      <${Icon} name="search" />
      <input ref=${field} type="text" role="combobox" aria-expanded="true" aria-controls=${id}
        aria-activedescendant=${found.length > 0 ? `${id}-${chosen}` : undefined}
        aria-autocomplete="list" aria-label=${texts.search} placeholder=${texts.search}
        autocomplete="off" spellcheck=${false} value=${text} onKeyDown=${onKeyDown}
        onInput=${(/** @type {{ target: HTMLInputElement }} */ event) => {
          setText(event.target.value);
          setAt(0);
        }} />
    </div>
    <ul class="choices" role="listbox" id=${id} aria-label=${texts.choose}>
      ${found.map(({ id: site, name }, index) =>
        html`
          <li key=${site} id=${`${id}-${index}`} role="option" aria-selected=${site === current}
            class=${index === chosen ? "choice at" : "choice"} onClick=${() => onChoose(site)}>
            <span>${name}</span>${site === current && html`<${Icon} name="check" />`}
          </li>
        `
      )}
    </ul>
    ${found.length === 0 && html`<p class="choices-none muted">${texts.none}</p>`}
    <div class="choices-last">
      <button type="button" class="choice" onClick=${onAll}>${texts.all}</button>
      ${onAdd && html`
        <button type="button" class="choice" onClick=${onAdd}>${texts.add}</button>
      `}
    </div>
  `;
}
