// Flags of countries, drawn here, so that none is a request. Those of other countries are in
// more_flags.js, and icons of sources, browsers, systems and devices in brand_mark.js.
import { html } from "../html.js";

const WIDTH = 16;
const HEIGHT = 12;

/**
 * Flags by what they are made of: h and v bands, n a cross with its rim, o a disc. The colours are
 * those of CSS without their #.
 */
const FLAGS = "AM h d00 00a fa0,AR h 7ad fff 7ad,AT h d23 fff d23,BE v 000 fd0 e33," +
  "BG h fff 096 d21,BO h d21 fe0 073,CI v f80 fff 095,CO h fd0 fd0 038 c12,DE h 000 d00 fc0," +
  "DK n c13 fff,EE h 07c 000 fff,ES h c11 fc0 fc0 c11,ET h 083 fd0 d12,FI n fff 038," +
  "FR v 024 fff e34,GA h 096 fd1 37c,HU h c33 fff 375,ID h d00 fff,IE v 195 fff f83," +
  "IS n 04a d23 fff,IT v 094 fff d33,JP o fff b03,LT h fb1 064 c12,LU h e33 fff 3ae," +
  "LV h 933 933 fff 933 933,MC h d12 fff,MU h e23 126 fd0 0a5,NG v 085 fff 085," +
  "NL h a23 fff 247,NO n b23 026 fff,PE v d12 fff d12,PL h fff d14,BD o 064 f43," +
  "PT v 062 062 e11 e11 e11,RO v 029 fc1 d12,RU h fff 03a d22,SE n 06a fc0," +
  "TD v 026 fc0 c03,TH h d11 fff 224 224 fff d11,UA h 05b fd0,YE h c11 fff 000";

const BY_CODE = new Map(
  FLAGS.split(",").map((flag) => {
    const [code = "", kind = "", ...colours] = flag.split(" ");
    return [code, { kind, colours: colours.map((colour) => `#${colour}`) }];
  }),
);

/** Flags that are drawn by hand: [colour, path] one over the other. */
const DRAWN = /** @type {Readonly<Record<string, readonly (readonly [string, string])[]>>} */ ({
  AU: [["#029", "M0 0h16v12H0z"], [
    "#fff",
    "M0 0h1l7 5v1H7L0 1zM8 0v1L1 6H0V5l7-5zM3 0h2v6H3zM0 2h8v2H0z" +
    "M4 7.5l1.4 2H2.6zM4 10.8L2.6 8.8h2.8zM12 1.4l.8 1-.8 1-.8-1zM12 8.4l.8 1-.8 1-.8-1z" +
    "M9.8 4.6l.8 1-.8 1-.8-1zM14.2 4l.8 1-.8 1-.8-1z",
  ], ["#c13", "M3.5 0h1v6h-1zM0 2.5h8v1H0z"]],
  BR: [["#093", "M0 0h16v12H0z"], ["#fd0", "M8 1.5L14.5 6 8 10.5 1.5 6z"], [
    "#027",
    "M8 3.6a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8z",
  ]],
  CA: [["#d11", "M0 0h16v12H0z"], ["#fff", "M4 0h8v12H4z"], [
    "#d11",
    "M8 2l1 1.8 1.2-.5-.4 2.2 1.7-.8-.6 2.2L8.4 8.2V10h-.8V8.2L5.1 6.9l-.6-2.2 1.7.8-.4-2.2 1.2.5z",
  ]],
  CH: [["#d22", "M0 0h16v12H0z"], ["#fff", "M7 2.5h2V5h2.5v2H9v2.5H7V7H4.5V5H7z"]],
  CN: [["#d21", "M0 0h16v12H0z"], [
    "#fe0",
    "M4 1.5l.7 2h2.1L5.1 4.7l.6 2L4 5.5 2.3 6.7l.6-2L1.2 3.5h2.1z" +
    "M8 1h1v1H8zM9.5 2.7h1v1h-1zM9.5 5h1v1h-1zM8 6.7h1v1H8z",
  ]],
  CZ: [["#fff", "M0 0h16v6H0z"], ["#d22", "M0 6h16v6H0z"], ["#147", "M0 0l8 6-8 6z"]],
  GB: [["#026", "M0 0h16v12H0z"], [
    "#fff",
    "M0 0h2l14 10.5V12h-2L0 1.5zM16 0v1.5L2 12H0v-1.5L14 0zM6 0h4v12H6zM0 4h16v4H0z",
  ], ["#c13", "M7 0h2v12H7zM0 5h16v2H0z"]],
  GR: [["#15a", "M0 0h16v12H0z"], [
    "#fff",
    "M7 1.3h9v1.4H7zM7 4h9v1.4H7zM0 6.7h16v1.3H0zM0 9.3h16v1.4H0zM2.7 0H4v6.7H2.7zM0 2.7h6.7V4H0z",
  ]],
  IN: [["#f93", "M0 0h16v4H0z"], ["#fff", "M0 4h16v4H0z"], ["#183", "M0 8h16v4H0z"], [
    "#118",
    "M8 4.3a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4z" +
    "M8 4.9a1.1 1.1 0 1 0 0 2.2 1.1 1.1 0 0 0 0-2.2z" +
    "M7.7 5.7h.6v.6h-.6z",
  ]],
  US: [["#b23", "M0 0h16v12H0z"], [
    "#fff",
    "M0 1h16v1H0zM0 3h16v1H0zM0 5h16v1H0zM0 7h16v1H0zM0 9h16v1H0zM0 11h16v1H0z",
  ], ["#346", "M0 0h7v6H0z"]],
  VN: [["#d22", "M0 0h16v12H0z"], [
    "#fe0",
    "M8 2.5l.9 2.6h2.7L9.4 6.7l.8 2.6L8 7.7 5.8 9.3l.8-2.6-2.2-1.6h2.7z",
  ]],
});

/**
 * The flag of a country by its code; null where there is none.
 * @param {string} code
 */
export function flagOf(code) {
  const own = Object.hasOwn(DRAWN, code) ? DRAWN[code] : undefined;
  const flag = BY_CODE.get(code);
  if (!own && !flag) return null;
  return html`
    <svg class="mark flag" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      ${own?.map(([colour, path]) => html`<path key=${path} fill=${colour} d=${path} />`)}
      ${flag && partsOf(flag)}
    </svg>
  `;
}

/** @param {{ kind: string, colours: readonly string[] }} flag */
function partsOf({ kind, colours }) {
  const [field, second, rim] = colours;
  const whole = html`<path fill=${field} d="M0 0h16v12H0z" />`;
  if (kind === "o") return [whole, html`<circle cx="8" cy="6" r="3.6" fill=${second} />`];
  if (kind === "n") {
    return [
      whole,
      rim && html`<path fill=${rim} d="M4 0h4v12H4zM0 4h16v4H0z" />`,
      html`<path fill=${second} d="M5 0h2v12H5zM0 5h16v2H0z" />`,
    ];
  }
  const part = 1 / colours.length;
  return colours.map((fill, at) =>
    kind === "h"
      ? html`
        <rect key=${at} fill=${fill} y=${at * part * HEIGHT} width=${WIDTH}
          height=${part * HEIGHT + 0.1} />
      `
      : html`
        <rect key=${at} fill=${fill} x=${at * part * WIDTH} width=${part * WIDTH + 0.1}
          height=${HEIGHT} />
      `
  );
}
