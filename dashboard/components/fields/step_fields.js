// The editor of steps: pages, events and goals with suggestions, reordered by buttons or keys.
import { Icon } from "../layout/icon.js";
import { useApp } from "../../lib/state/context.js";
import { html, useId, useState } from "../../lib/html.js";
import { DIMENSION_OF } from "../../lib/step_filter.js";
import { KINDS } from "../../grammar/steps.js";
import { UNITS } from "../../grammar/span.js";
import { ValueField } from "./value_field.js";

/** @typedef {import("../../grammar/steps.js").Step} Step */

/** @type {Step} */
export const EMPTY_STEP = { kind: "page", name: "", conditions: "" };

/**
 * Whether every step is complete.
 * @param {readonly Step[]} steps
 */
export function areComplete(steps) {
  return steps.every(({ name }) => name.trim() !== "");
}

/**
 * @typedef {object} StepFieldsProps
 * @property {Step} step
 * @property {(step: Step) => void} onChange
 * @property {string} [label]
 */

/**
 * The fields of a step: kind, name, and conditions on the properties of an event.
 * @param {StepFieldsProps} props
 */
export function StepFields({ step, onChange, label }) {
  const { t } = useApp();
  return html`
    <select class="field" aria-label=${label ?? t("step_kind")} value=${step.kind}
      onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
        onChange({ ...EMPTY_STEP, kind: kindNamed(target.value) })}>
      <${KindOptions} />
    </select>
    <${StepName} step=${step} onChange=${onChange} />
  `;
}

/** @param {string} text */
function kindNamed(text) {
  return KINDS.find((name) => name === text) ?? EMPTY_STEP.kind;
}

function KindOptions() {
  const { t } = useApp();
  return KINDS.map((kind) => html`<option key=${kind} value=${kind}>${t(`step_${kind}`)}</option>`);
}

/** @param {{ step: Step, onChange: (step: Step) => void }} props */
function StepName({ step, onChange }) {
  const { t } = useApp();
  return html`
    <div class="step-name">
      <${ValueField} key=${step.kind} dimension=${DIMENSION_OF[step.kind]} single=${true}
        values=${step.name === "" ? [] : [step.name]} label=${t(`step_${step.kind}`)}
        placeholder=${t(`step_hint_${step.kind}`)}
        onChange=${(/** @type {readonly string[]} */ values) =>
          onChange({ ...step, name: values[0] ?? "" })} />
      ${step.kind === "event" && html`
        <input class="field small" aria-label=${t("step_conditions")} value=${step.conditions}
          placeholder=${t("step_conditions_hint")} spellcheck=${false}
          onChange=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
            onChange({ ...step, conditions: target.value })} />
      `}
    </div>
  `;
}

/**
 * `any` is the label of the choice without a step.
 * @typedef {object} OptionalStepProps
 * @property {string} label
 * @property {string} any
 * @property {Step | null} step
 * @property {(step: Step | null) => void} onChange called with steps that name something
 */

/**
 * One optional step.
 * @param {OptionalStepProps} props
 */
export function OptionalStep({ label, any, step, onChange }) {
  const [shown, setShown] = useState(step);
  const id = useId();
  const put = (/** @type {Step | null} */ changed) => {
    setShown(changed);
    if (changed === null || areComplete([changed])) onChange(changed);
  };
  return html`
    <div class="optional-step">
      <label for=${id}>${label}</label>
      <select id=${id} class="field" value=${shown?.kind ?? ""}
        onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
          put(target.value === "" ? null : { ...EMPTY_STEP, kind: kindNamed(target.value) })}>
        <option value="">${any}</option>
        <${KindOptions} />
      </select>
      ${shown && html`<${StepName} step=${shown} onChange=${put} />`}
    </div>
  `;
}

/**
 * @typedef {object} StepListProps
 * @property {readonly Step[]} steps
 * @property {(steps: readonly Step[]) => void} onChange
 * @property {number} least
 */

/**
 * A list of steps: add, remove, reorder.
 * @param {StepListProps} props
 */
export function StepList({ steps, onChange, least }) {
  const { t } = useApp();
  const swap = (/** @type {number} */ index, /** @type {number} */ by) => {
    const [one, other] = [steps[index], steps[index + by]];
    if (one && other) onChange(steps.with(index, other).with(index + by, one));
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event, /** @type {number} */ index) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!event.altKey || by === undefined) return;
    event.preventDefault();
    swap(index, by);
  };
  const [dragged, setDragged] = useState(-1);
  const drop = (/** @type {number} */ index) => {
    const step = steps[dragged];
    if (!step || dragged === index) return;
    onChange(steps.toSpliced(dragged, 1).toSpliced(index, 0, step));
  };
  const move = (
    /** @type {number} */ index,
    /** @type {number} */ by,
    /** @type {"up" | "down"} */ icon,
  ) =>
    html`
      <button type="button" class="button quiet square small" disabled=${!steps[index + by]}
        aria-label=${t(icon === "up" ? "step_up" : "step_down", { n: index + 1 })}
        onClick=${() => swap(index, by)}><${Icon} name=${icon} /></button>
    `;
  return html`
    <ol class="steps">
      ${steps.map((step, index) =>
        html`
          <li key=${index} class=${dragged === index ? "step dragged" : "step"}
            onDragOver=${(/** @type {Event} */ event) => event.preventDefault()}
            onDrop=${() => drop(index)} onDragEnd=${() => setDragged(-1)}
            onKeyDown=${(/** @type {KeyboardEvent} */ event) => onKeyDown(event, index)}>
            <span class="step-number" aria-hidden="true" draggable="true"
              onDragStart=${() => setDragged(index)}>${index + 1}</span>
            <${StepFields} step=${step} label=${t("step_n", { n: index + 1 })}
              onChange=${(/** @type {Step} */ changed) => onChange(steps.with(index, changed))} />
            <span class="step-tools">
              ${move(index, -1, "up")}${move(index, 1, "down")}
              <button type="button" class="button quiet square small"
                disabled=${steps.length <= least} aria-label=${t("step_remove", { n: index + 1 })}
                onClick=${() =>
                  onChange(steps.toSpliced(index, 1))}><${Icon} name="close" /></button>
            </span>
          </li>
        `
      )}
    </ol>
    <button type="button" class="button quiet small" onClick=${() =>
      onChange([...steps, EMPTY_STEP])}>
      <${Icon} name="plus" />${t("step_add")}
    </button>
  `;
}

/** @typedef {import("../../grammar/span.js").Span} Span */

/**
 * A field for a span of time.
 * @param {{ label: string, span: Span, onChange: (span: Span) => void }} props
 */
export function SpanFields({ label, span, onChange }) {
  const { t } = useApp();
  return html`
    <span class="span-fields">
      <input class="field small" type="number" min="1" max="999" aria-label=${label}
        value=${span.count} onChange=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
          onChange({ ...span, count: Math.max(Math.round(Number(target.value)) || 1, 1) })} />
      <select class="field small" aria-label=${t("unit")} value=${span.unit}
        onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
          onChange({ ...span, unit: UNITS.find((unit) => unit === target.value) ?? "day" })}>
        ${UNITS.map((unit) =>
          html`<option key=${unit} value=${unit}>${t(`unit_${unit}`)}</option>`
        )}
      </select>
    </span>
  `;
}
