// The editor of one filter, in a dialog: conditions joined by OR, on any dimension, with values
// suggested from the data; and the saved segments.
import { Dialog, discardQuestion } from "../layout/dialog.js";
import { Icon } from "../layout/icon.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { sitePath } from "../../lib/ask/api.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { askReport } from "../../lib/ask/view.js";
import { useApp } from "../../lib/state/context.js";
import { parseFilters, printFilters } from "../../grammar/filter.js";
import { filterOf, groupOf, isComplete, MODES, valuesOf } from "../../lib/filter_group.js";
import { valueWords } from "../../lib/format/filter_words.js";
import { html, useEffect, useId, useRef, useState } from "../../lib/html.js";
import { PROPS } from "../../lib/state/schema.js";
import { ValueField } from "./value_field.js";
import { usePropertyKeys } from "../../lib/ask/property_keys.js";

/** @typedef {import("../../grammar/filter.js").Condition} Condition */
/** @typedef {import("../../grammar/filter.js").Filter} Filter */
/** @typedef {{ id: number, name: string, filters: string }} Segment */
/** @typedef {readonly { metrics: Readonly<Record<string, number>> }[]} Answered */

/**
 * @typedef {object} FilterEditorProps
 * @property {Filter | undefined} filter none for a new one
 * @property {boolean} [segments] whether a saved segment may be chosen instead
 * @property {(filters: readonly Filter[]) => void} onDone
 * @property {() => void} onClose
 */

/**
 * The editor of any filter.
 * @param {FilterEditorProps} props
 */
export function FilterEditor({ filter, segments = false, onDone, onClose }) {
  const { t } = useApp();
  const group = filter ? groupOf(filter) : { mode: "", conditions: [] };
  const [isBegun, setBegun] = useState(false);
  return html`
    <${Dialog} title=${t(filter ? "filter_edit" : "filter_add")} close=${t("close")}
      onClose=${onClose} question=${discardQuestion(
        t,
        "discard_question",
      )} isBegun=${isBegun} class="wide">
      ${segments && html`<${Segments} onChoose=${onDone} />`}
      ${group
        ? html`
          <${GroupForm} group=${group} onDone=${onDone} onCancel=${onClose}
            onBegin=${() => setBegun(true)} />
        `
        : html`<${TextForm} text=${printFilters(filter ? [filter] : [])} onDone=${onDone} />`}
    <//>
  `;
}

/** @param {{ onChoose: (filters: readonly Filter[]) => void }} props */
function Segments({ onChoose }) {
  const { t, site } = useApp();
  /** @type {readonly Segment[]} */
  const segments = useAnswer(sitePath(site.site_id, "/segments")).data ?? [];
  if (segments.length === 0) return null;
  const choose = (/** @type {Segment} */ { name }) =>
    onChoose([{ op: "is", dimension: "segment", values: [name] }]);
  return html`
    <div class="saved">
      <span class="muted">${t("segments")}</span>
      ${segments.map((segment) =>
        html`
          <button key=${segment.id} type="button" class="button small"
            onClick=${() => choose(segment)}>${segment.name}</button>
        `
      )}
    </div>
  `;
}

/**
 * @typedef {object} GroupFormProps
 * @property {import("../../lib/filter_group.js").Group} group
 * @property {(filters: readonly Filter[]) => void} onDone
 * @property {() => void} onCancel
 * @property {() => void} onBegin something was changed
 */

/** @param {GroupFormProps} props */
function GroupForm({ group, onDone, onCancel, onBegin }) {
  const { t, schema } = useApp();
  const id = useId();
  const applied = useApplied(onDone);
  const [mode, setMode] = useState(group.mode);
  const empty = emptyCondition(schema);
  const [rows, keepRows] = useState(group.conditions.length > 0 ? group.conditions : [empty]);
  const setRows = (/** @type {Condition[]} */ changed) => {
    keepRows(changed);
    onBegin();
  };
  const broken = brokenPattern(rows);
  const takes = (/** @type {Condition} */ { op }) =>
    schema.operators.find(({ name }) => name === op)?.values ?? "some";
  const ready = broken === null && rows.length > 0 &&
    rows.every((row) => isComplete(row, takes(row)));
  const filter = ready ? filterOf({ mode, conditions: rows }) : null;
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (filter) applied.apply(filter);
  };
  return html`
    <form class="filter-form" onSubmit=${onSubmit}>
      <label class="visually-hidden" for=${id}>${t("filter_mode")}</label>
      <select id=${id} class="field fit" value=${mode}
        onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
          setMode(MODES.find((name) => name === target.value) ?? "")}>
        ${MODES.map((name) =>
          html`<option key=${name} value=${name}>${t(`filter_mode_${name || "is"}`)}</option>`
        )}
      </select>
      ${rows.map((row, index) =>
        html`
          ${index > 0 && html`<p key=${`or${index}`} class="filter-or muted">${t("or")}</p>`}
          <${ConditionRow} key=${index} row=${row} takes=${takes(row)} first=${index === 0}
            onChange=${(/** @type {Condition} */ changed) => setRows(rows.with(index, changed))}
            onRemove=${rows.length > 1 ? () => setRows(rows.toSpliced(index, 1)) : null} />
        `
      )}
      <p class="fault-line" role="alert">${broken !== null
        ? t("filter_pattern_broken", { pattern: broken })
        : filter
        ? applied.saidOf(filter)
        : ""}</p>
      <div class="form-foot">
        <button type="button" class="button quiet" onClick=${() => setRows([...rows, empty])}>
          <${Icon} name="plus" />${t("filter_or")}
        </button>
        <span class="spring" />
        <button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
        <button class="button primary" disabled=${!ready}>${t("apply")}</button>
      </div>
    </form>
  `;
}

/** How long an applied filter waits for what it matches. */
const LOOK_MS = 3000;
/** Most values that are looked for one by one: a list that was pasted is left alone. */
const VALUES_LOOKED_MAX = 30;

/**
 * Applies a filter; one that nothing in the period matches, or of which a value matches nothing,
 * only the second time. A filter of which that is not known is applied.
 * @param {(filters: readonly Filter[]) => void} onDone
 */
function useApplied(onDone) {
  const app = useApp();
  const [found, setFound] = useState({ of: "", said: "" });
  const asking = useRef(new AbortController());
  useEffect(() => () => asking.current.abort(), []);
  const isEmpty = async (/** @type {Filter} */ filter, /** @type {AbortSignal} */ signal) => {
    const { site, state } = app;
    const path = reportUrl({ site, state: { ...state, filters: [filter] } }, "query", {
      metrics: "visitors",
    });
    if (path === null) return false;
    const answer = await askReport(path, { signal }).catch(() => null);
    const { results } = /** @type {{ results?: Answered }} */ (answer ?? {});
    return results?.every(({ metrics }) => metrics["visitors"] === 0) ?? false;
  };
  const apply = async (/** @type {Filter} */ filter) => {
    asking.current.abort();
    const asked = asking.current = new AbortController();
    const of = printFilters([filter]);
    if (of === found.of) return onDone([filter]);
    const signal = AbortSignal.any([asked.signal, AbortSignal.timeout(LOOK_MS)]);
    const all = valuesOf(filter);
    const values = all.length <= VALUES_LOOKED_MAX ? all : [];
    const [whole, ...parts] = await Promise.all(
      [filter, ...values.map((one) => one.filter)].map((one) => isEmpty(one, signal)),
    );
    if (asked.signal.aborted) return;
    const empty = values.filter((_, index) => parts[index]).map(({ condition }) =>
      valueWords(condition, app)
    );
    const said = whole
      ? app.t("filter_nothing")
      : empty.length > 0
      ? app.t("filter_nothing_of", { values: [...new Set(empty)].join(", ") })
      : "";
    if (said === "") onDone([filter]);
    else setFound({ of, said });
  };
  return {
    apply,
    saidOf: (/** @type {Filter} */ filter) => found.of === printFilters([filter]) ? found.said : "",
  };
}

/**
 * The first pattern that cannot be read, or null. The server reads a few forms that a browser does
 * not: they begin with a group of options.
 * @param {readonly Condition[]} rows
 * @returns {string | null}
 */
function brokenPattern(rows) {
  const patterns = rows.filter(({ op }) => op.startsWith("matches")).flatMap(({ values }) =>
    values
  );
  return patterns.find((pattern) => {
    if (pattern.startsWith("(?")) return false;
    try {
      new RegExp(pattern, "u");
      return false;
    } catch {
      return !canBeLoose(pattern);
    }
  }) ?? null;
}

/** @param {string} pattern */
function canBeLoose(pattern) {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {import("../../lib/state/schema.js").Schema} schema
 * @returns {Condition}
 */
function emptyCondition(schema) {
  const dimension = schema.dimensions.find(({ filter }) => filter)?.name ?? "";
  return { op: schema.operators[0]?.name ?? "is", dimension, values: [] };
}

/**
 * @typedef {object} ConditionRowProps
 * @property {Condition} row
 * @property {"some" | "number" | "none"} takes
 * @property {boolean} first whether it gets the focus
 * @property {(row: Condition) => void} onChange
 * @property {(() => void) | null} onRemove
 */

/** @param {ConditionRowProps} props */
function ConditionRow({ row, takes, first, onChange, onRemove }) {
  const { t, name, schema } = useApp();
  const onOperator = (/** @type {{ target: HTMLSelectElement }} */ { target }) => {
    const values = schema.operators.find((one) => one.name === target.value)?.values;
    const kept = values === "some" && takes === "some" ? row.values : [];
    onChange({ op: target.value, dimension: row.dimension, values: kept });
  };
  return html`
    <div class="condition">
      <${DimensionSelect} value=${row.dimension} first=${first}
        onChange=${(/** @type {string} */ dimension) =>
          onChange({ ...row, dimension, values: [] })} />
      <select class="field" aria-label=${t("filter_operator")} value=${row.op}
        onChange=${onOperator}>
        ${schema.operators.map((operator) =>
          html`<option key=${operator.name} value=${operator.name}>
            ${name("operator", operator.name)}</option>`
        )}
      </select>
      <div class="condition-values">
        ${takes === "number" && html`
          <input class="field" type="number" step="any" aria-label=${name("operator", row.op)}
            value=${row.values[0] ?? ""}
            onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
              onChange({ ...row, values: target.value === "" ? [] : [target.value] })} />
        `}
        ${takes === "some" && html`
          <${ValueField} key=${row.dimension} dimension=${row.dimension} values=${row.values}
            onChange=${(/** @type {readonly string[]} */ values) => onChange({ ...row, values })} />
        `}
      </div>
      ${onRemove && html`
        <button type="button" class="button quiet square" aria-label=${t("remove")}
          onClick=${onRemove}><${Icon} name="close" /></button>
      `}
    </div>
  `;
}

/**
 * A select of all dimensions that can be filtered by, custom properties included.
 * @param {{ value: string, first: boolean, onChange: (dimension: string) => void }} props
 */
function DimensionSelect({ value, first, onChange }) {
  const { t, name, schema } = useApp();
  const keys = usePropertyKeys();
  const known = schema.dimensions.filter(({ filter, name: own }) =>
    filter && !own.startsWith(PROPS)
  );
  const groups = [...new Set(known.map(({ group }) => group))];
  const props = [...new Set([...keys.map((key) => PROPS + key), value])]
    .filter((dimension) => dimension.startsWith(PROPS));
  const option = (/** @type {string} */ dimension) =>
    html`<option key=${dimension} value=${dimension}>${name("dimension", dimension)}</option>`;
  const optionsOf = (/** @type {string} */ group) =>
    known.filter((dimension) => dimension.group === group).map((one) => option(one.name));
  return html`
    <select class="field" aria-label=${t("filter_dimension")} value=${value} autofocus=${first}
      onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
        onChange(target.value)}>
      ${groups.map((group) =>
        html`<optgroup key=${group} label=${name("group", group)}>${optionsOf(group)}</optgroup>`
      )}
      ${props.length > 0 &&
        html`<optgroup label=${t("properties")}>${props.map(option)}</optgroup>`}
      ${value === "segment" && option(value)}
    </select>
  `;
}

/**
 * The filter in its URL form, for filters that are more than a group.
 * @param {{ text: string, onDone: (filters: readonly Filter[]) => void }} props
 */
function TextForm({ text, onDone }) {
  const { t } = useApp();
  const [typed, setTyped] = useState(text);
  const filters = parseFilters(typed).value ?? null;
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (filters) onDone(filters);
  };
  return html`
    <form class="filter-form" onSubmit=${onSubmit}>
      <textarea class="field code-field" rows="4" aria-label=${t("filter_text")} value=${typed}
        spellcheck=${false}
        onInput=${(/** @type {{ target: HTMLTextAreaElement }} */ { target }) =>
          setTyped(target.value)} />
      <div class="form-foot">
        <span class="fault-line" role="status">${filters ? "" : t("filter_unreadable")}</span>
        <span class="spring" />
        <button class="button primary" disabled=${!filters}>${t("apply")}</button>
      </div>
    </form>
  `;
}
