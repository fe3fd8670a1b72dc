// The list of single visits, newest first, for sites whose owner allows it.
import { Panel, Skeleton } from "../../components/layout/panel.js";
import { NotCompared } from "../../components/report/not_compared.js";
import { Pager } from "../../components/report/pager.js";
import { Nothing, PanelFault } from "../../components/report/panel_fault.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { labelOf } from "../../lib/format/labels.js";
import { html, useState } from "../../lib/html.js";
import { minuteOf } from "../../lib/period.js";
import { useApp } from "../../lib/state/context.js";
import { dimensionOf } from "../../lib/state/schema.js";
import { ImportedDays } from "../../components/report/imported_days.js";

/** @typedef {import("../../lib/ask/answers.js").VisitsAnswer} VisitsAnswer */
/** @typedef {VisitsAnswer["visits"][number]} Visit */

const PAGE_ROWS = 20;
const FORBIDDEN = 403;

/** Draws the list. */
export function Visits() {
  const app = useApp();
  const { t } = app;
  const [page, setPage] = useState(0);
  const listed = app.site.visit_list === true;
  /** @type {import("../../lib/ask/answer.js").Answer<VisitsAnswer>} */
  const { data, fault, stale, retry } = useAnswer(
    listed ? reportUrl(app, "visits", { limit: PAGE_ROWS, offset: page * PAGE_ROWS }) : null,
  );
  const body = !listed || fault?.status === FORBIDDEN
    ? html`<${NotAllowed} />`
    : fault
    ? html`<${PanelFault} fault=${fault} onRetry=${retry} />`
    : !data
    ? html`<${Skeleton} rows=${PAGE_ROWS} />`
    : data.visits.length === 0
    ? html`<${Nothing} />`
    : html`
      <ol class="visits">
        ${data.visits.map((visit, at) =>
          html`
            <${VisitRow} key=${`${visit.started_at} ${at}`} visit=${visit} />
          `
        )}
      </ol>
    `;
  return html`
    <${Panel} title=${t("visits")} busy=${stale && !fault}>
      <${NotCompared} />
      <${ImportedDays} answer=${data} />
      <div class=${stale && data ? "report-body stale" : "report-body"}>
        ${body}
        <${Pager} page=${page} total=${data?.total ?? 0} rows=${PAGE_ROWS} onPage=${setPage} />
      </div>
      <//>
  `;
}

/** Why there is no list, and for owners the way to it. */
function NotAllowed() {
  const { t, owner, navigate } = useApp();
  return html`
    <div class="blank">
      <p>${t("visits_off")}</p>
      ${owner && html`
        <button type="button" class="button"
          onClick=${() => navigate({ view: "settings", own: { section: "section_privacy" } })}>
          ${t("visits_settings")}</button>
      `}
    </div>
  `;
}

/** @param {{ visit: Visit }} props */
function VisitRow({ visit }) {
  const app = useApp();
  const { t, format, schema, site } = app;
  const started = minuteOf(Date.parse(visit.started_at), site.timezone ?? "UTC");
  const word = (/** @type {string} */ name, /** @type {string} */ value) => {
    const dimension = dimensionOf(schema, name);
    return dimension ? labelOf(dimension, value, app).label : value;
  };
  const told = [
    word("source", visit.source),
    word("country", visit.country),
    word("device", visit.device),
    word("browser", visit.browser),
    word("os", visit.os),
  ];
  return html`
    <li data-visit=${visit.started_at}>
      <details>
        <summary>
          <b>${format.bucketLong(started)}</b>
          <span>${t("visits_steps", { n: visit.steps.length })}</span>
          <span>${format.duration(visit.duration_secs)}</span>
          ${told.map((label, at) => html`<span key=${at}>${label}</span>`)}
        </summary>
        <ol>
          ${visit.steps.map(({ kind, name, page }, at) =>
            html`
              <li key=${at}>${name}${kind === "event" && html`
                <span class="muted">${page}</span>
              `}</li>
            `
          )}
        </ol>
      </details>
    </li>
  `;
}
