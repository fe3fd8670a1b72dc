// Web vitals: how pages load and respond, whole and by page. Drawn where they are measured.
import { Lazy } from "../../components/layout/lazy.js";
import { Empty, Panel, Skeleton } from "../../components/layout/panel.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { html, useState } from "../../lib/html.js";
import { later } from "../../lib/modules.js";
import { useApp } from "../../lib/state/context.js";

/** @typedef {import("../../lib/ask/answers.js").VitalsAnswer} VitalsAnswer */

const loadTables = later(() => import("./vitals_tables.js"));
const ROWS = 9;

/** Draws the panel. */
export function Vitals() {
  const app = useApp();
  const { t } = app;
  const [known, setKnown] = useState("");
  /** @type {import("../../lib/ask/answer.js").Answer<VitalsAnswer>} */
  const { data, fault, stale } = useAnswer(
    reportUrl(app, "vitals", { limit: ROWS }),
    { last: true },
  );
  const measured = data && data.rows.length > 0;
  const site = app.site.site_id;
  if (measured && known !== site) setKnown(site);
  // One choice about loads and about visits is refused.
  if (fault && known === site) {
    return html`
      <${Panel} title=${t("vitals")} class="vitals">
        <${Empty} title=${t(fault.status === 400 ? "vitals_unfiltered" : "fault_title")} />
        <//>
    `;
  }
  if (!measured) return null;
  return html`
    <${Panel} title=${t("vitals")} class="vitals" busy=${stale}>
      <div class=${stale ? "vitals-body stale" : "vitals-body"} tabindex="0" role="group"
        aria-label=${t("vitals")}>
        <${Lazy} load=${loadTables} meanwhile=${html`<${Skeleton} rows=${5} />`}
          vitals=${data.vitals} rows=${data.rows} />
      </div>
      <//>
  `;
}
