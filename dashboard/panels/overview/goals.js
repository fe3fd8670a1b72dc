// The goals of a site in numbers: unique conversions, all conversions, rate and revenue; and for
// owners goals that events suggest, one click each.
import { BarTable } from "../../components/charts/bar_table.js";
import { Empty, Skeleton } from "../../components/layout/panel.js";
import { Nothing, PanelFault } from "../../components/report/panel_fault.js";
import { ask, sitePath } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { refusalOf } from "../../lib/format/refusal.js";
import { hasMoney, metricsOf } from "../../lib/headline.js";
import { html, useState } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";
import { metricOf } from "../../lib/state/schema.js";
import { isPicked, toggleRow } from "../../lib/toggle_filter.js";
import { RowChange, ROWS } from "./breakdown.js";
import { ImportedDays } from "../../components/report/imported_days.js";

/** @typedef {Record<string, import("../../lib/format/format.js").Value>} Values */
/**
 * @typedef {object} Row
 * @property {readonly [string]} dimensions
 * @property {Values} metrics
 * @property {Record<string, number | null>} [comparison]
 * @property {Record<string, number | null>} [change]
 */
/** @typedef {{ name?: string, event?: string }} Goal */
/** @typedef {{ value: string, visitors: number }} Seen */

const GOAL = "goal";
const REVENUE = "total_revenue";
const ALL = metricsOf("goal");
/** Most events that are suggested. */
const SUGGESTED_MAX = 5;

/** Draws the rows. */
export function GoalsPanel() {
  const app = useApp();
  const { t, format, owner, schema, site, state, navigate } = app;
  const more = { metrics: ALL.join(","), dimensions: GOAL, limit: ROWS };
  const also = [{ op: "is_set", dimension: GOAL, values: [] }];
  /** @type {import("../../lib/ask/answer.js").Answer<{ results: readonly Row[] }>} */
  const { data, fault, stale, retry } = useAnswer(
    reportUrl(app, "query", more, { compare: true, also }),
  );
  /** @type {import("../../lib/ask/answer.js").Answer<readonly Goal[]>} */
  const goals = useAnswer(owner ? sitePath(site.site_id, "/goals") : null);
  if (fault) return html`<${PanelFault} fault=${fault} onRetry=${retry} />`;
  if (!data) {
    return html`
      <div class="panel-body">
        <${Skeleton} rows=${ROWS} />
      </div>
    `;
  }
  const rows = data.results;
  const numberOf = (/** @type {Row} */ { metrics }, /** @type {string} */ metric) =>
    Number(metrics[metric] ?? 0);
  const most = Math.max(1, ...rows.map((row) => numberOf(row, "visitors")));
  const paid = rows.some(({ metrics }) => hasMoney(metrics));
  const shown = ALL.filter((metric) => paid || metric !== REVENUE);
  const draw = (/** @type {Row} */ row) => {
    const [goal] = row.dimensions;
    return {
      key: goal,
      label: html`<span class="two-lines">${goal}</span>`,
      title: goal,
      share: numberOf(row, "visitors") / most,
      pressed: isPicked(state.filters, [GOAL], [goal]),
      cells: shown.map((metric) => {
        const { unit } = metricOf(schema, metric);
        const text = format.value(unit, row.metrics[metric] ?? null);
        return {
          text: metric === "visitors" ? html`<${GoalChange} row=${row} />${text}` : text,
          title: format.exact(unit, row.metrics[metric] ?? null),
        };
      }),
      data: { value: goal, visitors: numberOf(row, "visitors"), events: numberOf(row, "events") },
    };
  };
  const columns = [
    t("goal_column"),
    t("goal_unique"),
    t("goal_conversions"),
    t("goal_rate"),
    ...(paid ? [t("goal_revenue_column")] : []),
  ];
  const onPick = (/** @type {string} */ goal, /** @type {boolean} */ exclude) =>
    navigate({ filters: toggleRow(state.filters, [GOAL], [goal], exclude) });
  return html`
    <div class=${stale ? "panel-body stale" : "panel-body"} aria-busy=${stale}>
      ${rows.length === 0
        ? goals.data?.length === 0 && state.filters.length === 0
          ? html`<${Empty} title=${t("empty_goals")} />`
          : html`<${Nothing} />`
        : html`
          <${BarTable} caption=${t("goals")} name="goals" columns=${columns}
            rows=${rows.map(draw)} hint=${t("pick_hint")} onPick=${onPick} />
        `}
      <${GoalSuggestions} goals=${goals} onMade=${retry} />
    </div>
    <${ImportedDays} answer=${data} />
  `;
}

/**
 * The change of a goal's unique conversions, where the page compares.
 * @param {{ row: Row }} props
 */
function GoalChange({ row: { dimensions: [goal], metrics, comparison, change } }) {
  // A dash before the number would be a sign.
  if (typeof change?.["visitors"] !== "number") return null;
  const now = { visitors: Number(metrics["visitors"] ?? 0) };
  const row = { metrics: now, ...(comparison ? { comparison } : {}), change };
  return html`
    <span class="goal-change">
      <${RowChange} row=${row} of=${toggleRow([], [GOAL], [goal], false)} />
    </span>
  `;
}

/**
 * Events that have been seen and are no goal yet; nothing for readers.
 * @param {{
 *   goals: import("../../lib/ask/answer.js").Answer<readonly Goal[]>,
 *   onMade: () => void,
 * }} props
 */
function GoalSuggestions({ goals, onMade }) {
  const app = useApp();
  const { t, format, owner, site } = app;
  const [fault, setFault] = useState("");
  const path = sitePath(site.site_id, "/goals");
  /** @type {import("../../lib/ask/answer.js").Answer<readonly Seen[]>} */
  const seen = useAnswer(
    owner ? reportUrl(app, "values", { dimension: "name", limit: 50 }) : null,
    { last: true },
  );
  if (!goals.data || !seen.data) return null;
  const known = new Set(goals.data.flatMap(({ event }) => event ?? []));
  const named = new Set(goals.data.map(({ name }) => name));
  const offered = seen.data
    .filter(({ value }) => value !== "pageview" && !known.has(value) && !named.has(value))
    .slice(0, SUGGESTED_MAX);
  if (offered.length === 0) return null;
  const make = async (/** @type {string} */ event) => {
    try {
      await ask(path, { method: "POST", body: { name: event, event } });
      setFault("");
      goals.refresh();
      onMade();
    } catch (error) {
      setFault(refusalOf(error, t));
    }
  };
  return html`
    <div class="suggested">
      <span class="muted">${t("goals_suggested")}</span>
      ${offered.map(({ value, visitors }) =>
        html`
          <button key=${value} type="button" class="button small" data-goal=${value}
            title=${t("unique_visitors_n", { n: visitors, count: format.count(visitors) })}
            onClick=${() => make(value)}>+ ${value}</button>
        `
      )}
      <span class="fault-line" role="alert">${fault}</span>
    </div>
  `;
}
