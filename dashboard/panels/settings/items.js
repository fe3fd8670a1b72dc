// What the owner keeps with a site: goals, segments, funnels and notes; listed, added, changed and
// removed.
import { FilterChips } from "../../components/controls/filter_chips.js";
import { ItemList } from "../../components/controls/item_list.js";
import { Panel, RowsToCome } from "../../components/layout/panel.js";
import { ask, sitePath } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { parseFilters, printFilters } from "../../grammar/filter.js";
import { CURRENCY, EVENT, goalBody, goalValues, PAGE } from "../../lib/goal.js";
import { html, useState } from "../../lib/html.js";
import { parseSpan, printSpan } from "../../grammar/span.js";
import { parseSteps, printStep } from "../../grammar/steps.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { FilterEditor } from "../../components/fields/filter_editor.js";
import { filterWords, sentence } from "../../lib/format/filter_words.js";
import { FUNNEL_ORDERS, FunnelChoices } from "../../components/fields/funnel_options.js";
import { ItemForm, TextField } from "../../components/fields/item_form.js";
import { areComplete, EMPTY_STEP, StepList } from "../../components/fields/step_fields.js";
import { ValueField } from "../../components/fields/value_field.js";

/** @typedef {{ id: number, name?: string, [key: string]: unknown }} Kept */
/** @typedef {import("../../components/fields/item_form.js").Values} Values */
/** @typedef {import("../../components/fields/item_form.js").Put} Put */

/**
 * `fields` draw an item's values as texts; `valuesOf` reads them from an item, `bodyOf` makes of
 * them what the server takes, null where there is nothing.
 * @typedef {object} ItemsProps
 * @property {string} kind last part of the path
 * @property {string} title
 * @property {string} hint
 * @property {(item: Kept) => { title: string, detail: string }} wordsOf
 * @property {import("../../components/fields/item_form.js").Fields} fields
 * @property {(item: Kept) => Values} valuesOf
 * @property {(values: Values) => Readonly<Record<string, unknown>>} bodyOf
 * @property {Values} [start] of a new one; missing where new ones are made elsewhere
 */

/** @param {ItemsProps} props */
function Items({ kind, title, hint, wordsOf, fields, valuesOf, bodyOf, start }) {
  const { t, site } = useApp();
  const path = sitePath(site.site_id, `/${kind}`);
  /** @type {import("../../lib/ask/answer.js").Answer<readonly Kept[]>} */
  const { data, fault: lost, retry, refresh } = useAnswer(path);
  const [edited, setEdited] = useState("");
  const item = data?.find(({ id }) => String(id) === edited);
  const add = async (/** @type {Values} */ values) => {
    const given = Object.entries(bodyOf(values)).filter(([, value]) => value !== null);
    await ask(path, { method: "POST", body: Object.fromEntries(given) });
    refresh();
  };
  const change = async (/** @type {Values} */ values) => {
    await ask(`${path}/${edited}`, { method: "PATCH", body: bodyOf(values) });
    setEdited("");
    refresh();
  };
  const remove = (/** @type {string} */ id) =>
    ask(`${path}/${id}`, { method: "DELETE" }).then(refresh);
  const texts = {
    edit: t("edit"),
    remove: t("remove"),
    sure: t("remove_sure"),
    cancel: t("cancel"),
  };
  const editor = item && html`
    <${ItemForm} key=${edited} fields=${fields} start=${valuesOf(item)} action=${t("save")}
      label=${`${t("edit")}: ${wordsOf(item).title}`} onSave=${change}
      onCancel=${() => setEdited("")} />
  `;
  return html`
    <${Panel} title=${title} busy=${data === null && lost === null}>
      <div class="settings-body">
        <p class="muted">${hint}</p>
        ${data && html`
          <${ItemList} empty=${t("items_none")} onRemove=${remove} onEdit=${setEdited}
            edited=${item ? edited : ""} editor=${editor} texts=${texts}
            items=${data.map((one) => ({ key: String(one.id), ...wordsOf(one) }))} />
        `}
        ${lost && html`<${PanelFault} fault=${lost} onRetry=${retry} />`}
        ${!data && !lost && html`<${RowsToCome} rows=${1} />`}
        ${start && html`
          <${ItemForm} fields=${fields} start=${start} action=${t("add")} onSave=${add} />
        `}
      </div>
      <//>
  `;
}

/** @param {Values} values */
const asItIs = (values) => values;

/** Goals: pages and events that count as success. */
export function Goals() {
  const { t, name } = useApp();
  const fields = (/** @type {Values} */ values, /** @type {Put} */ put) => {
    const kind = values["kind"] ?? EVENT;
    const onKind = (/** @type {{ target: HTMLSelectElement }} */ { target }) => {
      put("kind", target.value);
      put("what", "");
    };
    const field = (/** @type {string} */ key, /** @type {string} */ label, more = {}) =>
      html`<${TextField} label=${label} name=${key} values=${values} put=${put} ...${more} />`;
    return html`
      ${field("name", t("name"))}
      <div class="form-field">
        <span class="label">${t("goal_when")}</span>
        <div class="pair">
          <select class="field" aria-label=${t("goal_when")} value=${kind} onChange=${onKind}>
            <option value=${EVENT}>${t("step_event")}</option>
            <option value=${PAGE}>${t("step_page")}</option>
          </select>
          <${ValueField} key=${kind} dimension=${kind === PAGE ? "page" : "name"} single=${true}
            values=${values["what"] ? [values["what"]] : []}
            onChange=${(/** @type {readonly string[]} */ [what]) => put("what", what ?? "")} />
        </div>
      </div>
      ${field("props", t("goal_props"), { required: false, placeholder: "plan=pro, seats=3" })}
      ${field("least", t("goal_revenue"), { required: false, type: "number" })}
      ${values["least"] &&
        field("money", name("dimension", CURRENCY), { required: false, placeholder: "EUR" })}
    `;
  };
  const wordsOf = (/** @type {Kept} */ { name: own = "", page, event, props, ...more }) => ({
    title: own,
    detail: [
      page ? `${t("step_page")} ${page}` : `${t("step_event")} ${event}`,
      ...Object.entries(props ?? {}).map(([key, value]) => `${key} = ${value}`),
      ...(more["min_revenue"] === undefined
        ? []
        : [`≥ ${more["min_revenue"]} ${more[CURRENCY] ?? ""}`.trim()]),
    ].join(", "),
  });
  return html`
    <${Items} kind="goals" title=${t("goals")} hint=${t("goals_hint")} fields=${fields}
      bodyOf=${goalBody} valuesOf=${goalValues} wordsOf=${wordsOf} start=${{ kind: EVENT }} />
  `;
}

/**
 * The filters of a segment that must all hold, one by one.
 * @param {unknown} text
 * @returns {readonly import("../../grammar/filter.js").Filter[]}
 */
function partsOf(text) {
  const filters = parseFilters(String(text)).value ?? [];
  const [first] = filters;
  return filters.length === 1 && first && "of" in first && first.op === "and" ? first.of : filters;
}

/** Segments: filters with a name. */
export function SavedSegments() {
  const app = useApp();
  const { t } = app;
  const [open, setOpen] = useState(
    /** @type {{ index: number, text: string, put: Put } | null} */ (null),
  );
  const fields = (/** @type {Values} */ values, /** @type {Put} */ put) => {
    const text = values["filters"] ?? "";
    const filters = parseFilters(text).value ?? [];
    const keep = (/** @type {readonly import("../../grammar/filter.js").Filter[]} */ kept) =>
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
  const wordsOf = (/** @type {Kept} */ { name = "", filters }) => ({
    title: name,
    detail: partsOf(filters).map((filter) => sentence(filter, app)).join(` ${t("and")} `),
  });
  const valuesOf = (/** @type {Kept} */ { name = "", filters }) => ({
    name,
    filters: printFilters(partsOf(filters)),
  });
  const filters = parseFilters(open?.text ?? "").value ?? [];
  return html`
    <${Items} kind="segments" title=${t("segments")} hint=${t("segments_hint")}
      fields=${fields} valuesOf=${valuesOf} wordsOf=${wordsOf}
      bodyOf=${asItIs} />
    ${open && html`
      <${FilterEditor} filter=${filters[open.index]} onClose=${() => setOpen(null)}
        onDone=${(/** @type {readonly import("../../grammar/filter.js").Filter[]} */ made) => {
          const taken = open.index < filters.length ? 1 : 0;
          open.put("filters", printFilters(filters.toSpliced(open.index, taken, ...made)));
          setOpen(null);
        }} />
    `}
  `;
}

/** Funnels that were kept. */
export function KeptFunnels() {
  const { t } = useApp();
  const wordsOf = (/** @type {Kept} */ { name = "", steps }) => ({
    title: name,
    detail: (parseSteps(String(steps)).value ?? []).map((step) => step.name).join(" → "),
  });
  const valuesOf = (/** @type {Kept} */ { name = "", steps, window, order }) => ({
    name,
    steps: String(steps),
    window: String(window),
    order: String(order),
  });
  const fields = (/** @type {Values} */ values, /** @type {Put} */ put) =>
    html`<${FunnelFields} values=${values} put=${put} />`;
  return html`
    <${Items} kind="funnels" title=${t("funnels_saved")} hint=${t("funnels_hint")}
      fields=${fields} valuesOf=${valuesOf} wordsOf=${wordsOf}
      bodyOf=${asItIs} />
  `;
}

/**
 * Steps that are not complete yet stand here only.
 * @param {{ values: Values, put: Put }} props
 */
function FunnelFields({ values, put }) {
  const { t } = useApp();
  const [steps, setSteps] = useState(
    /** @type {readonly import("../../grammar/steps.js").Step[]} */ (parseSteps(
      values["steps"] ?? "",
    ).value ?? []),
  );
  const change = (/** @type {typeof steps} */ changed) => {
    setSteps(changed);
    put("steps", areComplete(changed) ? changed.map(printStep).join(",") : "");
  };
  return html`
    <${TextField} label=${t("name")} name="name" values=${values} put=${put} />
    <div class="wide-field">
      <${StepList} steps=${steps.length > 0 ? steps : [EMPTY_STEP]} onChange=${change}
        least=${1} />
    </div>
    <${FunnelChoices} span=${parseSpan(values["window"] ?? "").value ?? { count: 1, unit: "day" }}
      order=${values["order"] ?? FUNNEL_ORDERS[0]}
      onSpan=${(/** @type {import("../../grammar/span.js").Span} */ span) =>
        put("window", printSpan(span))}
      onOrder=${(/** @type {string} */ order) => put("order", order)} />
  `;
}

/** Notes on the chart. */
export function Annotations() {
  const { t, format, today } = useApp();
  const fields = (/** @type {Values} */ values, /** @type {Put} */ put) =>
    html`
      <${TextField} label=${t("date")} name="date" values=${values} put=${put}
        type=${values["date"]?.includes("T") ? "datetime-local" : "date"} />
      <${TextField} label=${t("annotation_text")} name="text" values=${values} put=${put} />
    `;
  const wordsOf = (/** @type {Kept} */ { date, text }) => ({
    title: String(text),
    detail: String(date).length > 10 ? format.bucketLong(String(date)) : format.day(String(date)),
  });
  return html`
    <${Items} kind="annotations" title=${t("annotations")} hint=${t("annotations_hint")}
      fields=${fields} bodyOf=${asItIs}
      valuesOf=${(/** @type {Kept} */ { date, text }) => ({
        date: String(date),
        text: String(text),
      })}
      wordsOf=${wordsOf} start=${{ date: today }} />
  `;
}
