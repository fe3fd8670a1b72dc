// The icons: line drawings in the colour of the text around them.
import { html } from "../../lib/html.js";

const PATHS = {
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  left: "M10 3.5L5.5 8l4.5 4.5",
  right: "M6 3.5L10.5 8 6 12.5",
  calendar: "M2.5 4.5h11v9h-11zM2.5 7h11M5.5 2.5v3M10.5 2.5v3",
  more: "M3 8h.01M8 8h.01M13 8h.01",
  check: "M3 8.5l3.5 3.5L13 4.5",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5l3 3",
  table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M2.5 9.5h11M6.5 3.5v9",
  chart: "M2.5 13.5h11M2.5 10l3.5-4 3 2.5 4.5-5",
  alert: "M8 5v3.5M8 11h.01M8 1.8l6.7 11.7H1.3z",
  plus: "M8 3v10M3 8h10",
  open: "M6.5 3.5h-3v9h9v-3M9 2.5h4.5V7M13.5 2.5L7.5 8.5",
  pin: "M8 10v4M4.5 10h7L10 7V3h1V2H5v1h1v4z",
  expand: "M9.5 2.5h4v4M13.5 2.5l-5 5M6.5 13.5h-4v-4M2.5 13.5l5-5",
  download: "M8 2.5v7.5M4.5 7L8 10.5 11.5 7M2.5 13.5h11",
  edit: "M3 13l.7-3L11 2.7l2.3 2.3L6 12.3z",
  filter: "M2 3.5h12L9.5 8.5v4.5l-3-1.5v-3z",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9",
  retry: "M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3",
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {{ name: IconName, size?: number }} props */
export function Icon({ name, size = 16 }) {
  return html`
    <svg class=${`icon icon-${name}`} width=${size} height=${size} viewBox="0 0 16 16"
      aria-hidden="true">
      <path d=${PATHS[name]} />
    </svg>
  `;
}
