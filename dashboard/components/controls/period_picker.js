// The period picker: a button with the list of periods, the calendar and the comparison, between
// two arrows for the previous and next period.
import { html, useId, useState } from "../../lib/html.js";
import { later } from "../../lib/modules.js";
import { Dropdown, moveInList } from "./dropdown.js";
import { Icon } from "../layout/icon.js";
import { Lazy } from "../layout/lazy.js";
import { Skeleton } from "../layout/panel.js";

/** @typedef {import("../../lib/period.js").Range} Range */

const loadCalendar = later(() => import("./calendar.js"));

/**
 * A comparison of the picker. An empty `name` is none.
 * @typedef {{ name: string, weekdays: boolean, whole: boolean, before: Range | null }} Comparison
 */

/**
 * @typedef {"choose" | "custom" | "from" | "to" | "apply" | "previous" | "next" | "compare"
 *   | "weekdays" | "whole" | "previousMonth" | "nextMonth"} Word
 */

/**
 * @typedef {object} PeriodPickerProps
 * @property {readonly { name: string, label: string, key: string }[]} periods
 * @property {string | null} current null for a custom range
 * @property {string} label of what is shown
 * @property {string} detail the days themselves, and what they are compared with
 * @property {Range} range of days, where the calendar begins
 * @property {string} today
 * @property {boolean} sunday whether weeks begin on Sunday
 * @property {boolean} open
 * @property {(open: boolean) => void} onToggle
 * @property {(name: string) => void} onChoose
 * @property {(range: Range) => void} onRange
 * @property {(range: Range) => string} faultOf why days can't be shown, or ""
 * @property {readonly { name: string, label: string }[]} comparisons
 * @property {Comparison} comparison
 * @property {(comparison: Comparison) => void} onCompare
 * @property {(() => void) | null} onPrevious null if there is none
 * @property {(() => void) | null} onNext null at the end
 * @property {Pick<import("../../lib/format/format.js").Format, "month" | "weekday" | "day">} format
 * @property {Record<Word, string>} texts
 */

/** @param {PeriodPickerProps} props */
export function PeriodPicker(props) {
  const { label, detail, open, onToggle, onPrevious, onNext, texts } = props;
  const face = html`
    <${Icon} name="calendar" />
    <span class="period-name">${label}</span>
    <span class="period-days muted">${detail}</span>
    <${Icon} name="down" />
  `;
  const step = (
    /** @type {"left" | "right"} */ icon,
    /** @type {string} */ text,
    /** @type {(() => void) | null} */ onClick,
  ) =>
    html`
      <button type="button" class="button square" aria-label=${text} title=${text}
        disabled=${!onClick} onClick=${onClick}><${Icon} name=${icon} /></button>
    `;
  return html`
    <div class="period">
      ${step("left", texts.previous, onPrevious)}
      <${Dropdown} face=${face} label=${texts.choose} open=${open} onToggle=${onToggle}
        class="period-button" align="end">
        <div class="period-sheet">
          <${Periods} ...${props} />
          <div class="period-own">
            <${OwnDays} ...${props} />
            <${Compare} ...${props} />
          </div>
        </div>
      <//>
      ${step("right", texts.next, onNext)}
    </div>
  `;
}

/** @param {PeriodPickerProps} props */
function Periods({ periods, current, onChoose }) {
  return html`
    <div class="choices" onKeyDown=${moveInList}>
      ${periods.map(({ name, label, key }) =>
        html`
          <button key=${name} type="button" class="choice" aria-current=${name === current}
            onClick=${() => onChoose(name)}>
            <span>${label}</span>${key && html`<kbd>${key.toUpperCase()}</kbd>`}
          </button>
        `
      )}
    </div>
  `;
}

/** @param {PeriodPickerProps} props */
function OwnDays({ range, today, sunday, onRange, faultOf, format, texts }) {
  const [days, setDays] = useState(range);
  const fault = faultOf(days);
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (fault === "") onRange(days);
  };
  const choose = (/** @type {Range} */ chosen) => {
    setDays(chosen);
    if (faultOf(chosen) === "") onRange(chosen);
  };
  return html`
    <form class="range" onSubmit=${onSubmit}>
      <h3>${texts.custom} <kbd>C</kbd></h3>
      <${Lazy} load=${loadCalendar} meanwhile=${html`<${Skeleton} rows=${5} />`}
        range=${days} today=${today} sunday=${sunday}
        onRange=${choose} format=${format}
        texts=${{ previous: texts.previousMonth, next: texts.nextMonth }} />
      <${TwoDays} days=${days} max=${today} onDays=${setDays} texts=${texts} />
      <button class="button small" disabled=${fault !== ""}>${texts.apply}</button>
      ${fault.trim() !== "" && html`<p class="fault-line" role="status">${fault}</p>`}
    </form>
  `;
}

/**
 * @typedef {object} TwoDaysProps
 * @property {Range} days
 * @property {string} max
 * @property {(days: Range) => void} onDays
 * @property {Pick<Record<Word, string>, "from" | "to">} texts
 */

/** @param {TwoDaysProps} props */
function TwoDays({ days, max, onDays, texts }) {
  const id = useId();
  const field = (/** @type {"from" | "to"} */ end) =>
    html`
      <label class="visually-hidden" for=${`${id}-${end}`}>${texts[end]}</label>
      <input class="field small" type="date" id=${`${id}-${end}`} value=${days[end]} max=${max}
        required onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
          onDays({ ...days, [end]: target.value })} />
    `;
  return html`<div class="two-days">${field("from")}<span class="muted">–</span>${
    field("to")
  }</div>`;
}

/** @param {PeriodPickerProps} props */
function Compare({ comparisons, comparison, onCompare, range, today, faultOf, texts }) {
  const id = useId();
  const { name, before } = comparison;
  const choose = (/** @type {{ target: HTMLSelectElement }} */ { target }) =>
    onCompare({
      ...comparison,
      name: target.value,
      before: target.value === "custom" ? before ?? range : null,
    });
  const choice = (/** @type {"weekdays" | "whole"} */ own) =>
    html`
      <label class="check">
        <input type="checkbox" checked=${comparison[own]}
          onChange=${() => onCompare({ ...comparison, [own]: !comparison[own] })} />
        ${texts[own]}
      </label>
    `;
  return html`
    <div class="compare">
      <label for=${id}>${texts.compare} <kbd>X</kbd></label>
      <select id=${id} class="field small" value=${name} onChange=${choose}>
        ${comparisons.map((one) =>
          html`<option key=${one.name} value=${one.name}>${one.label}</option>`
        )}
      </select>
      ${name === "custom" && before && html`
        <${TwoDays} days=${before} max=${today} texts=${texts}
          onDays=${(/** @type {Range} */ days) =>
            faultOf(days) === "" && onCompare({ ...comparison, before: days })} />
      `}
      ${name !== "" && name !== "custom" && html`
        ${choice("weekdays")}
        ${choice("whole")}
      `}
    </div>
  `;
}
