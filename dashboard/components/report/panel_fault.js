// How every panel tells that it has no numbers: of a fault, what it means to the reader and the way
// to ask again; of an empty answer, why that may be so.
import { Empty, Fault } from "../layout/panel.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";

/**
 * @param {{ fault: import("../../lib/ask/api.js").ApiError, onRetry: () => void }} props
 */
export function PanelFault({ fault, onRetry }) {
  const { t } = useApp();
  const detail = fault.status === 0
    ? t("fault_hint_offline")
    : fault.status === 429 || fault.status === 503
    ? t("fault_hint_busy")
    : fault.message;
  return html`
    <${Fault} title=${t("fault_title")} detail=${detail} action=${t("retry")} onRetry=${onRetry} />
  `;
}

/**
 * An answer without rows. Without a hint of its own it tells what might help.
 * @param {{ hint?: string | undefined }} props
 */
export function Nothing({ hint }) {
  const { t, state } = useApp();
  const usual = t(state.filters.length > 0 ? "empty_filtered_hint" : "empty_breakdown_hint");
  return html`<${Empty} title=${t("empty_breakdown")} hint=${hint ?? usual} />`;
}
