// The active filters as chips, with buttons to edit, save and clear them.
import { Dialog } from "../../components/layout/dialog.js";
import { FilterChips } from "../../components/controls/filter_chips.js";
import { ask, sitePath } from "../../lib/ask/api.js";
import { useApp } from "../../lib/state/context.js";
import { printFilters } from "../../grammar/filter.js";
import { html, useId, useState } from "../../lib/html.js";
import { filterWords } from "../../lib/format/filter_words.js";
import { refusalOf } from "../../lib/format/refusal.js";

/** @param {{ onEdit: (index: number) => void }} props */
export function Filters({ onEdit }) {
  const app = useApp();
  const { t, state, navigate, owner } = app;
  const [saving, setSaving] = useState(false);
  const { filters } = state;
  if (filters.length === 0) return null;
  const chips = filters.map((filter) => ({
    key: printFilters([filter]),
    ...filterWords(filter, app),
  }));
  return html`
    <div class="filters">
      <${FilterChips} chips=${chips} onEdit=${onEdit}
        onRemove=${(/** @type {number} */ index) =>
          navigate({ filters: filters.toSpliced(index, 1) })}
        onClear=${() => navigate({ filters: [] })}
        texts=${{ filters: t("filters"), remove: t("remove"), clear: t("filters_clear") }} />
      ${owner && html`
        <button type="button" class="button quiet small" onClick=${() => setSaving(true)}>
          ${t("segment_save")}
        </button>
      `}
      ${saving && html`<${SaveSegment} onClose=${() => setSaving(false)} />`}
    </div>
  `;
}

/** @param {{ onClose: () => void }} props */
function SaveSegment({ onClose }) {
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
    <${Dialog} title=${t("segment_save")} close=${t("close")} onClose=${onClose} class="narrow">
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
