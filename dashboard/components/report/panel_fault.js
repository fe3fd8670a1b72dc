// The error and empty states of panels: what an error means and a retry button, or why an answer
// may be empty.
import { Empty, Fault } from "../layout/panel.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect, useState } from "../../lib/html.js";
import { withPageWords } from "../../lib/format/words.js";

/** The first view has no refusals. */
const loadRefusals = withPageWords(() => import("../../lib/format/refusal.js"));

/**
 * @typedef {object} Refusals
 * @property {typeof import("../../lib/format/refusal.js").lastingOf} lastingOf
 * @property {typeof import("../../lib/format/refusal.js").refusalOf} refusalOf
 */

/** What tells refusals, with its words; null until it is there. */
function useRefusals() {
  const [refusals, setRefusals] = useState(/** @type {Refusals | null} */ (null));
  useEffect(() => {
    let wanted = true;
    loadRefusals().then((loaded) => wanted && setRefusals(loaded), () => {});
    return () => {
      wanted = false;
    };
  }, []);
  return refusals;
}

/**
 * @param {{ fault: import("../../lib/ask/api.js").ApiError, onRetry: () => void }} props
 */
export function PanelFault({ fault, onRetry }) {
  const { t } = useApp();
  const refusals = useRefusals();
  const isBusy = fault.status === 429 || fault.status === 503;
  const detail = isBusy
    ? refusals?.lastingOf(fault, t) ?? t("fault_hint_busy")
    : fault.status === 0
    ? t("fault_hint_offline")
    : refusals?.refusalOf(fault, t) ?? "";
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
