// Stand-in.
import { html } from "../lib/html.js";
/** Draws the page. */
export function SettingsPage() {
  return html`<h1 class="title">settings</h1>`;
}
