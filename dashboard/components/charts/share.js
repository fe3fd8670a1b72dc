// A number of a row with its share of the whole before it.
import { html } from "../../lib/html.js";

/**
 * @param {number} share 0…1
 * @param {unknown} text
 * @param {Pick<import("../../lib/format/format.js").Format, "percent">} format
 */
export function withShare(share, text, format) {
  return html`<span class="row-share muted">${format.percent(share)}</span>${text}`;
}
