// Stand-in.
import { html } from "../lib/html.js";
/** Draws the page. */
export function BehaviourPage() {
  return html`<h1 class="title">behaviour</h1>`;
}
