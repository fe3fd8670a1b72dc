// The error page: shown if the page cannot be drawn, with a retry button.
import { Logo } from "../components/layout/logo.js";
import { Fault } from "../components/layout/panel.js";
import { html } from "../lib/html.js";
import { refusalOf } from "../lib/format/refusal.js";

/**
 * @typedef {object} FaultPageProps
 * @property {import("../lib/format/text.js").Translate} t
 * @property {import("../lib/ask/api.js").ApiError | null} fault
 * @property {() => void} onRetry
 */

/** @param {FaultPageProps} props */
export function FaultPage({ t, fault, onRetry }) {
  const detail = !fault || fault.status === 0 ? t("fault_hint_offline") : refusalOf(fault, t);
  return html`
    <main class="alone">
      <div class="panel login">
        <${Logo} size=${48} />
        <h1>Mallard Metrics</h1>
        <${Fault} title=${t("fault_page")} detail=${detail} action=${t(
          "retry",
        )} onRetry=${onRetry} />
      </div>
    </main>
  `;
}
