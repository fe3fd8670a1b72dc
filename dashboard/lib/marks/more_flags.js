// Flags of the countries that marks.js does not draw. All of them are loaded together, when the
// first is shown; until then, and where there is none, the code is in its place.
import { html } from "../html.js";
import { later } from "../modules.js";
import { lazyShapes } from "./lazy_shapes.js";

/** @typedef {Readonly<Record<string, readonly string[]>>} Flags */

const loadFlags = later(() => import("../../vendor/flags.js"));
const useFlags = lazyShapes(
  async () => /** @type {Flags} */ ((await loadFlags()).default),
);

/** @param {{ code: string }} props */
export function MoreFlag({ code }) {
  const flags = useFlags();
  const [box, parts] = flags && Object.hasOwn(flags, code) ? flags[code] ?? [] : [];
  if (!parts) return html`<span class="mark flag code" aria-hidden="true">${code}</span>`;
  return html`
    <svg class="mark flag" viewBox=${box} preserveAspectRatio="xMidYMid slice" aria-hidden="true"
      dangerouslySetInnerHTML=${{ __html: parts }} />
  `;
}
