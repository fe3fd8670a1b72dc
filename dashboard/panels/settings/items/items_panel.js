// The panel of one kind of items of a site, such as its goals: list, create, edit, delete. Each
// kind defines its fields and how its items are read and written.
import { ItemForm } from "../../../components/fields/item_form.js";
import { ItemList } from "../../../components/controls/item_list.js";
import { Panel, Skeleton } from "../../../components/layout/panel.js";
import { PanelFault } from "../../../components/report/panel_fault.js";
import { ask, sitePath } from "../../../lib/ask/api.js";
import { useAnswer } from "../../../lib/ask/answer.js";
import { html, useState } from "../../../lib/html.js";
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
  const path = sitePath(site.site_id, `/${kind}`);
  /** @type {import("../../../lib/ask/answer.js").Answer<readonly Item[]>} */
  const { data, fault: lost, retry, refresh } = useAnswer(path);
  const [edited, setEdited] = useState("");
  const item = data?.find(({ id }) => String(id) === edited);
  const add = async (/** @type {Values} */ values) => {
    const given = Object.entries(bodyOf(values)).filter(([, value]) => value !== null);
    await ask(path, { method: "POST", body: Object.fromEntries(given) });
    refresh();
  };
  const change = async (/** @type {Values} */ values) => {
    await ask(`${path}/${edited}`, { method: "PATCH", body: bodyOf(values) });
    setEdited("");
    refresh();
  };
  const remove = (/** @type {string} */ id) =>
    ask(`${path}/${id}`, { method: "DELETE" }).then(refresh);
  const texts = {
    edit: t("edit"),
    remove: t("remove"),
    sure: t("remove_sure"),
    cancel: t("cancel"),
  };
  const editor = item && html`
    <${ItemForm} key=${edited} fields=${fields} start=${valuesOf(item)} action=${t("save")}
      label=${`${t("edit")}: ${wordsOf(item).title}`} onSave=${change}
      onCancel=${() => setEdited("")} />
  `;
  return html`
    <${Panel} title=${title} busy=${data === null && lost === null}>
      <div class="settings-body">
        <p class="muted">${hint}</p>
        ${data && html`
          <${ItemList} empty=${t("items_none")} onRemove=${remove} onEdit=${setEdited}
            edited=${item ? edited : ""} editor=${editor} texts=${texts}
            items=${data.map((one) => ({ key: String(one.id), ...wordsOf(one) }))} />
        `}
        ${lost && html`<${PanelFault} fault=${lost} onRetry=${retry} />`}
        ${!data && !lost && html`<${Skeleton} rows=${1} />`}
        ${start && html`
          <${ItemForm} fields=${fields} start=${start} action=${t("add")} onSave=${add} />
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
