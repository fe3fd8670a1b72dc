// The annotations of a site, shown on the chart, and their editor.
import { TextField } from "../../../components/fields/item_form.js";
import { html } from "../../../lib/html.js";
import { useApp } from "../../../lib/state/context.js";
import { ItemsPanel, sameBody } from "./items_panel.js";

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
    `;
  const wordsOf = (/** @type {Item} */ { date, text }) => ({
    title: String(text),
    detail: String(date).length > 10 ? format.bucketLong(String(date)) : format.day(String(date)),
  });
  return html`
    <${ItemsPanel} kind="annotations" title=${t("annotations")} hint=${t("annotations_hint")}
      fields=${fields} bodyOf=${sameBody}
      valuesOf=${(/** @type {Item} */ { date, text }) => ({
        date: String(date),
        text: String(text),
      })}
      wordsOf=${wordsOf} start=${{ date: today }} />
  `;
}
