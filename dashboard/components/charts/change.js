// The change of a number since an earlier range. Sign and arrow show the direction. Where it is
// more than chance, a colour says whether it is good; a hollow arrow is bad.
import { html } from "../../lib/html.js";

/**
 * @typedef {object} ChangeProps
 * @property {number | null} change null if it is undefined
 * @property {string} text the amount without its sign
 * @property {string} spoken the same in words
 * @property {number} mood above 0 good, below bad, 0 neither or not known
 * @property {string} [title]
 * @property {boolean | undefined} [noise] whether it may be chance: a quiet mark
 * @property {(() => void) | undefined} [onPress]
 */

/** @param {ChangeProps} props */
export function Change({ change, text, spoken, mood, title, noise = false, onPress }) {
  if (change === null) return html`<span class="change" title=${title}>–</span>`;
  const direction = Math.sign(change);
  const classes = ["change"];
  if (mood !== 0) classes.push(mood > 0 ? "good" : "bad");
  if (noise) classes.push("noise");
  const sign = direction > 0 ? "+" : direction < 0 ? "\u2212" : "";
  const body = html`
    <svg width="9" height="9" viewBox="0 0 10 10" aria-hidden="true">
      ${direction === 0
        ? html`<path d="M1 4h8v2H1z" />`
        : html`<path d=${direction > 0 ? "M5 1.5l4 7H1z" : "M5 8.5l-4-7h8z"} />`}
    </svg>
    <span aria-hidden="true" class="change-text">${sign}${text}</span>
    <span class="visually-hidden">${spoken}</span>
  `;
  return onPress
    ? html`
      <button type="button" class=${classes.join(" ")} title=${title} onClick=${onPress}>
        ${body}</button>
    `
    : html`<span class=${classes.join(" ")} title=${title}>${body}</span>`;
}
