// Icons of well-known sources, browsers and systems: those of simple-icons and bootstrap-icons,
// letters and shapes of our own for what they lack, and a plain shape for every other value. Loaded
// by brand_mark.js.
import brands from "../../vendor/brands.js";
import moreBrands from "../../vendor/more_brands.js";
import { html } from "../html.js";

/** @typedef {import("./brand_mark.js").MarkKind} MarkKind */

/** @type {Readonly<Record<string, readonly string[]>>} */
const BRANDS = brands;
/** @type {Readonly<Record<string, readonly string[]>>} */
const MORE_BRANDS = moreBrands;

/** Letters on the colour of a brand; both are seen in light and dark. */
const LETTERS =
  /** @type {Readonly<Record<string, readonly [letters: string, colour: string]>>} */ ({
    Copilot: ["C", "#3a5fc8"],
    "Internet Explorer": ["e", "#1a66d6"],
    Outlook: ["O", "#0a66c2"],
    Pocket: ["P", "#c8283c"],
    "Samsung Internet": ["S", "#5b53c9"],
    Seznam: ["S", "#c00"],
    "UC Browser": ["U", "#b84a00"],
    Yahoo: ["Y!", "#5f01d1"],
    Yandex: ["Я", "#d0021b"],
    "Yandex Browser": ["Я", "#d0021b"],
  });

/** Shapes of our own in a box of 24 by 24, as those of simple-icons: field, shape, path. */
const OWN = /** @type {Readonly<Record<string, readonly [string, string, string]>>} */ ({
  Safari: [
    "0a6fbf",
    "fff",
    "M12 0a12 12 0 1 0 0 24 12 12 0 0 0 0-24zm0 2.4a9.6 9.6 0 1 1 0 19.2 9.6 9.6 0 0 1 0-19.2z" +
    "M18.6 5.4L14 14l-8.6 4.6L10 10zM12 10.6a1.4 1.4 0 1 0 0 2.8 1.4 1.4 0 0 0 0-2.8z",
  ],
  Windows: [
    "0067b8",
    "fff",
    "M1 1h10.2v10.2H1zM12.8 1H23v10.2H12.8zM1 12.8h10.2V23H1zM12.8 12.8H23V23H12.8z",
  ],
});

/** Lines in the colour of quiet text, in a box of 16 by 16, of values without another icon. */
const GLOBE = "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM2 8h12M8 2c2 1.7 2.5 3.7 2.5 6S10 12.3 8 14" +
  "M8 2C6 3.7 5.5 5.7 5.5 8S6 12.3 8 14";
const WINDOW = "M2 3h12v10H2zM2 6h12M4 4.5h.01M6 4.5h.01";
const CHIP = "M4.5 4.5h7v7h-7zM6.5 4.5V2M9.5 4.5V2M6.5 14v-2.5M9.5 14v-2.5M4.5 6.5H2M4.5 9.5H2" +
  "M14 6.5h-2.5M14 9.5h-2.5";
const SCREEN = "M2 3h12v8H2zM8 11v3M5 14h6";

/** The same of devices. */
const DEVICES = /** @type {Readonly<Record<string, string>>} */ ({
  desktop: SCREEN,
  laptop: "M3.5 3.5h9v7h-9zM1.5 13h13",
  mobile: "M5 1.5h6v13H5zM7.5 12.5h1",
  tablet: "M3 2h10v12H3zM7.5 12h1",
});

/**
 * The icon of a value.
 * @param {MarkKind} kind
 * @param {string} value
 */
export function shapeOf(kind, value) {
  if (kind === "device") return lines(own(DEVICES, value) ?? SCREEN);
  const brand = own(OWN, value) ?? own(BRANDS, value);
  if (brand) return shapeOn(brand, 24);
  const more = own(MORE_BRANDS, value);
  if (more) return shapeOn(more, 16);
  const [letters, colour] = own(LETTERS, value) ?? [];
  if (letters) return lettersOn(letters, colour ?? "");
  return lines(kind === "source" ? GLOBE : kind === "os" ? CHIP : WINDOW);
}

/**
 * A shape on its field.
 * @param {readonly string[]} brand
 * @param {number} box the size of the shape's box
 */
function shapeOn([field, shape, path], box) {
  return html`
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <rect width="24" height="24" rx="5" fill=${`#${field}`} />
      <path transform=${`translate(4.8 4.8) scale(${14.4 / box})`} fill=${`#${shape}`} d=${path} />
    </svg>
  `;
}

/**
 * @template T
 * @param {Readonly<Record<string, T>>} table
 * @param {string} key
 * @returns {T | undefined}
 */
function own(table, key) {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/**
 * @param {string} letters
 * @param {string} colour
 */
function lettersOn(letters, colour) {
  return html`
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <rect width="16" height="16" rx="3.3" fill=${colour} />
      <text x="8" y="8.5" text-anchor="middle" dominant-baseline="central" fill="#fff"
        font-size=${letters.length > 1 ? 8 : 10} font-weight="700">${letters}</text>
    </svg>
  `;
}

/** @param {string} path */
function lines(path) {
  return html`
    <svg class="mark plain" viewBox="0 0 16 16" aria-hidden="true">
      <path d=${path} />
    </svg>
  `;
}
