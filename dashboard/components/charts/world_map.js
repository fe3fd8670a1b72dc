// A world map: the larger the number, the darker the country. Hidden from screen readers, as the
// same numbers are in the table beside it.
import { html } from "../../lib/html.js";

/**
 * `countries` are codes with SVG paths.
 * @typedef {object} World
 * @property {number} width
 * @property {number} height
 * @property {readonly (readonly [code: string, path: string])[]} countries
 */

/**
 * @typedef {object} WorldMapProps
 * @property {World} world
 * @property {string} label
 * @property {(code: string) => { share: number, title: string } | null} shadeOf null: no visitors
 * @property {(code: string, exclude: boolean) => void} onPick
 */

/** @param {WorldMapProps} props */
export function WorldMap({ world, label, shadeOf, onPick }) {
  const draw = (/** @type {readonly [string, string]} */ [code, path]) => {
    const shade = code === "" ? null : shadeOf(code);
    if (!shade) return html`<path key=${code} d=${path} />`;
    const onClick = (/** @type {MouseEvent} */ event) =>
      onPick(code, event.altKey || event.shiftKey || event.ctrlKey || event.metaKey);
    // The shade is the square root of the share, so that small shares stay visible.
    const style = { "--share": `${Math.round(15 + Math.sqrt(shade.share) * 85)}%` };
    return html`
      <path key=${code} class="some" d=${path} style=${style} data-country=${code}
        onClick=${onClick}>
        <title>${shade.title}</title>
      </path>
    `;
  };
  return html`
    <svg class="world" viewBox=${`0 0 ${world.width} ${world.height}`} role="img"
      aria-label=${label}>${world.countries.map(draw)}</svg>
  `;
}
