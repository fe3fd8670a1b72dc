// The line of a report that has no comparison although the page shows one.
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";

/** Draws the line while a comparison is chosen. */
export function NotCompared() {
  const { t, state } = useApp();
  return state.compare === "" ? null : html`<p class="muted not-compared">${t("not_compared")}</p>`;
}
