// A field for values of a dimension, with suggestions from the data.
import { TokenField } from "../controls/token_field.js";
import { useApp } from "../../lib/state/context.js";
import { html, useState } from "../../lib/html.js";
import { dimensionOf } from "../../lib/state/schema.js";
import { useSuggestions } from "../../lib/ask/suggest.js";
import { codesFound, isCoded } from "../../lib/format/codes.js";
import { labelOf } from "../../lib/format/labels.js";
import { reportUrl } from "../../lib/ask/report_url.js";

const SUGGESTIONS_MAX = 12;

/** Values of a dimension whose labels are searched here: there are no more countries. */
const CODES_MAX = 300;

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
  // Suggestions come from the whole period and ignore the filters of the page.
  const coded = isCoded(dimension);
  const question = reportUrl({ site, state: { ...state, filters: [] } }, "values", {
    dimension,
    text: coded ? null : text,
    limit: coded ? CODES_MAX : SUGGESTIONS_MAX,
  });
  /** @type {readonly { value: string, visitors: number }[]} */
  const rows = useSuggestions(text === null || dimension === "" ? null : question);
  const row = dimensionOf(schema, dimension);
  const write = (/** @type {string} */ value) => row ? labelOf(row, value, app).text : value;
  const found = coded ? codesFound(rows, text ?? "", write) : rows;
  const suggestions = found.slice(0, SUGGESTIONS_MAX).map(({ value, visitors }) => ({
    value,
    label: write(value),
    note: format.compact(visitors),
  }));
  const texts = {
    label: label ?? name("dimension", dimension),
    remove: t("remove"),
    placeholder: placeholder ?? t("type_or_choose"),
    unknown: t("value_unknown"),
    several: t("value_several"),
  };
  return html`
    <${TokenField} values=${values} labelOf=${write} onChange=${onChange} single=${single}
      suggestions=${suggestions} onText=${setText} texts=${texts}
      closed=${coded} />
  `;
}
