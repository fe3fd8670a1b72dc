// What stands in place of a page whose filters the server, or this page, cannot read.
import { Panel } from "../../components/layout/panel.js";
import { conditionsOf } from "../../grammar/filter.js";
import { html } from "../../lib/html.js";
import { refusalOf } from "../../lib/format/refusal.js";
import { siteName } from "../../lib/format/site_name.js";
import { useApp } from "../../lib/state/context.js";

/** @param {{ fault: import("../../lib/ask/api.js").ApiError | null }} props */
export function RefusedPanel({ fault }) {
  const { t, state, site, navigate } = useApp();
  const isNamed = (/** @type {string} */ value) => fault?.message.includes(`"${value}":`);
  const valuesOf = (/** @type {import("../../grammar/filter.js").Filter} */ filter) =>
    conditionsOf(filter).flatMap(({ values }) => values);
  const pattern = state.filters.flatMap(valuesOf).find(isNamed);
  // One whose fault names no value of it can't be told from the others.
  const kept = pattern === undefined
    ? []
    : state.filters.filter((filter) => !valuesOf(filter).some(isNamed));
  const unread = state.unread.find(({ part }) => part === "filters")?.value ?? "";
  const said = !fault
    ? t("filters_unread", { text: unread })
    : pattern === undefined
    ? refusalOf(fault, t)
    : t("filter_pattern_broken", { pattern });
  return html`
    <h1 class="visually-hidden">${t("dashboard_of", { site: siteName(site) })}</h1>
    <${Panel} title=${t("fault_title")}>
      <div class="settings-body" role="alert">
        <p class="fault-line">${said}</p>
        <p>
          <button type="button" class="button" onClick=${() => navigate({ filters: kept })}>
            ${t(pattern === undefined ? "filters_clear" : "filter_remove")}</button>
        </p>
      </div>
      <//>
  `;
}
