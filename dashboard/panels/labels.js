// How a value of a dimension is written for people. Values stay as they are in data-value and in
// every question asked about them.
import { html } from "../lib/html.js";

const UNKNOWN = "(unknown)";

/** Words for values that are ours, not the visitors'. */
const WORDS = /** @type {const} */ ({ desktop: "desktop", mobile: "mobile", tablet: "tablet" });

/**
 * @param {string} report
 * @param {string} value
 * @param {Pick<import("../lib/context.js").App, "t" | "format">} app
 * @returns {{ label: unknown, text: string }}
 */
export function labelOf(report, value, { t, format }) {
  if (value === UNKNOWN) {
    const text = t(report === "sources" ? "direct" : "unknown");
    return { label: html`<span class="muted">${text}</span>`, text };
  }
  if (report === "countries") {
    const text = format.country(value);
    return { label: html`<span class="code">${value}</span>${text}`, text };
  }
  if (report === "devices" && Object.hasOwn(WORDS, value)) {
    const text = t(WORDS[/** @type {keyof typeof WORDS} */ (value)]);
    return { label: text, text };
  }
  return { label: value, text: value };
}
