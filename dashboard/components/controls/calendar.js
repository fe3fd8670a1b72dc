// A calendar month for choosing a range: the first click starts it, the second ends it. Arrow keys
// move by days and weeks, Page Up and Page Down by months.
import { html, useLayoutEffect, useRef, useState } from "../../lib/html.js";
import { addDays, firstOfMonth } from "../../lib/period.js";
import { Icon } from "../layout/icon.js";

/** @typedef {import("../../lib/period.js").Range} Range */

/**
 * @typedef {object} CalendarProps
 * @property {Range} range of days, shown as chosen
 * @property {string} today nothing after it can be chosen
 * @property {boolean} sunday whether weeks begin on Sunday
 * @property {(range: Range) => void} onRange
 * @property {Pick<import("../../lib/format/format.js").Format, "month" | "weekday" | "day">} format
 * @property {Record<"previous" | "next", string>} texts
 */

/** @param {CalendarProps} props */
export function Calendar({ range, today, sunday, onRange, format, texts }) {
  const [month, setMonth] = useState(firstOfMonth(range.to, 0));
  const [anchor, setAnchor] = useState(/** @type {string | null} */ (null));
  const [focus, setFocus] = useState(/** @type {string | null} */ (null));
  const grid = useRef(/** @type {HTMLTableElement | null} */ (null));
  useFocusedDay(grid, focus, month);
  const shown = anchor === null ? range : { from: anchor, to: anchor };
  const choose = (/** @type {string} */ day) => {
    if (anchor === null) return setAnchor(day);
    setAnchor(null);
    onRange(day < anchor ? { from: day, to: anchor } : { from: anchor, to: day });
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const day = event.target instanceof HTMLElement ? event.target.dataset["day"] : undefined;
    const to = day && moved(day, event.key);
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    const reached = to > today ? today : to;
    setMonth(firstOfMonth(reached, 0));
    setFocus(reached);
  };
  const turn = (/** @type {number} */ count) => setMonth(firstOfMonth(month, count));
  const inside = focus !== null && firstOfMonth(focus, 0) === month ? focus : null;
  const weeks = weeksOf(month, sunday);
  const entry = inside ?? (firstOfMonth(shown.to, 0) === month ? shown.to : month);
  return html`
    <div class="calendar">
      <div class="calendar-head">
        <button type="button" class="button quiet square small" aria-label=${texts.previous}
          onClick=${() => turn(-1)}><${Icon} name="left" /></button>
        <span aria-live="polite">${format.month(month)}</span>
        <button type="button" class="button quiet square small" aria-label=${texts.next}
          disabled=${firstOfMonth(month, 1) > today} onClick=${() => turn(1)}>
          <${Icon} name="right" /></button>
      </div>
      <table ref=${grid} aria-label=${format.month(month)} onKeyDown=${onKeyDown}>
        <thead>
          <tr>
            ${(weeks[1] ?? []).map((day) =>
              html`<th key=${day} scope="col">${weekdayOf(day, format)}</th>`
            )}
          </tr>
        </thead>
        <tbody>
          ${weeks.map((week) =>
            html`
              <tr key=${week[0]}>
                ${week.map((day) =>
                  html`<td key=${day}>${
                    day.startsWith(month.slice(0, 7)) && html`
                      <button type="button" data-day=${day} class=${dayClass(day, shown)}
                        tabindex=${day === entry ? 0 : -1} disabled=${day > today}
                        aria-label=${format.day(day)} aria-pressed=${day >= shown.from &&
                          day <= shown.to}
                        onClick=${() => choose(day)}>${Number(day.slice(8))}</button>
                    `
                  }</td>`
                )}
              </tr>
            `
          )}
        </tbody>
      </table>
    </div>
  `;
}

/**
 * Focuses a day when it or the month changes; in a layout effect, as a key pressed while nothing
 * has the focus would be lost.
 * @param {{ readonly current: HTMLElement | null }} grid
 * @param {string | null} focus
 * @param {string} month
 */
function useFocusedDay(grid, focus, month) {
  useLayoutEffect(() => {
    const button = focus && grid.current?.querySelector(`[data-day="${focus}"]`);
    if (button instanceof HTMLElement) button.focus();
  }, [focus, month]);
}

/**
 * The whole weeks that contain a month.
 * @param {string} month its first day
 * @param {boolean} sunday
 */
function weeksOf(month, sunday) {
  const weekday = new Date(`${month}T00:00:00Z`).getUTCDay();
  const start = addDays(month, -(sunday ? weekday : (weekday + 6) % 7));
  const week = (/** @type {number} */ number) =>
    Array.from({ length: 7 }, (_, index) => addDays(start, number * 7 + index));
  return Array.from({ length: 6 }, (_, number) => week(number));
}

/**
 * @param {string} day
 * @param {CalendarProps["format"]} format
 */
function weekdayOf(day, format) {
  return format.weekday(((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7) + 1);
}

/**
 * @param {string} day
 * @param {Range} range
 */
function dayClass(day, { from, to }) {
  const classes = ["day"];
  if (day === from) classes.push("first");
  if (day === to) classes.push("last");
  return classes.join(" ");
}

/**
 * The day that a key moves to; null for other keys.
 * @param {string} day
 * @param {string} key
 */
function moved(day, key) {
  const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[key];
  if (days !== undefined) return addDays(day, days);
  const months = { PageUp: -1, PageDown: 1 }[key];
  return months === undefined ? null : firstOfMonth(day, months);
}
