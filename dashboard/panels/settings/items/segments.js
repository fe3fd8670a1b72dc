// The segments of a site and their editor.
import { FilterChips } from "../../../components/controls/filter_chips.js";
import { FilterEditor } from "../../../components/fields/filter_editor.js";
import { TextField } from "../../../components/fields/item_form.js";
import { parseFilters, printFilters } from "../../../grammar/filter.js";
import { filterWords, sentence } from "../../../lib/format/filter_words.js";
import { html, useState } from "../../../lib/html.js";
import { useApp } from "../../../lib/state/context.js";
import { ItemsPanel, sameBody } from "./items_panel.js";

/** @typedef {import("./items_panel.js").Item} Item */
/** @typedef {import("../../../components/fields/item_form.js").Values} Values */
/** @typedef {import("../../../components/fields/item_form.js").Put} Put */

/**
 * The filters of a segment joined by AND, one by one.
 * @param {unknown} text
 * @returns {readonly import("../../../grammar/filter.js").Filter[]}
 */
function partsOf(text) {
  const filters = parseFilters(String(text)).value ?? [];
  const [first] = filters;
  return filters.length === 1 && first && "of" in first && first.op === "and" ? first.of : filters;
}

/** Segments: saved filters. */
export function Segments() {
  const app = useApp();
  const { t } = app;
  const [open, setOpen] = useState(
    /** @type {{ index: number, text: string, put: Put } | null} */ (null),
  );
  const fields = (/** @type {Values} */ values, /** @type {Put} */ put) => {
    const text = values["filters"] ?? "";
    const filters = parseFilters(text).value ?? [];
    const keep = (/** @type {readonly import("../../../grammar/filter.js").Filter[]} */ kept) =>
      put("filters", printFilters(kept));
    const edit = (/** @type {number} */ index) => setOpen({ index, text, put });
    const texts = { filters: t("filters"), remove: t("remove"), clear: t("filters_clear") };
    return html`
      <${TextField} label=${t("name")} name="name" values=${values} put=${put} />
      <div class="filters">
        <${FilterChips} texts=${texts} onEdit=${edit} onClear=${() => keep([])}
          chips=${filters.map((filter) => ({
            key: printFilters([filter]),
            ...filterWords(filter, app),
          }))}
          onRemove=${(/** @type {number} */ index) => keep(filters.toSpliced(index, 1))} />
        <button type="button" class="button small" onClick=${() => edit(filters.length)}>
          ${t("filter_add")}</button>
      </div>
    `;
  };
  const wordsOf = (/** @type {Item} */ { name = "", filters }) => ({
    title: name,
    detail: partsOf(filters).map((filter) => sentence(filter, app)).join(` ${t("and")} `),
  });
  const valuesOf = (/** @type {Item} */ { name = "", filters }) => ({
    name,
    filters: printFilters(partsOf(filters)),
  });
  const filters = parseFilters(open?.text ?? "").value ?? [];
  return html`
    <${ItemsPanel} kind="segments" title=${t("segments")} hint=${t("segments_hint")}
      fields=${fields} valuesOf=${valuesOf} wordsOf=${wordsOf}
      bodyOf=${sameBody} />
    ${open && html`
      <${FilterEditor} filter=${filters[open.index]} onClose=${() => setOpen(null)}
        onDone=${(/** @type {readonly import("../../../grammar/filter.js").Filter[]} */ made) => {
          const taken = open.index < filters.length ? 1 : 0;
          open.put("filters", printFilters(filters.toSpliced(open.index, taken, ...made)));
          setOpen(null);
        }} />
    `}
  `;
}
