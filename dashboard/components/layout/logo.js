// The logo: a duck.
import { html } from "../../lib/html.js";

const HEAD = "M14 2.5c5.7 0 9.6 4 9.6 9.3 0 3.3-1.6 5.4-3.1 7.9-4 1.3-9 1.3-13 " +
  "0C6 17.2 4.4 15 4.4 11.8 4.4 6.5 8.3 2.5 14 2.5z";
const BEAK = "M22.6 9.8c2.4.3 4.7 1.3 7.7 1.7 1.2.2 1.5 1.5.5 2.2-2.3 1.6-5.6 " +
  "2.2-8.6 1.5-.6-1.7-.4-3.7.4-5.4z";

/** @param {{ size?: number }} props */
export function Logo({ size = 28 }) {
  return html`
    <svg class="logo" width=${size} height=${size} viewBox="0 0 32 32" aria-hidden="true">
      <path class="logo-breast" d="M3 32c0-7 4.4-10.5 11-10.5S25 25 25 32z" />
      <path class="logo-collar" d="M7.5 19.5h13v3.2c-4 1.6-9 1.6-13 0z" />
      <path class="logo-head" d=${HEAD} />
      <path class="logo-beak" d=${BEAK} />
      <circle class="logo-white" cx="17.6" cy="9.3" r="1.7" />
      <circle class="logo-pupil" cx="18" cy="9.3" r=".9" />
    </svg>
  `;
}
