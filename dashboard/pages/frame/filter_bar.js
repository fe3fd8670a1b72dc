// The active filters as chips, with buttons to edit, save and clear them.
import { FilterChips } from "../../components/controls/filter_chips.js";
import { Lazy } from "../../components/layout/lazy.js";
import { useApp } from "../../lib/state/context.js";
import { printFilters } from "../../grammar/filter.js";
import { html, useState } from "../../lib/html.js";
import { filterWords } from "../../lib/format/filter_words.js";
import { withPageWords } from "../../lib/format/words.js";

const loadSegment = withPageWords(() => import("../dialogs/segment.js"));

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
      ${saving && html`
        <${Lazy} load=${loadSegment} place="dialog" onClose=${() => setSaving(false)} />
      `}
    </div>
  `;
}
