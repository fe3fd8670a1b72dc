// Umami's lists of sessions and events in the shapes of its reading API. A session is a visit here;
// its id tells when the visit began, and nothing of the visitor.
import { createHash } from "node:crypto";
import { type Sql, sql } from "../../../core/sql.ts";
import type { Row } from "../../../storage/duckdb.ts";
import { type Answer, numberOf } from "../../answer.ts";
import { dimensionOf } from "../../dimensions.ts";
import { type Query, queryOf, type ReportRequest, type Scope } from "../../query.ts";
import type { ListedVisit } from "../../reports/visit_list.ts";
import { unreadable } from "../params.ts";
import { uuidOfText } from "../../../sites/site_codes.ts";

type Params = URLSearchParams;

const PAGE_SIZE = 20;
const PAGE_SIZE_MAX = 100;
const PAGE_MAX = 100_000;

/** The columns of listed events. */
export const EVENT_FIELDS = [
  "timestamp",
  "event_name",
  "pathname",
  "hostname",
  "referrer",
  "title",
  "browser",
  "os",
  "device_type",
  "country_code",
  "city",
  "props",
] as const;

/** The page of a list that `page` and `pageSize` name. */
export function pageOf(params: Params): { page: number; pageSize: number } {
  return {
    page: numberIn(params, "page", 1, PAGE_MAX),
    pageSize: numberIn(params, "pageSize", PAGE_SIZE, PAGE_SIZE_MAX),
  };
}

function numberIn(params: Params, name: string, byDefault: number, max: number): number {
  const text = params.get(name) ?? "";
  if (text === "") return byDefault;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return Math.min(number, max);
  throw unreadable(name, "it is no whole number from 1");
}

/** The request of the list of visits. */
export function requestOf(scope: Scope, page: number, pageSize: number): ReportRequest {
  const offset = (page - 1) * pageSize;
  return { ...scope, interval: "day", limit: pageSize, offset, comparison: null, notes: [] };
}

/** The id of a visit: the milliseconds of its start, then a hash of what is listed of it. */
export function sessionIdOf(visit: ListedVisit): string {
  const start = Date.parse(visit.started_at).toString(16).padStart(12, "0");
  const { started_at, source, country, device, browser, os, steps } = visit;
  const first = steps[0]?.name ?? "";
  const hash = createHash("sha256")
    .update(JSON.stringify([started_at, source, country, device, browser, os, first]))
    .digest("hex");
  const tail = `8${hash.slice(0, 3)}-a${hash.slice(3, 6)}-${hash.slice(6, 18)}`;
  return `${start.slice(0, 8)}-${start.slice(8)}-${tail}`;
}

/** The range of one millisecond in which the visit of an id began; null for any other text. */
export function rangeOfSession(id: string): Scope["range"] | null {
  const [, high, low] = /^([0-9a-f]{8})-([0-9a-f]{4})-8[0-9a-f]{3}-a/.exec(id) ?? [];
  if (high === undefined || low === undefined) return null;
  const fromUs = Number.parseInt(high + low, 16) * 1000;
  return Number.isSafeInteger(fromUs) ? { fromUs, toUs: fromUs + 1000, dates: null } : null;
}

/** A visit as a session. What is not listed of it is null. */
export function sessionOf(visit: ListedVisit, website: string) {
  const firstAt = visit.started_at;
  const lastAt = new Date(Date.parse(firstAt) + visit.duration_secs * 1000).toISOString();
  return {
    id: sessionIdOf(visit),
    websiteId: website,
    distinctId: null,
    browser: knownOf(visit.browser),
    os: knownOf(visit.os),
    device: knownOf(visit.device),
    screen: null,
    language: null,
    country: knownOf(visit.country),
    region: null,
    city: null,
    firstAt,
    lastAt,
    createdAt: lastAt,
    visits: 1,
    views: visit.pageviews,
    events: visit.steps.filter(({ kind }) => kind === "event").length,
    totaltime: Math.round(visit.duration_secs),
  };
}

/** A value of a visit; null where there is none. */
function knownOf(value: string): string | null {
  return value === dimensionOf("country").missing ? null : value;
}

/** The steps of a visit, newest first. */
export function activityOf(visit: ListedVisit) {
  const sessionId = sessionIdOf(visit);
  return visit.steps.map(({ at, kind, name, page }, index) => ({
    createdAt: at,
    urlPath: page,
    urlQuery: "",
    referrerDomain: null,
    eventId: uuidOfText(`${sessionId} ${index}`),
    eventType: kind === "page" ? 1 : 2,
    eventName: kind === "page" ? "" : name,
    visitId: sessionId,
    hasData: 0,
  })).reverse();
}

/** The query of the numbers over sessions. */
export function sessionTotalsQueries(scope: Scope): readonly [Query, Query] {
  return [
    queryOf(scope, { metrics: ["pageviews", "visitors", "visits", "events"] }),
    queryOf(scope, { metrics: ["visitors"], dimensions: ["country"], missing: "", limit: 1 }),
  ];
}

/** The numbers over sessions. */
export function sessionTotalsOf({ rows: [row] }: Answer, countries: number) {
  const value = (name: "pageviews" | "visitors" | "visits" | "events") =>
    numberOf(row?.values ?? {}, name);
  return {
    pageviews: { value: value("pageviews") },
    visitors: { value: value("visitors") },
    visits: { value: value("visits") },
    countries: { value: countries },
    events: { value: value("events") - value("pageviews") },
  };
}

/** One page of events, newest first, and in each row how many there are. */
export function eventsSql(events: Sql, search: string, { limit, offset }: ReportRequest): Sql {
  return sql`with found as materialized (
      select * from ${events} as e
      where contains(lower(event_name), lower(${search}))
        or contains(lower(pathname), lower(${search}))
    ), chosen as (
      select * from found order by timestamp desc, event_name, pathname
      limit ${limit} offset ${offset}
    )
    select total, epoch_us(timestamp) as us, chosen.* exclude (timestamp)
    from (select count(*) as total from found) as totals left join chosen on true
    order by us desc, event_name, pathname`;
}

/** A row of that query as an event. */
export function eventOf(row: Row, website: string) {
  const text = (name: string) => typeof row[name] === "string" ? row[name] : null;
  const createdAt = new Date(Math.floor(Number(row["us"]) / 1000)).toISOString();
  const isPage = row["event_name"] === "pageview";
  const referrer = text("referrer") ?? "";
  const from = URL.canParse(referrer) ? new URL(referrer) : null;
  return {
    id: uuidOfText(`event ${website} ${row["us"]} ${text("event_name")} ${text("pathname")}`),
    websiteId: website,
    sessionId: null,
    createdAt,
    hostname: text("hostname"),
    urlPath: text("pathname"),
    urlQuery: "",
    referrerPath: from?.pathname ?? null,
    referrerQuery: from?.search.slice(1) ?? null,
    referrerDomain: from?.hostname ?? null,
    country: text("country_code"),
    city: text("city"),
    device: text("device_type"),
    os: text("os"),
    browser: text("browser"),
    pageTitle: text("title"),
    eventType: isPage ? 1 : 2,
    eventName: isPage ? "" : text("event_name"),
    hasData: text("props") === null ? 0 : 1,
  };
}
