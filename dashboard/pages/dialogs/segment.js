// The dialog that keeps the filters of the page as a segment.
import { Dialog, discardQuestion } from "../../components/layout/dialog.js";
import { printFilters } from "../../grammar/filter.js";
import { ask, sitePath } from "../../lib/ask/api.js";
import { refusalOf } from "../../lib/format/refusal.js";
import { html, useId, useState } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";

/** @param {{ onClose: () => void }} props */
export function SegmentDialog({ onClose }) {
  const { t, site, state, navigate } = useApp();
  const [name, setName] = useState("");
  const [fault, setFault] = useState("");
  const id = useId();
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const filters = printFilters(state.filters);
    try {
      await ask(sitePath(site.site_id, "/segments"), { method: "POST", body: { name, filters } });
      navigate({ filters: [{ op: "is", dimension: "segment", values: [name] }] });
      onClose();
    } catch (error) {
      setFault(refusalOf(error, t));
    }
  };
  return html`
    <${Dialog} title=${t("segment_save")} close=${t("close")} onClose=${onClose}
      question=${discardQuestion(t)} class="narrow">
      <form class="form" onSubmit=${onSubmit}>
        <label for=${id}>${t("name")}</label>
        <input id=${id} class="field" required maxlength="200" value=${name}
          onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
            setName(target.value)} />
        <p class="fault-line" role="alert">${fault}</p>
        <button class="button primary">${t("save")}</button>
      </form>
      <//>
  `;
}
