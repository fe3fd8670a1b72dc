// A Sankey diagram from left to right: the height of a box is the number of visits through it.
import { html } from "../../lib/html.js";

const WIDTH = 1000;
const HEIGHT = 460;
const BOX_WIDTH = 12;
const GAP = 2;
/** Room for the names of the last column. */
const LAST_WIDTH = 190;
const LETTER_WIDTH = 7;
/** What a name takes of the height, as a share of it: no box has less. */
export const NAME_HEIGHT = 15 / HEIGHT;

/** @typedef {import("../../lib/charts/sankey.js").Box} Box */
/** @typedef {import("../../lib/charts/sankey.js").Band} Band */

/**
 * @typedef {object} SankeyProps
 * @property {string} label
 * @property {readonly Box[]} boxes
 * @property {readonly Band[]} bands
 * @property {number} columns
 * @property {(box: Box) => { name: string, count: string, title: string }} wordsOf
 * @property {(box: Box) => (() => void) | null} onPick
 */

/** @param {SankeyProps} props */
export function Sankey({ label, boxes, bands, columns, wordsOf, onPick }) {
  const step = columns > 1 ? (WIDTH - BOX_WIDTH - LAST_WIDTH) / (columns - 1) : WIDTH;
  return html`
    <svg class="sankey" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label=${label}>
      ${bands.map((band, index) =>
        html`<path key=${index} class=${`band ${band.kind}`} d=${bandOf(band, step)} />`
      )}
      ${boxes.map((box, index) => {
        const { name, count, title } = wordsOf(box);
        const room = box.x === columns - 1 ? LAST_WIDTH + BOX_WIDTH : step;
        const shown = shortened(name, count, room);
        // Who speaks to the page says what stands there, though it is cut.
        const named = shown.includes(`${name}\u2069`) ? title : `${title}, ${shown}`;
        const pick = onPick(box);
        const height = Math.max(box.height * HEIGHT - GAP, 1);
        const y = box.y * HEIGHT;
        const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          pick?.();
        };
        return html`
          <g key=${index} class=${`box ${box.kind}`} role=${pick ? "button" : "img"}
            tabindex="0" aria-label=${named} onClick=${pick}
            onKeyDown=${onKeyDown}>
            <title>${title}</title>
            <rect x=${box.x * step} y=${y} width=${BOX_WIDTH} height=${height} rx="2" />
            <text x=${box.x * step + BOX_WIDTH + 6} y=${y + height / 2}
              dominant-baseline="central">${shown}</text>
          </g>
        `;
      })}
    </svg>
  `;
}

/**
 * A name, cut to what fits, with its number after it, whichever way the name is read.
 * @param {string} name
 * @param {string} count
 * @param {number} room
 */
function shortened(name, count, room) {
  const most = Math.floor((room - BOX_WIDTH - 20) / LETTER_WIDTH) - count.length - 1;
  const letters = [...name];
  const shown = letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : name;
  return `\u2068${shown}\u2069 ${count}`;
}

/**
 * @param {Band} band
 * @param {number} step
 */
function bandOf({ x, from, to, height }, step) {
  const [left, right] = [(x - 1) * step + BOX_WIDTH, x * step];
  const middle = (left + right) / 2;
  const [start, end] = [from * HEIGHT, to * HEIGHT];
  const thick = Math.max(height * HEIGHT - GAP / 2, 0.5);
  return `M${left} ${start}C${middle} ${start} ${middle} ${end} ${right} ${end}v${thick}` +
    `C${middle} ${end + thick} ${middle} ${start + thick} ${left} ${start + thick}z`;
}
