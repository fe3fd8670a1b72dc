// The statement: a plain text field, examples, and the button that runs it.
import { Empty, Panel } from "../../components/layout/panel.js";
import { html, useId } from "../../lib/html.js";
import { EXAMPLES } from "./examples.js";

/**
 * @typedef {object} StatementProps
 * @property {import("../../lib/format/sql_words.js").SqlWords} w
 * @property {string} text
 * @property {boolean} enabled whether the server runs SQL
 * @property {(text: string) => void} onText
 * @property {() => void} onRun
 */

/** @param {StatementProps} props */
export function Statement({ w, text, enabled, onText, onRun }) {
  const id = useId();
  if (!enabled) {
    return html`
      <${Panel} title=${w("title")}>
        <${Empty} title=${w("off")} hint=${w("off_hint")} />
        <//>
    `;
  }
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    onRun();
  };
  const choose = (/** @type {{ target: HTMLSelectElement }} */ { target }) => {
    const found = EXAMPLES.find(({ key }) => key === target.value);
    if (found) onText(found.query);
  };
  return html`
    <${Panel} title=${w("statement")}>
      <div class="settings-body">
        <p class="muted" id=${`${id}-hint`}>${w("intro")} ${w("run_keys")}.</p>
        <textarea class="field code-field" rows="10" spellcheck="false" autocapitalize="off"
          aria-label=${w("statement")} aria-describedby=${`${id}-hint`} value=${text}
          onInput=${(/** @type {{ target: HTMLTextAreaElement }} */ { target }) =>
            onText(target.value)} onKeyDown=${onKeyDown} />
        <div class="form-foot">
          <button type="button" class="button primary" disabled=${text.trim() === ""}
            onClick=${onRun}>${w("run")}</button>
          <select class="field small fit" aria-label=${w("example")} onChange=${choose} value="">
            <option value="">${w("example_choose")}</option>
            ${EXAMPLES.map(({ key }) => html`<option key=${key} value=${key}>${w(key)}</option>`)}
          </select>
        </div>
      </div>
      <//>
  `;
}
