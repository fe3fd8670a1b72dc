// What the owner keeps with a site: goals, segments, funnels and notes; listed, added and removed.
import { ItemList } from "../components/item_list.js";
import { Panel } from "../components/panel.js";
import { ask } from "../lib/api.js";
import { useAnswer } from "../lib/answer.js";
import { useApp } from "../lib/context.js";
import { parseFilters } from "../lib/filter.js";
import { html, useId, useState } from "../lib/html.js";
import { sentence } from "./filter_words.js";
import { sitePath, ValueField } from "./value_field.js";

/** @typedef {{ id: number, name?: string, [key: string]: unknown }} Kept */
/** @typedef {(name: string, value: string) => void} Put */

/**
 * @typedef {object} ItemsProps
 * @property {string} kind last part of the path
 * @property {string} title
 * @property {string} hint
 * @property {(item: Kept) => { title: string, detail: string }} wordsOf
 * @property {((values: Record<string, string>, put: Put) => unknown) | null} fields of the form
 * @property {(values: Record<string, string>) => unknown} [bodyOf]
 */

/** @param {ItemsProps} props */
function Items({ kind, title, hint, wordsOf, fields, bodyOf }) {
  const { t, site } = useApp();
  const path = sitePath(site.site_id, `/${kind}`);
  /** @type {import("../lib/answer.js").Answer<readonly Kept[]>} */
  const { data, fault: lost, retry } = useAnswer(path);
  const [values, setValues] = useState(/** @type {Record<string, string>} */ ({}));
  const [fault, setFault] = useState("");
  const put = (/** @type {string} */ name, /** @type {string} */ value) =>
    setValues({ ...values, [name]: value });
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await ask(path, { method: "POST", body: bodyOf?.(values) });
      setValues({});
      setFault("");
      retry();
    } catch (error) {
      setFault(/** @type {Error} */ (error).message);
    }
  };
  const remove = (/** @type {string} */ id) =>
    ask(`${path}/${id}`, { method: "DELETE" }).then(retry);
  return html`
    <${Panel} title=${title}>
      <div class="settings-body">
        <p class="muted">${hint}</p>
        ${data && html`
          <${ItemList} empty=${t("items_none")} onRemove=${remove}
            texts=${{ remove: t("remove"), sure: t("remove_sure"), cancel: t("cancel") }}
            items=${data.map((item) => ({ key: String(item.id), ...wordsOf(item) }))} />
        `}
        ${lost && html`<p class="fault-line">${lost.message}</p>`}
        ${fields && html`
          <form class="item-form" onSubmit=${onSubmit}>
            ${fields(values, put)}
            <button class="button">${t("add")}</button>
            <p class="fault-line" role="alert">${fault}</p>
          </form>
        `}
      </div>
      <//>
  `;
}

/**
 * @typedef {object} TextFieldProps
 * @property {string} label
 * @property {string} name
 * @property {Record<string, string>} values
 * @property {Put} put
 * @property {string} [type]
 * @property {boolean} [required]
 * @property {string} [placeholder]
 */

/** @param {TextFieldProps} props */
function TextField({ label, name, values, put, type = "text", required = true, placeholder }) {
  const id = useId();
  return html`
    <div class="form-field">
      <label for=${id}>${label}</label>
      <input id=${id} class="field" type=${type} required=${required} value=${values[name] ?? ""}
        placeholder=${placeholder} step="any" maxlength="2048"
        onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
          put(name, target.value)} />
    </div>
  `;
}

/** Goals: pages and events that count as success. */
export function Goals() {
  const { t } = useApp();
  const fields = (/** @type {Record<string, string>} */ values, /** @type {Put} */ put) => {
    const kind = values["kind"] ?? "event";
    const onKind = (/** @type {{ target: HTMLSelectElement }} */ { target }) =>
      put("kind", target.value);
    return html`
      <${TextField} label=${t("name")} name="name" values=${values} put=${put} />
      <div class="form-field">
        <span class="label">${t("goal_when")}</span>
        <div class="pair">
          <select class="field" aria-label=${t("goal_when")} value=${kind} onChange=${onKind}>
            <option value="event">${t("step_event")}</option>
            <option value="page">${t("step_page")}</option>
          </select>
          <${ValueField} key=${kind} dimension=${kind === "page" ? "page" : "name"} single=${true}
            values=${values["what"] ? [values["what"]] : []}
            onChange=${(/** @type {readonly string[]} */ [what]) => put("what", what ?? "")} />
        </div>
      </div>
      <${TextField} label=${t("goal_props")} name="props" values=${values} put=${put}
        required=${false} placeholder="plan=pro" />
      <${TextField} label=${t("goal_revenue")} name="revenue" values=${values} put=${put}
        type="number" required=${false} />
    `;
  };
  const bodyOf = (/** @type {Record<string, string>} */ values) => ({
    name: values["name"],
    [values["kind"] ?? "event"]: values["what"],
    ...(values["props"] ? { props: propsOf(values["props"]) } : {}),
    ...(values["revenue"] ? { min_revenue: Number(values["revenue"]) } : {}),
  });
  const wordsOf = (/** @type {Kept} */ { name = "", page, event, props, min_revenue }) => ({
    title: name,
    detail: [
      page ? `${t("step_page")} ${page}` : `${t("step_event")} ${event}`,
      ...Object.entries(props ?? {}).map(([key, value]) => `${key} = ${value}`),
      ...(min_revenue === undefined ? [] : [`≥ ${min_revenue}`]),
    ].join(", "),
  });
  return html`
    <${Items} kind="goals" title=${t("goals")} hint=${t("goals_hint")} fields=${fields}
      bodyOf=${bodyOf} wordsOf=${wordsOf} />
  `;
}

/** @param {string} text such as `plan=pro, seats=3` */
function propsOf(text) {
  return Object.fromEntries(
    text.split(",").map((part) => part.split("=").map((word) => word.trim()))
      .map(([key = "", ...rest]) => [key, rest.join("=")]),
  );
}

/** Segments: filters with a name. */
export function SavedSegments() {
  const app = useApp();
  const { t } = app;
  const wordsOf = (/** @type {Kept} */ { name = "", filters }) => ({
    title: name,
    detail: (parseFilters(String(filters)) ?? []).map((filter) => sentence(filter, app))
      .join(` ${t("and")} `),
  });
  return html`
    <${Items} kind="segments" title=${t("segments")} hint=${t("segments_hint")}
      fields=${null} wordsOf=${wordsOf} />
  `;
}

/** Funnels that were kept. */
export function KeptFunnels() {
  const { t } = useApp();
  const wordsOf = (/** @type {Kept} */ { name = "", steps }) => ({
    title: name,
    detail: String(steps).split(",").join(" → "),
  });
  return html`
    <${Items} kind="funnels" title=${t("funnels_saved")} hint=${t("funnels_hint")}
      fields=${null} wordsOf=${wordsOf} />
  `;
}

/** Notes on the chart. */
export function Annotations() {
  const { t, format, today } = useApp();
  const fields = (/** @type {Record<string, string>} */ values, /** @type {Put} */ put) =>
    html`
      <${TextField} label=${t("date")} name="date" type="date" values=${{ date: today, ...values }}
        put=${put} />
      <${TextField} label=${t("annotation_text")} name="text" values=${values} put=${put} />
    `;
  const bodyOf = (/** @type {Record<string, string>} */ values) => ({
    date: values["date"] ?? today,
    text: values["text"],
  });
  const wordsOf = (/** @type {Kept} */ { date, text }) => ({
    title: String(text),
    detail: format.day(String(date).slice(0, 10)),
  });
  return html`
    <${Items} kind="annotations" title=${t("annotations")} hint=${t("annotations_hint")}
      fields=${fields} bodyOf=${bodyOf} wordsOf=${wordsOf} />
  `;
}
