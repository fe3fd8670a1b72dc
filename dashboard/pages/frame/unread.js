// Says which parameters of the address could not be read, above the page without them.
import { html } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";

export function UnreadPanel() {
  const { t, state, navigate } = useApp();
  // Filters stand in place of the page.
  const named = state.unread.filter(({ part }) => part !== "filters");
  if (named.length === 0) return null;
  const text = named.map(({ name, value }) => `${name}=${value}`).join(", ");
  const onClose = () => navigate({ unread: state.unread.filter(({ part }) => part === "filters") });
  return html`
    <p class="unread" role="status">
      <span>${t("params_unread", { text })}</span>
      <button type="button" class="button small" onClick=${onClose}>${t("close")}</button>
    </p>
  `;
}
