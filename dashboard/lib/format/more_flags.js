// Flags of the countries that marks.js does not draw. All of them are loaded together, when the
// first is shown; until then, and where there is none, the code is in its place.
import { html, useEffect, useState } from "../html.js";

/** @typedef {Readonly<Record<string, readonly string[]>>} Flags */

/** @type {Flags} */
let flags = {};
/** @type {Promise<Flags> | null} */
let loading = null;

/** @returns {Promise<Flags>} */
async function loadFlags() {
  flags = (await import("../../vendor/flags.js")).default;
  return flags;
}

/** @param {{ code: string }} props */
export function MoreFlag({ code }) {
  const [found, setFound] = useState(flags);
  useEffect(() => {
    loading ??= loadFlags();
    // Without its flag a country keeps its code.
    loading.then(setFound, () => {});
  }, []);
  const [box, parts] = Object.hasOwn(found, code) ? found[code] ?? [] : [];
  if (!parts) return html`<span class="mark flag code" aria-hidden="true">${code}</span>`;
  return html`
    <svg class="mark flag" viewBox=${box} preserveAspectRatio="xMidYMid slice" aria-hidden="true"
      dangerouslySetInnerHTML=${{ __html: parts }} />
  `;
}
