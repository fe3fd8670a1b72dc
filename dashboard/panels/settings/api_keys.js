// The API keys panel: create (shown once), list, revoke.
import { CopyBox } from "../../components/controls/copy_box.js";
import { ItemList } from "../../components/controls/item_list.js";
import { Panel, Skeleton } from "../../components/layout/panel.js";
import { ask } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html, useId, useState } from "../../lib/html.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { refusalOf } from "../../lib/format/refusal.js";

/**
 * @typedef {object} ApiKey
 * @property {string} key_hash
 * @property {string} name
 * @property {string} scope
 * @property {string} created_at
 * @property {boolean} revoked
 */

/** Draws the list and the form. */
export function ApiKeys() {
  const { t, format } = useApp();
  /** @type {import("../../lib/ask/answer.js").Answer<readonly ApiKey[]>} */
  const { data, fault, stale, retry, refresh } = useAnswer("api/keys");
  const [made, setMade] = useState("");
  const items = (data ?? []).filter(({ revoked }) => !revoked).map((key) => ({
    key: key.key_hash,
    title: key.name,
    detail: `${t(key.scope === "Admin" ? "key_admin" : "key_read")}, ${
      format.day(key.created_at.slice(0, 10))
    }`,
  }));
  return html`
    <${Panel} title=${t("api_keys")} busy=${stale}>
      <div class="settings-body">
        <p class="muted">${t("api_keys_hint")}</p>
        ${data && html`
          <${ItemList} items=${items} empty=${t("items_none")}
            onRemove=${(/** @type {string} */ hash) =>
              ask(`api/keys/${hash}`, { method: "DELETE" }).then(refresh)}
            texts=${{ remove: t("key_revoke"), sure: t("key_revoke"), cancel: t("cancel") }} />
        `}
        ${fault && html`<${PanelFault} fault=${fault} onRetry=${retry} />`}
        ${!data && !fault && html`<${Skeleton} rows=${1} />`}
        ${made !== "" && html`
          <div class="made-key" role="status">
            <p>${t("key_made")}</p>
            <${CopyBox} text=${made} label=${t("key_made")} copy=${t("copy")}
              copied=${t("copied")} />
          </div>
        `}
        <${NewKey} onMade=${(/** @type {string} */ key) => {
          setMade(key);
          refresh();
        }} />
      </div>
      <//>
  `;
}

/** @param {{ onMade: (key: string) => void }} props */
function NewKey({ onMade }) {
  const { t } = useApp();
  const [name, setName] = useState("");
  const [scope, setScope] = useState("ReadOnly");
  const [fault, setFault] = useState("");
  const id = useId();
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      const answer = await ask("api/keys", { method: "POST", body: { name, scope } });
      onMade(/** @type {{ key: string }} */ (answer).key);
      setName("");
      setFault("");
    } catch (error) {
      setFault(refusalOf(error, t));
    }
  };
  return html`
    <form class="item-form" onSubmit=${onSubmit}>
      <div class="form-field">
        <label for=${id}>${t("name")}</label>
        <input id=${id} class="field" required maxlength="128" value=${name}
          onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
            setName(target.value)} />
      </div>
      <div class="form-field">
        <label for=${`${id}-scope`}>${t("key_scope")}</label>
        <select id=${`${id}-scope`} class="field" value=${scope}
          onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
            setScope(target.value)}>
          <option value="ReadOnly">${t("key_read")}</option>
          <option value="Admin">${t("key_admin")}</option>
        </select>
      </div>
      <button class="button">${t("key_new")}</button>
      <p class="fault-line" role="alert">${fault}</p>
    </form>
  `;
}
