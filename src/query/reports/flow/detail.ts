// The flow in detail: the tree of paths that visits take from a page (or from their beginning),
// forwards or backwards, reloads collapsed, ends counted.
import { join, raw, type Sql, sql } from "../../../core/sql.ts";
import type { Row } from "../../../storage/duckdb.ts";
import { count } from "../behavioral.ts";
import { FLOW_END } from "../../engine/engine.ts";
import { visitSpan } from "../../sql/visits.ts";
import { planOf } from "../../sql/plan.ts";
import { queryOf, type ReportRequest } from "../../query.ts";
import { matchingEvents } from "../../sql/relations.ts";
import { type QueryContext, withRange } from "../report.ts";

/** Ways to walk. */
export const FLOW_DIRECTIONS = ["next", "previous"] as const;

/** Which tree. */
export interface FlowTreeParams {
  readonly page: string | null;
  readonly event: string | null;
  readonly direction: (typeof FLOW_DIRECTIONS)[number];
  readonly depth: number;
  readonly countBy: "visits" | "visitors";
  readonly of: "pages" | "events";
  /** Parts of a path that make a group; null for whole paths. */
  readonly group: number | null;
}

/** A node: a page, a custom event, or where the visit ends (begins, backwards). */
export interface FlowNode {
  readonly kind: "page" | "event" | "end";
  readonly name: string | null;
  readonly count: number;
  readonly children: FlowNode[];
  /** Of `count`, what went on to nodes that are not shown. */
  others: number;
}

/** The answer of `detail=true`. */
export interface FlowTree {
  readonly page: string | null;
  readonly event: string | null;
  readonly direction: (typeof FLOW_DIRECTIONS)[number];
  readonly depth: number;
  readonly count_by: "visits" | "visitors";
  /** Visits (or visitors) that the tree is about. */
  readonly total: number;
  readonly others: number;
  readonly children: readonly FlowNode[];
}

const CHILDREN_MAX = 50;
const NODES_MAX = 200;

/** The tree of the visits that start in the range, each whole, and have an event that matches. */
export async function queryFlowTree(
  request: ReportRequest,
  params: FlowTreeParams,
  context: QueryContext,
): Promise<FlowTree> {
  const isEmpty = context.engine.name === "off" || request.range.fromUs >= request.range.toUs;
  const rows = isEmpty ? [] : await queryNodes(request, params, context);
  return shapeFlow(params, rows);
}

function queryNodes(
  request: ReportRequest,
  params: FlowTreeParams,
  context: QueryContext,
): Promise<Row[]> {
  const { range, gapUs } = request;
  const whole = visitSpan(range, gapUs);
  const wide = withRange(request, { fromUs: range.fromUs, toUs: whole.toUs, dates: null });
  const query = queryOf(wide, { metrics: ["events"] });
  const plan = planOf(query);
  const span = {
    fromUs: Math.min(whole.fromUs, plan.span.fromUs),
    toUs: Math.max(whole.toUs, plan.span.toUs),
  };
  return context.rows(span, (events) => {
    const matching = request.filter === null
      ? null
      : matchingEvents(query, plan, events, ["visitor_id", "timestamp"]);
    const items = itemsSql(events, matching, request, params, context);
    return sql`select * from ${
      context.engine.flowNodes(items, {
        start: startOf(params),
        backwards: params.direction === "previous",
        depth: params.depth,
        byVisitors: params.countBy === "visitors",
        childrenMax: Math.min(request.limit, CHILDREN_MAX),
        nodesMax: NODES_MAX,
      })
    }`;
  });
}

function startOf({ page, event }: FlowTreeParams): string | null {
  return page !== null ? `p${page}` : event !== null ? `e${event}` : null;
}

/** The label of an event: `p` and a path, or `e` and the name of a custom event. */
function flowLabel(groupSegments: number | null): Sql {
  const path = groupSegments === null
    ? raw("pathname")
    : sql`coalesce(nullif(regexp_extract(pathname, ${`^(?:/[^/]*){1,${groupSegments}}`}), ''),
        pathname)`;
  return sql`case when event_name = 'pageview' then 'p' || ${path} else 'e' || event_name end`;
}

/** visitor_id, visit_start_us, us, label of what the paths are made of. */
export function itemsSql(
  events: Sql,
  matching: Sql | null,
  { range, gapUs }: Pick<ReportRequest, "range" | "gapUs">,
  params: FlowTreeParams,
  { engine }: Pick<QueryContext, "engine">,
): Sql {
  const start = startOf(params);
  const source = start === null ? events : sql`(
    select * from ${events} as e
    semi join (select visitor_id from ${events} where ${flowLabel(params.group)} = ${start}) as s
      on s.visitor_id = e.visitor_id
  )`;
  const visits = engine.visitEvents(source, gapUs, ["event_name", "pathname"]);
  const conditions = [
    sql`visit_start_us >= ${range.fromUs} and visit_start_us < ${range.toUs}`,
    sql`label is not null`,
    ...(params.of === "pages" ? [sql`event_name = 'pageview'`] : []),
    ...(matching
      ? [sql`(visitor_id, visit_start_us) in (
        select (v.visitor_id, v.visit_start_us) from visited as v
        semi join (select visitor_id, epoch_us(timestamp) as us from ${matching}) as m
          on m.visitor_id = v.visitor_id and m.us = v.us
      )`]
      : []),
  ];
  return sql`(
    with visited as (select *, ${flowLabel(params.group)} as label from ${visits})
    select visitor_id, visit_start_us, us, label
    from visited
    where ${join(conditions, " and ")}
  )`;
}

/** The tree from rows of depth, path and visits. */
export function shapeFlow(params: FlowTreeParams, rows: readonly Row[]): FlowTree {
  const root: FlowNode = {
    kind: "end",
    name: null,
    count: count(rows.find((row) => row["depth"] === 0)?.["visits"]),
    children: [],
    others: 0,
  };
  const nodes = new Map<string, FlowNode>([["[]", root]]);
  for (const row of rows) {
    if (count(row["depth"]) === 0) continue;
    const path = JSON.parse(String(row["path"])) as string[];
    const label = path.at(-1) ?? "";
    const node: FlowNode = {
      kind: label === FLOW_END ? "end" : label.startsWith("p") ? "page" : "event",
      name: label === FLOW_END ? null : label.slice(1),
      count: count(row["visits"]),
      children: [],
      others: 0,
    };
    nodes.set(JSON.stringify(path), node);
    nodes.get(JSON.stringify(path.slice(0, -1)))?.children.push(node);
  }
  for (const [path, node] of nodes) {
    const deep = (JSON.parse(path) as string[]).length >= params.depth;
    const shown = node.children.reduce((sum, child) => sum + child.count, 0);
    node.others = deep || (node.kind === "end" && node !== root) ? 0 : node.count - shown;
  }
  return {
    page: params.page,
    event: params.event,
    direction: params.direction,
    depth: params.depth,
    count_by: params.countBy,
    total: root.count,
    others: root.others,
    children: root.children,
  };
}
