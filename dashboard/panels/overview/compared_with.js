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
  const { t, format, state } = useApp();
  if (state.compare === "") return null;
  const isNoted = (/** @type {string} */ noted) => meta?.notes?.some(({ code }) => code === noted);
  const local = (/** @type {string} */ iso) =>
    format.bucketLong(minuteOf(Date.parse(iso), meta?.range.timezone ?? "UTC"));
  const { from, to } = meta?.comparison_range ?? {};
  const zone = meta?.range.timezone ?? "UTC";
  // The end of a range is the first moment after it.
  const day = (/** @type {string} */ iso, less = 0) =>
    minuteOf(Date.parse(iso) - less, zone).slice(0, 10);
  const text = !from || !to
    ? (known ? t("compared_with_none") : "")
    : isNoted("comparison_cut") && !isEmpty
    ? t("compared_with", { from: local(from), to: local(to) })
    : t(isEmpty ? "compared_with_empty" : "compared_with_days", {
      days: format.days({ from: day(from), to: day(to, 1) }),
    });
  const ids = !isEmpty && isNoted("ids_changed") ? t("compared_ids") : "";
  return html`<p class="muted compared-with">${text} ${ids}</p>`;
}
