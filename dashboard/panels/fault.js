// How every panel tells of a fault: what it means to the reader, and the way to ask again.
import { Fault } from "../components/panel.js";
import { useApp } from "../lib/context.js";
import { html } from "../lib/html.js";

/**
 * @param {{ fault: import("../lib/api.js").ApiError, onRetry: () => void }} props
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
