// A field for values of a dimension, with those that occur in the data as suggestions.
import { TokenField } from "../components/token_field.js";
import { useAnswer } from "../lib/answer.js";
import { withParams } from "../lib/api.js";
import { useApp } from "../lib/context.js";
import { html, useState } from "../lib/html.js";
import { dimensionOf } from "../lib/schema.js";
import { useSuggestions } from "../lib/suggest.js";
import { labelOf } from "./labels.js";
import { questionOf } from "./question.js";

const SUGGESTIONS_MAX = 12;

/**
 * @typedef {object} ValueFieldProps
 * @property {string} dimension
 * @property {readonly string[]} values
 * @property {(values: readonly string[]) => void} onChange
 * @property {boolean} [single]
 * @property {string} [label]
 * @property {string} [placeholder]
 */

/** @param {ValueFieldProps} props */
export function ValueField({ dimension, values, onChange, single = false, label, placeholder }) {
  const app = useApp();
  const { t, name, format, schema, site, state } = app;
  const [text, setText] = useState(/** @type {string | null} */ (null));
  // Suggestions are of the period, whatever the filters: another filter may be meant.
  const question = questionOf({ site, state: { ...state, filters: [] } }, "values", {
    dimension,
    text,
    limit: SUGGESTIONS_MAX,
  });
  /** @type {readonly { value: string, visitors: number }[]} */
  const rows = useSuggestions(text === null || dimension === "" ? null : question);
  const row = dimensionOf(schema, dimension);
  const write = (/** @type {string} */ value) => row ? labelOf(row, value, app).text : value;
  const suggestions = rows.map(({ value, visitors }) => ({
    value,
    label: write(value),
    note: format.compact(visitors),
  }));
  const texts = {
    label: label ?? name("dimension", dimension),
    remove: t("remove"),
    placeholder: placeholder ?? t("type_or_choose"),
  };
  return html`
    <${TokenField} values=${values} labelOf=${write} onChange=${onChange} single=${single}
      suggestions=${suggestions} onText=${setText} texts=${texts} />
  `;
}

/**
 * Keys of custom properties, most used first.
 * @returns {readonly string[]}
 */
export function usePropertyKeys() {
  const { site, state } = useApp();
  const path = questionOf({ site, state: { ...state, filters: [] } }, "values", {
    dimension: "props",
    limit: 50,
  });
  /** @type {readonly { value: string }[]} */
  const rows = useAnswer(path, { last: true }).data ?? [];
  return rows.map(({ value }) => value);
}

/**
 * A path of the server below a site.
 * @param {string} site
 * @param {string} rest
 */
export function sitePath(site, rest) {
  return withParams(`api/sites/${encodeURIComponent(site)}${rest}`, {});
}
