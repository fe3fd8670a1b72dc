// The error and empty states of panels: what an error means and a retry button, or why an answer
// may be empty.
import { Empty, Fault } from "../layout/panel.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect, useState } from "../../lib/html.js";
import { refusalOf } from "../../lib/format/refusal.js";
import { loadPageWords } from "../../lib/format/words.js";

/** Draws again when the words that tell refusals are there: the first view has none. */
function useRefusalWords() {
  const [, setThere] = useState(false);
  useEffect(() => {
    let wanted = true;
    loadPageWords().then(() => wanted && setThere(true), () => {});
    return () => {
      wanted = false;
    };
  }, []);
}

/**
 * @param {{ fault: import("../../lib/ask/api.js").ApiError, onRetry: () => void }} props
 */
export function PanelFault({ fault, onRetry }) {
  const { t } = useApp();
  useRefusalWords();
  const isBusy = fault.status === 429 || fault.status === 503;
  const detail = isBusy ? t("fault_hint_busy") : refusalOf(fault, t);
  return html`
    <${Fault} title=${t("fault_title")} detail=${detail} action=${t("retry")} onRetry=${onRetry} />
  `;
}

/**
 * The empty state of a panel, with a general hint unless the panel gives its own.
 * @param {{ hint?: string | undefined }} props
 */
export function Nothing({ hint }) {
  const { t, state } = useApp();
  const usual = t(state.filters.length > 0 ? "empty_filtered_hint" : "empty_breakdown_hint");
  return html`<${Empty} title=${t("empty_breakdown")} hint=${hint ?? usual} />`;
}
