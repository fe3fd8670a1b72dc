// The annotations of a site, shown on the chart, and their editor.
import { TextField } from "../../../components/fields/item_form.js";
import { html } from "../../../lib/html.js";
import { useApp } from "../../../lib/state/context.js";
import { ItemsPanel } from "./items_panel.js";

/** @typedef {import("./items_panel.js").Item} Item */
/** @typedef {import("../../../components/fields/item_form.js").Values} Values */
/** @typedef {import("../../../components/fields/item_form.js").Put} Put */

/** Annotations: notes on the chart. */
export function Annotations() {
  const { t, format, today } = useApp();
  const fields = (/** @type {Values} */ values, /** @type {Put} */ put) =>
    html`
      <${TextField} label=${t("date")} name="date" values=${values} put=${put}
        type=${values["date"]?.includes("T") ? "datetime-local" : "date"} />
      <${TextField} label=${t("annotation_text")} name="text" values=${values} put=${put} />
      <label class="check">
        <input type="checkbox" checked=${values["public"] === "true"}
          onChange=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
            put("public", String(target.checked))} /> ${t("annotation_public")}
      </label>
    `;
  const wordsOf = (/** @type {Item} */ { date, text }) => ({
    title: String(text),
    detail: String(date).length > 10 ? format.bucketLong(String(date)) : format.day(String(date)),
  });
  return html`
    <${ItemsPanel} kind="annotations" title=${t("annotations")} hint=${t("annotations_hint")}
      fields=${fields}
      bodyOf=${(/** @type {Values} */ values) => ({
        ...values,
        public: values["public"] === "true",
      })}
      valuesOf=${(/** @type {Item} */ { date, text, public: isPublic }) => ({
        date: String(date),
        text: String(text),
        public: String(isPublic === true),
      })}
      wordsOf=${wordsOf} start=${{ date: today }} />
  `;
}
