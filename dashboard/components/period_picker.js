// The period being shown: a button that opens the list of periods and two fields for days of
// one's own, between two arrows that step to the one before and after.
import { html, useId, useState } from "../lib/html.js";
import { Dropdown, moveInList } from "./dropdown.js";
import { Icon } from "./icon.js";

/** @typedef {import("../lib/period.js").Range} Range */
/** @typedef {"choose" | "custom" | "from" | "to" | "apply" | "previous" | "next"} Word */

/**
 * @typedef {object} PeriodPickerProps
 * @property {readonly { name: string, label: string, key: string }[]} periods
 * @property {string | null} current null for days of one's own
 * @property {string} label of what is shown
 * @property {string} detail the days themselves
 * @property {Range} range
 * @property {string} today
 * @property {boolean} open
 * @property {(open: boolean) => void} onToggle
 * @property {(name: string) => void} onChoose
 * @property {(range: Range) => void} onRange
 * @property {(range: Range) => string} faultOf why days can't be shown, or ""
 * @property {() => void} onPrevious
 * @property {(() => void) | null} onNext null at the end
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
  return html`
    <div class="period">
      <button type="button" class="button square" aria-label=${texts.previous} title=${texts
        .previous}
        onClick=${onPrevious}><${Icon} name="left" /></button>
      <${Dropdown} face=${face} label=${texts.choose} open=${open} onToggle=${onToggle}
        class="period-button" align="end">
        <${Choices} ...${props} />
        <//>
        <button type="button" class="button square" aria-label=${texts.next} title=${texts.next}
          disabled=${!onNext} onClick=${onNext}><${Icon} name="right" /></button>
        </div>
  `;
}

/** @param {PeriodPickerProps} props */
function Choices({ periods, current, range, today, onChoose, onRange, faultOf, texts }) {
  const [days, setDays] = useState(range);
  const id = useId();
  const fault = faultOf(days);
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (fault === "") onRange(days);
  };
  const field = (/** @type {"from" | "to"} */ end) =>
    html`
      <label for=${`${id}-${end}`}>${texts[end]}</label>
      <input class="field" type="date" id=${`${id}-${end}`} value=${days[end]} max=${today} required
        aria-describedby=${`${id}-fault`}
        onInput=${(/** @type {{ target: HTMLInputElement }} */ event) =>
          setDays({ ...days, [end]: event.target.value })} />
    `;
  return html`
    <div class="choices" onKeyDown=${moveInList}>
      ${periods.map(({ name, label, key }) =>
        html`
          <button key=${name} type="button" class="choice" aria-current=${name === current}
            onClick=${() => onChoose(name)}>
            <span>${label}</span><kbd>${key.toUpperCase()}</kbd>
          </button>
        `
      )}
    </div>
    <form class="range" onSubmit=${onSubmit}>
      <h3>${texts.custom} <kbd>C</kbd></h3>
      ${field("from")}${field("to")}
      <p class="fault-line" id=${`${id}-fault`} role="status">${fault}</p>
      <button class="button primary" disabled=${fault !== ""}>${texts.apply}</button>
    </form>
  `;
}
