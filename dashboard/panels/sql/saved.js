// The statements that are kept with a site: saved, opened, changed, deleted.
import { ItemForm, TextField } from "../../components/fields/item_form.js";
import { ItemList } from "../../components/controls/item_list.js";
import { Panel } from "../../components/layout/panel.js";
import { html } from "../../lib/html.js";
import { useItems } from "../../lib/items.js";
import { useApp } from "../../lib/state/context.js";

/** @typedef {import("../../components/fields/item_form.js").Values} Values */
/** @typedef {import("../../components/fields/item_form.js").Put} Put */

/**
 * @typedef {object} SavedProps
 * @property {import("../../lib/format/sql_words.js").SqlWords} w
 * @property {string} text the statement to save
 * @property {readonly import("../../lib/ask/sql.js").SavedQuery[]} saved
 * @property {(text: string) => void} onOpen
 * @property {() => void} onChange
 */

/** @param {SavedProps} props */
export function Saved({ w, text, saved, onOpen, onChange }) {
  const { t } = useApp();
  const { item, add, change, cancel, list } = useItems("queries", saved, onChange);
  const nameField = (/** @type {Values} */ values, /** @type {Put} */ put) =>
    html`<${TextField} label=${w("name")} name="name" values=${values} put=${put} />`;
  const fields = (/** @type {Values} */ values, /** @type {Put} */ put) =>
    html`
      ${nameField(values, put)}
      <textarea class="field code-field" rows="6" spellcheck="false" required
        aria-label=${w("statement")} value=${values["query"]}
        onInput=${(/** @type {{ target: HTMLTextAreaElement }} */ { target }) =>
          put("query", target.value)} />
    `;
  const editor = item && html`
    <${ItemForm} key=${item.id} fields=${fields} start=${{ name: item.name, query: item.query }}
      action=${t("save")} label=${`${t("edit")}: ${item.name}`} onSave=${change}
      onCancel=${cancel} />
  `;
  const items = saved.map(({ id, name, query }) => ({
    key: String(id),
    title: name,
    detail: html`
      <button type="button" class="link" aria-label=${w("open_of", { name })}
        onClick=${() => onOpen(query)}>${w("open")}</button>
    `,
  }));
  return html`
    <${Panel} title=${w("saved")}>
      <div class="settings-body">
        <p class="muted">${w("saved_hint")}</p>
        <${ItemList} ...${list} items=${items} empty=${w("saved_none")} editor=${editor} />
        ${text.trim() !== "" && html`
          <${ItemForm} fields=${nameField} start=${NO_NAME} action=${w("save")}
            onSave=${(/** @type {Values} */ values) => add({ ...values, query: text })} />
        `}
      </div>
      <//>
  `;
}

/** @type {Values} */
const NO_NAME = { name: "" };
