// The choice of period and comparison, and the steps between periods.
import { PeriodPicker } from "../../components/controls/period_picker.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";
import { addDays, lengthOf, periodOf, PERIODS, stepRange } from "../../lib/period.js";
import { isDate } from "../../grammar/days.js";
import { RANGE_DAYS_MAX } from "../../grammar/limits.js";
import { daysOf, widthsOf } from "../../lib/ask/report_url.js";

/** @typedef {import("../../lib/period.js").Range} Range */
/** @typedef {Pick<import("../../lib/state/context.js").App, "state" | "today">} Shown */

/**
 * The change of state to the previous or next period; null if there is none.
 * @param {Shown} app
 * @param {-1 | 1} direction
 * @returns {Partial<import("../../lib/state/state.js").State> | null}
 */
export function stepOf(app, direction) {
  const days = daysOf(app);
  const range = days && stepRange(days, direction, app.today);
  if (!range) return null;
  const period = periodOf(range, app.today);
  return period ? { period, range: null, interval: "" } : { range, interval: "" };
}

/**
 * The change of state to the next bucket width; the narrowest follows the widest.
 * @param {import("../../lib/state/context.js").App} app
 * @returns {Partial<import("../../lib/state/state.js").State>}
 */
export function nextInterval(app) {
  const { choices, value } = widthsOf(app);
  return { interval: choices[(choices.indexOf(value) + 1) % choices.length] ?? "" };
}

/** @param {{ open: boolean, onToggle: (open: boolean) => void }} props */
export function Periods({ open, onToggle }) {
  const app = useApp();
  const { t, name, format, schema, site, state, today, navigate } = app;
  const days = daysOf(app);
  const start = days && isDate(days.to) ? days : { from: addDays(today, -29), to: today };
  const previous = stepOf(app, -1);
  const next = stepOf(app, 1);
  const choose = (/** @type {Partial<import("../../lib/state/state.js").State>} */ change) => {
    onToggle(false);
    navigate({ ...change, interval: "" });
  };
  const detail = state.compare !== ""
    ? name("versus", state.compare)
    : days && !state.range
    ? format.days(days)
    : "";
  const comparisons = [
    { name: "", label: t("compare_nothing") },
    ...schema.comparisons.map((one) => ({ name: one.name, label: name("compare", one.name) })),
  ];
  return html`
    <${PeriodPicker} texts=${textsOf(t)} today=${today} range=${start} format=${format}
      sunday=${site.week_start === "sunday"}
      periods=${PERIODS.map(({ name: own, key }) => ({
        name: own,
        key,
        label: name("period", own),
      }))}
      current=${state.range ? null : state.period}
      label=${state.range ? format.days(state.range) : name("period", state.period)}
      detail=${detail} open=${open} onToggle=${onToggle}
      faultOf=${(/** @type {Range} */ range) => faultOf(range, t)}
      onChoose=${(/** @type {string} */ period) => choose({ period, range: null })}
      onRange=${(/** @type {Range} */ range) => choose({ range })}
      comparisons=${comparisons}
      comparison=${{
        name: state.compare,
        weekdays: state.weekdays,
        whole: state.whole,
        before: state.before,
      }}
      onCompare=${(
        /** @type {import("../../components/controls/period_picker.js").Comparison} */ chosen,
      ) =>
        navigate({
          compare: chosen.name,
          weekdays: chosen.weekdays,
          whole: chosen.whole,
          before: chosen.before,
        })}
      onPrevious=${previous && (() => navigate(previous))} onNext=${next &&
        (() => navigate(next))} />
  `;
}

/** The days that are shown, where the button has no room for them, and in print. */
export function ShownDays() {
  const app = useApp();
  const days = daysOf(app);
  return days && html`<p class="shown-days muted">${app.format.days(days)}</p>`;
}

/**
 * @param {Range} range
 * @param {import("../../lib/format/text.js").Translate} t
 */
function faultOf(range, t) {
  if (!isDate(range.from) || !isDate(range.to)) return " ";
  if (range.from > range.to) return t("range_backwards");
  return lengthOf(range) > RANGE_DAYS_MAX ? t("range_long") : "";
}

/** @param {import("../../lib/format/text.js").Translate} t */
function textsOf(t) {
  return {
    choose: t("choose_period"),
    custom: t("period_custom"),
    from: t("date_from"),
    to: t("date_to"),
    apply: t("apply"),
    previous: t("previous_period"),
    next: t("next_period"),
    compare: t("compare"),
    weekdays: t("compare_weekdays"),
    whole: t("compare_whole"),
    previousMonth: t("previous_month"),
    nextMonth: t("next_month"),
  };
}
