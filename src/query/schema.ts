// What a request can name: metrics, dimensions, operators, periods and reports, from their tables.
// The dashboard and the documents take their lists from here.
import { CHANNELS } from "../reference/channels.ts";
import { COMPARISONS } from "../core/period.ts";
import { INTERVALS, PERIOD_DEFAULT, PERIODS } from "../../dashboard/grammar/period.js";
import { SITE_SETTINGS } from "../sites/settings.ts";
import { BREAKDOWNS } from "./reports/breakdowns.ts";
import { type Dimension, DIMENSIONS } from "./dimensions.ts";
import { type Operator, OPERATORS } from "../../dashboard/grammar/operators.js";
import { type Metric, METRICS } from "./metrics.ts";
import { COMMON_PARAMS, isIntervalName } from "./parse.ts";
import type { Report } from "./reports/report.ts";
import { REPORTS } from "./reports/reports.ts";

/** The answer of /api/schema. Lists keep the order of their tables. */
export function schemaOf() {
  return {
    metrics: list<Metric>(METRICS).map(([name, metric]) => metricRow(name, metric)),
    dimensions: [
      ...list<Dimension>(DIMENSIONS).map(([name, { label, group, of, missing, doc }]) => ({
        name,
        label,
        group,
        of,
        missing,
        filter: !isIntervalName(name),
        doc,
      })),
      {
        name: "props:KEY",
        label: "Property",
        group: "events",
        of: "event",
        missing: "(none)",
        filter: true,
        doc: "value of the custom property KEY",
      },
    ],
    operators: [
      ...list<Operator>(OPERATORS).map(([name, { label, values, caseSensitive, doc }]) => ({
        name,
        label,
        values,
        case_sensitive: caseSensitive,
        doc,
      })),
    ],
    trees: [
      { name: "and", doc: "all of the filters in it" },
      { name: "or", doc: "any of the filters in it" },
      { name: "not", doc: "not the filter in it" },
      { name: "has_done", doc: "an event of the visit meets the filter in it" },
      { name: "has_not_done", doc: "no event of the visit meets the filter in it" },
    ],
    periods: list<(typeof PERIODS)[keyof typeof PERIODS]>(PERIODS).map((
      [name, { label, interval, doc }],
    ) => ({ name, label, interval, doc })),
    period_default: PERIOD_DEFAULT,
    intervals: INTERVALS,
    comparisons: list<string>(COMPARISONS).map(([name, doc]) => ({ name, doc })),
    channels: list<string>(CHANNELS).map(([name, doc]) => ({ name, doc })),
    params: list<string>(COMMON_PARAMS).map(([name, doc]) => ({ name, doc })),
    reports: [
      ...list<Report>(REPORTS).map(([name, report]) => reportRow(name, report)),
      ...list<Report>(BREAKDOWNS).map(([name, row]) => reportRow(`breakdown/${name}`, row)),
    ],
    site_settings: list<{ byDefault: unknown; doc: string }>(SITE_SETTINGS).map((
      [name, { byDefault, doc }],
    ) => ({ name, default: byDefault, doc })),
  };
}

function list<T>(table: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(table);
}

function metricRow(name: string, { label, unit, better, empty, appliesTo, doc }: Metric) {
  return { name, label, unit, better, empty, applies_to: appliesTo, doc };
}

function reportRow(name: string, { label, doc, heavy, params }: Report) {
  return {
    name,
    path: `/api/stats/${name}`,
    label,
    doc,
    heavy,
    params: Object.entries(params).map(([param, row]) => ({ name: param, ...row })),
  };
}
