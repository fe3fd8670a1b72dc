// The retention panel: of the visitors first seen in a week, the share that returned in later
// weeks; and how the lifetime of visitor ids limits it.
import { NotCompared } from "../../components/report/not_compared.js";
import { HeatTable } from "../../components/charts/heat_table.js";
import { Panel, Skeleton } from "../../components/layout/panel.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";
import { parseStep, printStep } from "../../grammar/steps.js";
import { Nothing, PanelFault } from "../../components/report/panel_fault.js";
import { useViewParams } from "../../lib/state/view_params.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { OptionalStep } from "../../components/fields/step_fields.js";
import { ImportedDays } from "../../components/report/imported_days.js";

/** @typedef {import("../../lib/ask/answers.js").CohortDetail} Cohort */
/** @typedef {import("../../lib/ask/answers.js").RetentionAnswer} RetentionAnswer */

const COHORTS = /** @type {const} */ (["day", "week", "month"]);
const COUNTS = { day: 14, week: 8, month: 6 };

/** Draws the options and the table. */
export function Retention() {
  const app = useApp();
  const { t, format, owner, navigate } = app;
  const { own, setViewParam } = useViewParams();
  const cohorts = COHORTS.find((name) => name === own["cohorts"]) ?? "week";
  const { first, again } = own;
  const params = { detail: "true", cohorts, count: COUNTS[cohorts], first, again };
  /** @type {import("../../lib/ask/answer.js").Answer<RetentionAnswer>} */
  const { data, fault, stale, retry } = useAnswer(reportUrl(app, "retention", params));
  const actions = html`
    <div class="tabs" role="group" aria-label=${t("retention_cohorts")}>
      ${COHORTS.map((name) =>
        html`
          <button key=${name} type="button" class="tab" aria-pressed=${name === cohorts}
            onClick=${() => setViewParam({ cohorts: name === "week" ? "" : name })}>
            ${t(`retention_${name}`)}</button>
        `
      )}
    </div>
  `;
  const body = fault
    ? html`<${PanelFault} fault=${fault} onRetry=${retry} />`
    : !data
    ? html`<${Skeleton} rows=${8} />`
    : data.rows.length === 0
    ? html`<${Nothing} />`
    : isUnknown(data)
    ? null
    : html`<${Table} answer=${data} cohorts=${cohorts} />`;
  const changes = (data?.id_changes ?? []).map(({ at }) => format.bucket(at.slice(0, 10)));
  const short = data !== null && data.visitor_id_days < 31 && !data.lasting_ids;
  return html`
    <${Panel} title=${t("retention")} actions=${actions} busy=${stale}>
      <${Steps} />
      <${NotCompared} />
      <${ImportedDays} answer=${data} />
      ${body && html`
        <div class=${stale && data ? "report-body scroll stale" : "report-body scroll"} tabindex="0"
          role="group" aria-label=${t("retention")}>${body}</div>
      `}
      ${changes.length > 0 && html`
        <p class="hint">${t("retention_changed", { date: changes.join(", ") })}</p>
      `}
      ${short && html`
        <p class="hint">${t("retention_ids", { n: data.visitor_id_days })}${" "}
          ${owner && html`
            <button type="button" class="button small" onClick=${() =>
              navigate({ view: "settings", own: { section: "section_privacy" } })}>
              ${t("setting_open")}</button>
          `}
        </p>
      `}
    <//>
  `;
}

/**
 * Whether nobody can be seen to come again: ids last a day, so that only first cells are known.
 * @param {RetentionAnswer} answer
 */
function isUnknown({ visitor_id_days: days, rates }) {
  return days === 1 && rates.slice(1).every((rate) => rate === null);
}

/** The events that define a cohort and a return. */
function Steps() {
  const { t } = useApp();
  const { own, setViewParam } = useViewParams();
  const choice = (/** @type {"first" | "again"} */ which) =>
    html`
      <${OptionalStep} label=${t(`retention_${which}`)} any=${t("retention_any")}
        step=${parseStep(own[which] ?? "").value ?? null}
        onChange=${(/** @type {import("../../grammar/steps.js").Step | null} */ step) =>
          setViewParam({ [which]: step ? printStep(step) : "" })} />
    `;
  return html`<div class="optional-steps">${choice("first")}${choice("again")}</div>`;
}

/** @param {{ answer: RetentionAnswer, cohorts: (typeof COHORTS)[number] }} props */
function Table({ answer, cohorts }) {
  const { t, format } = useApp();
  const cellOf = (
    /** @type {number | null} */ rate,
    /** @type {string} */ title,
    /** @type {string | null | undefined} */ missing,
  ) => {
    if (rate !== null) return { share: rate, text: format.percent(rate), title, shown: true };
    const why = missing === "ids_change" ? t("retention_unknown") : t("retention_not_over");
    return { share: null, text: missing === "ids_change" ? "?" : "·", title: why, shown: true };
  };
  const sizeOf = (/** @type {number} */ size) => ({
    share: null,
    text: format.count(size),
    title: "",
    shown: true,
  });
  const all = answer.rows.reduce((sum, { size }) => sum + size, 0);
  const rows = [
    {
      label: t("retention_all"),
      cells: [
        sizeOf(all),
        ...answer.rates.map((rate, index) =>
          cellOf(rate, "", answer.rows.map(({ missing }) => missing[index]).find(Boolean))
        ),
      ],
    },
    ...answer.rows.map((cohort) => ({
      label: format.bucket(cohort.cohort_date),
      cells: [
        sizeOf(cohort.size),
        ...cohort.rates.map((rate, index) =>
          cellOf(
            rate,
            t("visitors_n", { n: cohort.returned[index] ?? 0 }),
            cohort.missing[index],
          )
        ),
      ],
    })),
  ];
  return html`
    <${HeatTable} caption=${t("retention")} rows=${rows}
      corner=${t(`retention_begun_${cohorts}`)}
      columns=${[t("metric_visitors"), ...answer.rates.map((_, index) => String(index))]}
      above=${{ label: t(`retention_after_${cohorts}`), skip: 1 }} />
  `;
}
