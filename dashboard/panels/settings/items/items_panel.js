// The panel of one kind of items of a site, such as its goals: list, create, edit, delete. Each
// kind defines its fields and how its items are read and written.
import { ItemForm } from "../../../components/fields/item_form.js";
import { ItemList } from "../../../components/controls/item_list.js";
import { Panel, Skeleton } from "../../../components/layout/panel.js";
import { PanelFault } from "../../../components/report/panel_fault.js";
import { sitePath } from "../../../lib/ask/api.js";
import { useAnswer } from "../../../lib/ask/answer.js";
import { html } from "../../../lib/html.js";
import { useItems } from "../../../lib/items.js";
import { useApp } from "../../../lib/state/context.js";

/** @typedef {{ id: number, name?: string, [key: string]: unknown }} Item */
/** @typedef {import("../../../components/fields/item_form.js").Values} Values */

/**
 * `fields` draws the form fields; `valuesOf` reads their texts from an item, `bodyOf` makes the
 * request body from them, null if incomplete.
 * @typedef {object} ItemsProps
 * @property {string} kind last part of the path
 * @property {string} title
 * @property {string} hint
 * @property {(item: Item) => { title: string, detail: string }} wordsOf
 * @property {import("../../../components/fields/item_form.js").Fields} fields
 * @property {(item: Item) => Values} valuesOf
 * @property {(values: Values) => Readonly<Record<string, unknown>>} bodyOf
 * @property {Values} [start] of a new one; missing where new ones are made elsewhere
 */

/** @param {ItemsProps} props */
export function ItemsPanel({ kind, title, hint, wordsOf, fields, valuesOf, bodyOf, start }) {
  const { t, site } = useApp();
  /** @type {import("../../../lib/ask/answer.js").Answer<readonly Item[]>} */
  const { data, fault: lost, retry, refresh } = useAnswer(
    sitePath(site.site_id, `/${kind}`),
  );
  const { item, add, change, cancel, list } = useItems(kind, data, refresh);
  const onAdd = (/** @type {Values} */ values) => {
    const given = Object.entries(bodyOf(values)).filter(([, value]) => value !== null);
    return add(Object.fromEntries(given));
  };
  const editor = item && html`
    <${ItemForm} key=${item.id} fields=${fields} start=${valuesOf(item)} action=${t("save")}
      label=${`${t("edit")}: ${wordsOf(item).title}`} onCancel=${cancel}
      onSave=${(/** @type {Values} */ values) => change(bodyOf(values))} />
  `;
  return html`
    <${Panel} title=${title} busy=${data === null && lost === null}>
      <div class="settings-body">
        <p class="muted">${hint}</p>
        ${data && html`
          <${ItemList} ...${list} empty=${t("items_none")} editor=${editor}
            items=${data.map((one) => ({ key: String(one.id), ...wordsOf(one) }))} />
        `}
        ${lost && html`<${PanelFault} fault=${lost} onRetry=${retry} />`}
        ${!data && !lost && html`<${Skeleton} rows=${1} />`}
        ${start && html`
          <${ItemForm} fields=${fields} start=${start} action=${t("add")} onSave=${onAdd} />
        `}
      </div>
      <//>
  `;
}

/**
 * For kinds whose fields are the request body.
 * @param {Values} values
 */
export const sameBody = (values) => values;
