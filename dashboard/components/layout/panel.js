// The card around every report, with its loading, empty and error states. The caller sets the
// height, so that the layout does not shift when the answer arrives.
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
 * The empty state, with a possible reason.
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
 * The error state, with a retry button.
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
 * Placeholder rows while loading.
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
