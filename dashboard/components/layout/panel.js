// The card every report stands in, and what it shows when it has no numbers: not yet, none, or a
// fault. The height is the caller's, so that nothing jumps when the answer comes.
import { html, useId } from "../../lib/html.js";
import { Icon } from "./icon.js";

/**
 * @typedef {object} PanelProps
 * @property {unknown} title
 * @property {unknown} [actions]
 * @property {boolean} [busy]
 * @property {string} [class]
 * @property {unknown} [children]
 */

/** @param {PanelProps} props */
export function Panel({ title, actions, busy = false, class: extra = "", children }) {
  const id = useId();
  return html`
    <section class=${`panel ${extra}`} aria-labelledby=${id} aria-busy=${busy}>
      <div class="panel-head">
        <h2 id=${id}>${title}</h2>
        ${actions}
      </div>
      ${children}
    </section>
  `;
}

/**
 * Nothing to show, and why that may be so.
 * @param {{ title: string, hint?: string }} props
 */
export function Empty({ title, hint }) {
  return html`
    <div class="blank">
      <p>${title}</p>
      ${hint && html`<p class="muted">${hint}</p>`}
    </div>
  `;
}

/**
 * Something went wrong; one can ask again.
 * @param {{ title: string, detail: string, action: string, onRetry: () => void }} props
 */
export function Fault({ title, detail, action, onRetry }) {
  return html`
    <div class="blank fault" role="status">
      <${Icon} name="alert" size=${20} />
      <p>${title}</p>
      <p class="muted">${detail}</p>
      <button type="button" class="button" onClick=${onRetry}>
        <${Icon} name="retry" />${action}
      </button>
    </div>
  `;
}

/**
 * The shape of rows to come.
 * @param {{ rows: number }} props
 */
export function Skeleton({ rows }) {
  return html`
    <div class="to-come" aria-hidden="true">
      ${Array.from({ length: rows }, (_, index) =>
        html`
          <p key=${index}>
            <i style=${{ width: `${46 - ((index * 17) % 23) - index * 2}%` }} /><i /><i />
          </p>
        `)}
    </div>
  `;
}
