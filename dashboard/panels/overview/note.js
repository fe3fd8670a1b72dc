// The form for a note on a day of the chart.
import { ItemForm, TextField } from "../../components/fields/item_form.js";
import { ask, sitePath } from "../../lib/ask/api.js";
import { html } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";

/** @param {{ date: string, onKept: () => void, onClose: () => void }} props */
export function NotePanel({ date, onKept, onClose }) {
  const { t, format, site } = useApp();
  const save = async (/** @type {Readonly<Record<string, string>>} */ values) => {
    const body = { date: date.slice(0, 16).replace(" ", "T"), text: values["text"] ?? "" };
    await ask(sitePath(site.site_id, "/annotations"), { method: "POST", body });
    onKept();
    onClose();
  };
  const fields = (
    /** @type {Readonly<Record<string, string>>} */ values,
    /** @type {(name: string, value: string) => void} */ put,
  ) =>
    html`
      <${TextField} label=${t("note_on", { date: format.bucketLong(date) })} name="text"
        values=${values} put=${put} />
    `;
  return html`
    <div class="chart-note">
      <${ItemForm} key=${date} fields=${fields} start=${{}} action=${t("note_add")}
        label=${t("note_add")} onSave=${save} onCancel=${onClose} />
    </div>
  `;
}
