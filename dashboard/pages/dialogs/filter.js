// The dialog that adds or edits a filter of the page.
import { FilterEditor } from "../../components/fields/filter_editor.js";
import { html } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";

/** @typedef {import("../../grammar/filter.js").Filter} Filter */

/**
 * @typedef {object} FilterDialogProps
 * @property {number} index of the filter among those of the page; past the end for a new one
 * @property {() => void} onClose
 */

/** @param {FilterDialogProps} props */
export function FilterDialog({ index, onClose }) {
  const { state, navigate } = useApp();
  const filter = state.filters[index];
  const save = (/** @type {readonly Filter[]} */ filters) => {
    navigate({ filters: state.filters.toSpliced(index, filter ? 1 : 0, ...filters) });
    onClose();
  };
  return html`
    <${FilterEditor} filter=${filter} segments=${!filter} onDone=${save} onClose=${onClose} />
  `;
}
