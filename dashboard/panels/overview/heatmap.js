// Visitors by hour of the day and day of the week.
import { HeatTable } from "../../components/charts/heat_table.js";
import { Panel } from "../../components/layout/panel.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";
import { Nothing, PanelFault } from "../../components/report/panel_fault.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { ImportedDays } from "../../components/report/imported_days.js";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** @typedef {{ dimensions: readonly [string, string], metrics: Record<string, number> }} Row */

/** Draws the panel. */
export function Heatmap() {
  const app = useApp();
  const { t, format, site } = app;
  /** @type {import("../../lib/ask/answer.js").Answer<{ results: readonly Row[] }>} */
  const { data, fault, stale, retry } = useAnswer(
    reportUrl(app, "query", {
      metrics: "visitors",
      dimensions: "day_of_week,hour_of_day",
      limit: 168,
    }),
    { last: true },
  );
  const counts = new Map(
    (data?.results ?? []).map(({ dimensions, metrics }) => [
      dimensions.map(Number).join(" "),
      metrics["visitors"] ?? 0,
    ]),
  );
  const most = Math.max(...counts.values(), 1);
  const days = site.week_start === "sunday" ? [7, 1, 2, 3, 4, 5, 6] : [1, 2, 3, 4, 5, 6, 7];
  const rows = days.map((day) => ({
    label: format.weekday(day),
    cells: HOURS.map((hour) => {
      const count = counts.get(`${day} ${hour}`) ?? 0;
      const text = format.count(count);
      const title = t("colon", { name: `${format.weekday(day)} ${format.hour(hour)}`, text });
      return { share: count / most, text, title };
    }),
  }));
  const body = fault
    ? html`<${PanelFault} fault=${fault} onRetry=${retry} />`
    : data && counts.size === 0
    ? html`<${Nothing} />`
    : html`
      <${HeatTable} caption=${t("heatmap")} columns=${HOURS.map(format.hour)} rows=${rows}
        every=${3} />
    `;
  return html`
    <${Panel} title=${t("heatmap")} class="heatmap" busy=${stale}>
      <div class=${stale && data ? "heat-body stale" : "heat-body"} tabindex="0" role="group"
        aria-label=${t("heatmap")}>${body}</div>
      <${ImportedDays} answer=${data} />
      <//>
  `;
}
