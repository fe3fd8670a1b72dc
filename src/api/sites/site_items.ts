// What owners define for a site: goals, segments, saved funnels, annotations and SQL queries. A
// table of kinds; each row says how a body is checked and shown.
import { isStranger } from "../../auth/rights.ts";
import { AppError } from "../../core/errors.ts";
import { filterOfJson, filterOfJsonList, filterToJson } from "../../core/filter_json.ts";
import { type Filter, parseFilter, printFilter } from "../../../dashboard/grammar/filter.js";
import { json } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import { ITEM_NAME_CHARS_MAX, SQL_CHARS_MAX } from "../../core/limits.ts";
import { isDate, isMinute } from "../../../dashboard/grammar/days.js";
import { sql } from "../../core/sql.ts";
import { changeTexts, linesWithoutControls, withoutControls } from "../../core/text.ts";
import type { Clock } from "../../core/types.ts";
import { checkFilter, STANDARD_SETTINGS } from "../../query/parse.ts";
import { parseSpan } from "../../../dashboard/grammar/span.js";
import { compileSteps } from "../../query/steps.ts";
import { faultsOfGoal } from "../../sites/goals.ts";
import type { Item, ItemDraft, Sites } from "../../sites/sites.ts";
import type { ItemKind } from "../../storage/state/ops/site_ops.ts";
import { readJsonObject } from "../../http/body.ts";
import { siteOfPath } from "./sites.ts";

type Body = Readonly<Record<string, unknown>>;

interface Kind {
  readonly kind: ItemKind;
  /** Checks a body as a whole. Throws `bad_request` naming what is wrong. */
  readonly draft: (body: Body) => ItemDraft;
  /** The body as it is shown; by default as it is stored. */
  readonly show?: (item: Item) => Body;
  /** Takes out of texts what is not stored; by default every control character. */
  readonly clean?: (text: string) => string;
  /** Who may list them; by default whoever reads the site. */
  readonly right?: "admin";
}

/** Kinds by the last part of their path. */
const KINDS: Readonly<Record<string, Kind>> = {
  goals: { kind: "goal", draft: goalDraft },
  segments: { kind: "segment", draft: segmentDraft, show: showSegment },
  funnels: { kind: "funnel", draft: funnelDraft },
  annotations: { kind: "annotation", draft: annotationDraft },
  queries: { kind: "query", draft: queryDraft, clean: linesWithoutControls, right: "admin" },
};

/** Routes below `/api/sites/:site_id/`. */
export function siteItemRoutes(sites: Sites, clock: Clock): Route[] {
  return Object.entries(KINDS).flatMap(([name, kind]) => routesOfKind(name, kind, sites, clock));
}

function routesOfKind(name: string, kind: Kind, sites: Sites, clock: Clock): Route[] {
  const path = `/api/sites/:site_id/${name}`;
  const bodyOf = async ({ request }: Context): Promise<Body> =>
    changeTexts(await readJsonObject(request, clock), kind.clean ?? withoutControls);
  const itemOf = (context: Context): Item => {
    const { id = "" } = context.params;
    const item = /^\d{1,15}$/.test(id)
      ? sites.item(siteOfPath(context), kind.kind, Number(id))
      : undefined;
    if (!item) throw new AppError("not_found", `Cannot find the ${kind.kind}: it has no id ${id}`);
    return item;
  };
  return [
    {
      method: "GET",
      path,
      right: kind.right ?? "read",
      handle: (context) => {
        const items = sites.items(siteOfPath(context), kind.kind);
        const seen = isStranger(context.access) ? items.filter(isPublic) : items;
        return json(seen.map((item) => shown(kind, item)));
      },
    },
    {
      method: "POST",
      path,
      right: "admin",
      handle: async (context) => {
        const site = siteOfPath(context);
        const draft = kind.draft(await bodyOf(context));
        return json(shown(kind, await sites.add(site, kind.kind, draft)), 201);
      },
    },
    {
      method: "PATCH",
      path: `${path}/:id`,
      right: "admin",
      handle: async (context) => {
        const changes = await bodyOf(context);
        const item = itemOf(context);
        const { id: _, created_at: __, updated_at: ___, ...before } = shown(kind, item);
        const draft = kind.draft(merged(before, changes));
        return json(shown(kind, await sites.change(item, draft)));
      },
    },
    {
      method: "DELETE",
      path: `${path}/:id`,
      right: "admin",
      handle: async (context) => {
        await sites.remove(itemOf(context));
        return json({ status: "deleted" });
      },
    },
  ];
}

/** Whether strangers see an item of a public site: annotations that the owner marked alone. */
function isPublic({ kind, body }: Item): boolean {
  return kind === "annotation" && body["public"] === true;
}

function shown(kind: Kind, item: Item): Body {
  return {
    id: item.id,
    ...(kind.kind === "annotation" ? {} : { name: item.name }),
    ...(kind.show ? kind.show(item) : item.body),
    created_at: new Date(item.created_at).toISOString(),
    updated_at: new Date(item.updated_at).toISOString(),
  };
}

/** Merges changes into a body; null removes a key. */
function merged(before: Body, changes: Body): Body {
  const all = Object.entries({ ...before, ...changes });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}

function refuse(what: string, found: string): AppError {
  return new AppError("bad_request", `Cannot save the ${what}: ${found}`);
}

function nameOf(kind: string, body: Body): string {
  const { name } = body;
  if (typeof name === "string" && name.trim() !== "" && name.length <= ITEM_NAME_CHARS_MAX) {
    return name;
  }
  throw refuse(kind, `name: it is not a string of 1 to ${ITEM_NAME_CHARS_MAX} characters`);
}

function onlyKeys(kind: string, body: Body, keys: readonly string[]): void {
  const unknown = Object.keys(body).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw refuse(kind, `${unknown}: it is not one of ${keys.join(", ")}`);
}

function goalDraft(body: Body): ItemDraft {
  const name = nameOf("goal", body);
  faultsOfGoal(body).check("Cannot save the goal: ");
  const { name: _, ...rest } = body;
  return { name, body: rest };
}

function segmentDraft(body: Body): ItemDraft {
  const name = nameOf("segment", body);
  onlyKeys("segment", body, ["name", "filters"]);
  const filter = filterOfBody(body["filters"]);
  return { name, body: { filter: filterToJson(filter) } };
}

/** `filters` as text in the URL form, or as a list in the JSON form. */
function filterOfBody(value: unknown): Filter {
  const filter = typeof value === "string" ? parseFilter(value) : filterOfJsonList(value);
  if (filter.fault !== undefined) throw refuse("segment", `filters: ${filter.fault}`);
  if (!filter.value) throw refuse("segment", "filters: it is empty");
  const checked = checkFilter(filter.value, STANDARD_SETTINGS);
  if (checked.fault !== undefined) throw refuse("segment", `filters: ${checked.fault}`);
  return checked.value;
}

function showSegment({ body }: Item): Body {
  return { filters: printFilter(filterOfJson(body["filter"]).value ?? null) };
}

function funnelDraft(body: Body): ItemDraft {
  const name = nameOf("funnel", body);
  onlyKeys("funnel", body, ["name", "steps", "window", "order"]);
  const { steps, window = "1 day", order = "in_order" } = body;
  if (typeof steps !== "string") throw refuse("funnel", "steps: it is not a string");
  if (typeof window !== "string") throw refuse("funnel", "window: it is not a string");
  const orders = ["in_order", "any_order", "consecutive"];
  if (!orders.some((one) => one === order)) {
    throw refuse("funnel", `order: it is not one of ${orders.join(", ")}`);
  }
  // The goal may be created later, so any name is accepted.
  const read = compileSteps(steps, () => ({ condition: sql`true`, columns: [], instructions: 0 }));
  if (read.fault !== undefined) throw refuse("funnel", `steps: ${read.fault}`);
  const span = parseSpan(window);
  if (span.fault !== undefined) throw refuse("funnel", `window: ${span.fault}`);
  return { name, body: { steps, window, order } };
}

/** Whether DuckDB takes the statement is asked when it runs. */
function queryDraft(body: Body): ItemDraft {
  const name = nameOf("query", body);
  onlyKeys("query", body, ["name", "query"]);
  const { query } = body;
  if (typeof query !== "string" || query.trim() === "" || query.length > SQL_CHARS_MAX) {
    throw refuse("query", `query: it is not a string of 1 to ${SQL_CHARS_MAX} characters`);
  }
  return { name, body: { query } };
}

function annotationDraft(body: Body): ItemDraft {
  onlyKeys("annotation", body, ["date", "text", "public"]);
  const { date, text, public: isPublic = false } = body;
  if (typeof date !== "string" || !(isDate(date) || isMinute(date))) {
    throw refuse("annotation", "date: it is neither a date YYYY-MM-DD nor a time YYYY-MM-DDTHH:MM");
  }
  if (typeof text !== "string" || text.trim() === "" || text.length > ITEM_NAME_CHARS_MAX) {
    throw refuse(
      "annotation",
      `text: it is not a string of 1 to ${ITEM_NAME_CHARS_MAX} characters`,
    );
  }
  if (typeof isPublic !== "boolean") {
    throw refuse("annotation", "public: it is neither true nor false");
  }
  return { name: text, body: { date, text, ...(isPublic ? { public: true } : {}) } };
}
