// The line below the headline that says with which dates it is compared, or that there is nothing
// to compare with.
import { html } from "../../lib/html.js";
import { minuteOf } from "../../lib/period.js";
import { useApp } from "../../lib/state/context.js";

/** @typedef {NonNullable<import("../../lib/ask/answers.js").OverviewAnswer["meta"]>} Meta */

/**
 * The dates of the earlier range, or the part of it that a running period is compared with. Its
 * space is reserved, so that nothing moves when the answer arrives.
 * @param {{ meta: Meta | undefined, known: boolean, isEmpty: boolean }} props
 */
export function ComparedWith({ meta, known, isEmpty }) {
  const app = useApp();
  const { t, state } = app;
  if (state.compare === "") return null;
  const text = meta?.comparison_range
    ? comparedText(meta, isEmpty, app)
    : known
    ? t("compared_with_none")
    : "";
  return html`<p class="muted compared-with">${text}</p>`;
}

/**
 * Why no changes are shown; empty where they are.
 * @param {Meta | undefined} meta
 * @param {Pick<import("../../lib/state/context.js").App, "t" | "format">} app
 */
export function missingText(meta, { t, format }) {
  const { data_from: from, comparison_range: range } = meta ?? {};
  if (!meta || !from || !range) return "";
  const days = format.days(daysOf(range, meta.range.timezone));
  const date = format.day(minuteOf(Date.parse(from), meta.range.timezone).slice(0, 10));
  return from < range.to
    ? t("compared_since", { date, days })
    : t("compared_before_data", { date });
}

/**
 * @param {Meta} meta
 * @param {boolean} isEmpty
 * @param {Pick<import("../../lib/state/context.js").App, "t" | "format">} app
 */
function comparedText(meta, isEmpty, app) {
  const { t, format } = app;
  const { comparison_range: range = meta.range, range: { timezone } } = meta;
  const isNoted = (/** @type {string} */ noted) => meta.notes?.some(({ code }) => code === noted);
  const missing = missingText(meta, app);
  if (missing !== "") return missing;
  const days = format.days(daysOf(range, timezone));
  if (isEmpty) return t("compared_with_empty", { days });
  const local = (/** @type {string} */ iso) =>
    format.bucketLong(minuteOf(Date.parse(iso), timezone));
  const text = isNoted("comparison_cut")
    ? t("compared_with", { from: local(range.from), to: local(range.to) })
    : t("compared_with_days", { days });
  return isNoted("ids_changed") ? `${text}. ${t("compared_ids")}` : text;
}

/**
 * The first and the last local day of a range, whose end is the first moment after it.
 * @param {{ from: string, to: string }} range
 * @param {string} zone
 */
function daysOf({ from, to }, zone) {
  return {
    from: minuteOf(Date.parse(from), zone).slice(0, 10),
    to: minuteOf(Date.parse(to) - 1, zone).slice(0, 10),
  };
}
