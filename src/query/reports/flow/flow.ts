// Flow: which page follows a page. A list by default; `detail=true` is the tree of paths
// inside visits of detail.ts.
import { writtenPath } from "../../../core/paths/normal_form.ts";
import { EVENT_NAME_CHARS_MAX, URL_CHARS_MAX } from "../../../core/limits.ts";
import { sql } from "../../../core/sql.ts";
import { count } from "../behavioral.ts";
import { FLOW_DIRECTIONS, type FlowTree, type FlowTreeParams, queryFlowTree } from "./detail.ts";
import type { Params } from "../../params.ts";
import type { ReportRequest } from "../../query.ts";
import { defineReport, type QueryContext, withRange } from "../report.ts";

/** The parameters of a flow. */
export type FlowParams =
  | { readonly detail: false; readonly page: string }
  | { readonly detail: true; readonly tree: FlowTreeParams };

/** A page that follows, with how many visitors went there. */
export interface NextPage {
  readonly next_page: string;
  readonly visitors: number;
}

/** The answer: the pages that follow, or the tree with `detail=true`. */
export type FlowAnswer =
  | readonly (NextPage & { readonly comparison?: NextPage })[]
  | FlowTree;

const DETAILS = ["event", "direction", "depth", "count_by", "of", "group"];
const DEPTH_MAX = 5;
/** More pages than there can be: the ones that are asked for are taken out of all. */
const ALL_PAGES = 2 ** 31;

/** Reads the report's parameters. Notes faults in `params`. */
export function parseFlow(params: Params): FlowParams {
  const given = nameParam(params, "page", URL_CHARS_MAX);
  const page = given === undefined ? undefined : writtenPath(given);
  if (!params.flag("detail")) {
    const early = DETAILS.find((name) => params.text(name) !== undefined);
    if (early !== undefined) params.fault(`Cannot use ${early}: detail is not true`);
    if (page === undefined) params.fault("Cannot answer: page is missing, as in page=/pricing");
    return { detail: false, page: page ?? "" };
  }
  const event = nameParam(params, "event", EVENT_NAME_CHARS_MAX);
  if (page !== undefined && event !== undefined) {
    params.fault("Cannot use event: page is set too");
  }
  const of = params.choice("of", ["pages", "events"] as const, event ? "events" : "pages");
  if (event !== undefined && of === "pages") params.fault("Cannot use event: of is pages");
  const segments = params.integer("group", { min: 0, max: DEPTH_MAX, default: 0 });
  return {
    detail: true,
    tree: {
      page: page ?? null,
      event: event ?? null,
      direction: params.choice("direction", FLOW_DIRECTIONS, "next"),
      depth: params.integer("depth", { min: 1, max: DEPTH_MAX, default: 3 }),
      countBy: params.choice("count_by", ["visits", "visitors"] as const, "visits"),
      of,
      group: segments === 0 ? null : segments,
    },
  };
}

function nameParam(params: Params, name: string, charsMax: number): string | undefined {
  const text = params.text(name);
  if (text === undefined) return undefined;
  if (text === "") params.fault(`Cannot read ${name}: it is empty`);
  const chars = [...text].length;
  if (chars > charsMax) {
    params.fault(`Cannot read ${name}: ${chars} characters, more than ${charsMax}`);
  }
  return text;
}

async function queryNext(
  request: ReportRequest,
  page: string,
  context: QueryContext,
  only?: readonly string[],
): Promise<NextPage[]> {
  if (context.engine.name === "off") return [];
  const columns = ["visitor_id", "timestamp", "event_name", "pathname"] as const;
  const rows = await context.matching(
    request,
    columns,
    (events) =>
      only
        ? sql`select * from (${context.engine.next(events, page, ALL_PAGES, 0)})
          where list_contains(${only}, next_page)`
        : context.engine.next(events, page, request.limit, request.offset),
    { of: "visitors", values: [{ ref: "page", value: page }] },
  );
  return rows.map((row) => ({
    next_page: String(row["next_page"]),
    visitors: count(row["visitors"]),
  }));
}

/** `GET /api/stats/flow`. */
export const FLOW = defineReport({
  label: "Flow",
  doc: "pages that follow a visitor's first view of a page; with detail the paths inside visits",
  heavy: true,
  params: {
    page: { required: true, doc: "path of the page; with detail it may be left out" },
    detail: { required: false, doc: "true: a tree of paths inside visits, exits counted" },
    event: { required: false, doc: "with detail: a custom event to start from, instead of a page" },
    direction: { required: false, doc: `with detail: one of ${FLOW_DIRECTIONS.join(", ")}` },
    depth: { required: false, doc: `with detail: steps, 1 to ${DEPTH_MAX}, 3 when missing` },
    count_by: {
      required: false,
      doc: "with detail: visits, or visitors (each visitor's first fitting visit)",
    },
    of: { required: false, doc: "with detail: pages, or events (custom events, too)" },
    group: { required: false, doc: "with detail: only the first 1 to 5 parts of a path" },
  },
  parse: parseFlow,
  run: async (request, params, context): Promise<FlowAnswer> => {
    if (params.detail) return await queryFlowTree(request, params.tree, context);
    const now = await queryNext(request, params.page, context);
    if (!request.comparison || now.length === 0) return now;
    const scope = withRange(request, request.comparison);
    const only = now.map(({ next_page }) => next_page);
    const earlier = await queryNext(scope, params.page, context, only);
    const before = new Map(earlier.map((row) => [row.next_page, row.visitors]));
    return now.map((row) => ({
      ...row,
      comparison: { ...row, visitors: before.get(row.next_page) ?? 0 },
    }));
  },
});
