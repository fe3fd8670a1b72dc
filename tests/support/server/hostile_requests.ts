// Requests as nobody should send them, the same for the same seed: every route of the program with
// parameters, headers and bodies that nearly fit, do not fit, or are meant to do harm.
import { SITES_PARAMS } from "../../../src/api/stats/all_sites.ts";
import { umamiUser } from "../../../src/api/peers/umami.ts";
import type { Route } from "../../../src/http/route.ts";
import { pathId } from "../../../src/query/formats/goatcounter/goatcounter.ts";
import { uuidOfSite } from "../../../src/sites/site_codes.ts";
import { BREAKDOWNS } from "../../../src/query/reports/breakdowns.ts";
import { COMMON_PARAMS } from "../../../src/query/parse.ts";
import type { Report } from "../../../src/query/reports/report.ts";
import { REPORTS } from "../../../src/query/reports/reports.ts";

/** What no page and no header may hold. */
export const MARK = `<script>alert("zq7mark")</script>`;

/** Seeded choices. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0, below `sides`. */
  below(sides: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(this.#state / 2 ** 32 * sides);
  }

  /** True once in so many times. */
  chance(one: number): boolean {
    return this.below(one) === 0;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD", "MOVE"];

/** Texts that fit nowhere. */
export const HOSTILE = [
  "",
  MARK,
  "' or 1=1 --",
  '"; drop table events; --',
  "${x}",
  "{{7*7}}",
  "../../../../etc/passwd",
  "..%2f..%2fetc%2fpasswd",
  "/dev/null",
  "file:///etc/passwd",
  "http://[::1",
  "javascript:alert(1)",
  "\u0000",
  "\u202e\ufeff\ud800",
  "é́́́",
  "%",
  "%zz",
  "%00",
  "%ff%fe",
  "*?[a]",
  "-1",
  "0",
  "1e309",
  "9".repeat(40),
  "NaN",
  "null",
  "true",
  "__proto__",
  "constructor",
  "toString",
  "x".repeat(3000),
  "a,b|c;d:e&f=g",
  "\r\nset-cookie: mm_session=zq7mark",
  "0000-00-00",
  "9999-12-31",
  "2024-02-30",
  "(".repeat(200),
  "[".repeat(200),
  "\\".repeat(50),
] as const;

/** Values that fit, by the name of the parameter. */
const PARAMS: Readonly<Record<string, readonly string[]>> = {
  site_id: ["example.com", "example.com", "other.example", "none.example"],
  period: ["day", "today", "24h", "7d", "30d", "90d", "12mo", "year", "all", "realtime"],
  start_date: ["2024-01-01", "2024-01-15", "2023-12-01", "2024-01-15T10:00"],
  end_date: ["2024-01-16", "2024-02-01", "2024-01-01"],
  limit: ["1", "10", "1000", "1001"],
  offset: ["0", "5", "1000001"],
  steps: ["page:/,event:signup", "page:/a,page:/**", "event:a[plan=pro]", "page:,event:"],
  parts: ['[["main",{}]]', '[["main",{}],["bots",{"period":"7d"}]]', '[["none",{}]]', "[[", "[]"],
  window: ["1 day", "1 second", "366 days", "367 days", "1 fortnight"],
  weeks: ["1", "4", "52", "53"],
  page: ["/", "/a"],
  format: ["csv", "json", "xml", "parquet"],
  filters: [
    "",
    "is(page,/)",
    "or(is(browser,Chrome),contains~(page,%_));is_not(country,DE)",
    "not(has_done(is(name,signup)))",
    "matches(page,^/a+$)",
    "matches(page,(a+)+$)",
    "is(prop:__proto__,x)",
    "is(goal,a goal);is(segment,a segment)",
    "and(".repeat(20),
  ],
  interval: ["minute", "hour", "day", "week", "month"],
  timezone: ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Mars/Olympus"],
  compare: ["previous_period", "year_over_year", "custom", "none"],
  compare_start: ["2023-01-01"],
  compare_end: ["2023-02-01"],
  match_weekday: ["true", "false"],
  metrics: ["visitors", "visitors,pageviews,bounce_rate", "events,conversion_rate"],
  dimensions: ["page", "time", "country,browser", "prop:plan", "entry_page,source"],
  dimension: ["page", "prop:plan", "source"],
  order_by: ["visitors:desc", "page", "bounce_rate:asc"],
  search: ["a", "%"],
  text: ["a", "%"],
  dry_run: ["true", "false", "1"],
  events: ["erase", "keep"],
  d: ["example.com", "other.example"],
  n: ["pageview", "signup"],
  u: ["https://example.com/a?utm_source=x", "/a", "https://example.com:99999/"],
  r: ["https://www.google.com/", "android-app://com.x"],
  w: ["320", "1920"],
  p: ['{"a":1}', "{", '{"__proto__":{"x":1}}', "/a"],
  detail: ["true", "true", "false"],
  order: ["in_order", "any_order", "consecutive"],
  by: ["page", "country", "prop:plan"],
  cohorts: ["day", "week", "month"],
  count: ["1", "10", "100"],
  first: ["page:/", "event:signup"],
  again: ["page:/", "event:signup"],
  pattern: ["(?1)(?2)", "(?1).*(?2)", "(?1)(?t<3600)(?2)", "((("],
  event: ["signup", "a"],
  direction: ["forward", "backward"],
  depth: ["1", "3", "9"],
  count_by: ["visits", "visitors"],
  of: ["pages", "events"],
  group: ["/a/*"],
  domain: ["example.com"],
  type: ["path", "event", "referrer", "query", "nothing"],
  propertyName: ["a", "plan"],
  tag: ["a", "gt.1", "bf.1", "t.", "re.("],
  query: ["a=1", "c.a", "re.(a", "gt.1"],
  startAt: ["1705000000000", "0"],
  endAt: ["1705400000000"],
  unit: ["hour", "day", "year"],
  property: ["visit:source", "event:page", "event:props:plan"],
  date: ["2024-01-10", "2024-01-01,2024-01-10"],
  start: ["2024-01-10", "2024-01-10T10:00:00Z"],
  end: ["2024-01-16"],
  path: ["/a", "c.a", "re.(a+)+", "lt.5", "f.x"],
  e: ["true", "0"],
  b: ["0", "150"],
  q: ["?utm_source=x"],
  s: ["1920,1080,1"],
  ns: ["1", "0"],
  daily: ["1", "x"],
  include_paths: [String(pathId("/1")), "5", "1,x"],
  exclude_paths: [String(pathId("/1")), "5,6"],
};

/** Parameters of the routes that other programs' clients ask, the needed ones first. */
const PEER_PARAMS: readonly [path: RegExp, required: string[], others: string[]][] = [
  [/^\/count$/, ["p"], ["r", "e", "b", "q", "s", "ns"]],
  [/^\/api\/v1\/stats\/breakdown$/, ["site_id", "property"], ["metrics", "limit", "page"]],
  [/^\/api\/v1\/stats\//, ["site_id"], ["metrics", "date", "interval", "compare"]],
  [/^\/api\/v1\/sites\/(goals|custom-props)$/, ["site_id"], ["limit", "after", "before"]],
  [/^\/api\/v1\/sites$/, [], ["limit", "after", "before"]],
  [/^\/api\/websites\/.*event-data/, ["propertyName"], ["startAt", "endAt", "event", "tag"]],
  [
    /^\/api\/websites\/.*(metrics|values|expanded)$/,
    ["type"],
    ["startAt", "endAt", "search", "path", "query"],
  ],
  [/^\/api\/websites/, [], ["startAt", "endAt", "unit", "timezone", "path", "compare"]],
  [
    /^\/api\/v0\//,
    ["site_id"],
    ["start", "end", "limit", "offset", "after", "daily", "include_paths", "exclude_paths"],
  ],
  [/^\/counter\//, ["site_id"], ["start", "end"]],
];

function peerParams(path: string) {
  const [, required, others] = PEER_PARAMS.find(([pattern]) => pattern.test(path)) ?? [];
  return required && others ? { required, all: [...required, ...others] } : null;
}

const EVENT_OF_PEER = { website: uuidOfSite("example.com"), url: "/a", hostname: "example.com" };

/** Bodies that fit, by route. */
const BODIES: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
  "POST /api/event": [
    { d: "example.com", n: "pageview", u: "https://example.com/", r: "", w: 1280, p: '{"a":"b"}' },
    { d: "example.com", n: "buy", u: "/", ra: 12.34, rc: "EUR", p: { a: 1 } },
  ],
  "POST /api/send": [
    { type: "event", payload: EVENT_OF_PEER },
    { type: "event", payload: { ...EVENT_OF_PEER, name: "a", data: { a: 1 }, ip: "203.0.113.9" } },
  ],
  // As JSON it is a list.
  "POST /api/batch": [{ toJSON: () => [{ type: "event", payload: EVENT_OF_PEER }, MARK] }],
  "POST /api/v0/count": [{ hits: [{ path: "/a", ref: MARK, user_agent: "x", ip: "203.0.113.9" }] }],
  "POST /api/v1/sites": [{ domain: "fresh.example", timezone: "UTC" }],
  "PUT /api/v1/sites/:site_id": [{ timezone: "UTC" }],
  "PUT /api/v1/sites/custom-props": [{ site_id: "example.com", property: "plan" }],
  "PUT /api/v1/sites/shared-links": [{ site_id: "other.example", name: MARK }],
  "PUT /api/v1/sites/goals": [
    { site_id: "example.com", goal_type: "event", event_name: "signup" },
    { site_id: "example.com", goal_type: "page", page_path: MARK },
  ],
  "DELETE /api/v1/sites/goals/:id": [{ site_id: "example.com" }],
  "POST /api/import": [{
    d: "example.com",
    n: "pageview",
    u: "/",
    at: "2024-01-10T10:00:00Z",
    ip: "203.0.113.9",
    ua: "x",
  }],
  "POST /api/auth/setup": [{ password: "correct horse" }],
  "POST /api/auth/login": [{ password: "wrong horse", token: "00" }],
  "POST /api/keys": [{ name: "key", scope: "ReadOnly" }],
  "POST /api/v2/query": [
    {
      site_id: "example.com",
      metrics: ["visitors"],
      date_range: "7d",
      filters: [["is", "event:page", ["/"]]],
    },
    {
      site_id: "example.com",
      metrics: ["visitors", "bounce_rate"],
      date_range: ["2024-01-01", "2024-01-15"],
      dimensions: ["visit:source", "time:day"],
      order_by: [["visitors", "desc"]],
      include: { total_rows: true },
      pagination: { limit: 10, offset: 0 },
    },
  ],
  "POST /api/sites": [{ site_id: "other.example", timezone: "Europe/Berlin", public: true }],
  "POST /api/new-sites": [{ decision: "accept", sites: ["example.com"] }],
  "PATCH /api/sites/:site_id": [
    { name: MARK, week_start: "sunday", visit_timeout_minutes: 60 },
    { hostnames: ["example.com"], visitor_id_days: 7, rate_limit: 5, retention_days: 3650 },
    { hostnames: [], visitor_id_days: 1, rate_limit: null, visit_list: true },
    { path_rules: { lowercase: true, masks: [{ from: "/user/*", to: "/user/:id" }] } },
  ],
  "POST /api/sql": [
    { site_id: "example.com", query: "select count(*) from events", format: "csv", limit: 5 },
  ],
  "POST /api/sites/:site_id/path-rules/preview": [{ trailing_slash: "remove" }],
  "POST /api/sites/:site_id/path-rules/history": [
    { action: "apply" },
    { action: "undo" },
    { action: "confirm" },
  ],
};

/** Bodies of the things that are kept with a site, by the last word of their path. */
const ITEMS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  goals: { name: "a goal", event: "signup" },
  segments: { name: "a segment", filters: "is(page,/)" },
  funnels: { name: "a funnel", steps: "page:/,event:signup", window: "1 day" },
  annotations: { date: "2024-01-10", text: MARK },
  queries: { name: "a query", query: "select 1" },
};

/** One route as it is shot at. */
interface Kind {
  readonly method: string;
  readonly path: string;
  readonly params: readonly string[];
  readonly required: readonly string[];
  readonly bodies: readonly Readonly<Record<string, unknown>>[];
}

/** One request. */
export interface Shot {
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: BodyInit | undefined;
  readonly peer: string;
}

/** The kinds of requests to these routes; assets count once, and two paths that do not exist. */
export function kindsOf(routes: readonly Pick<Route, "method" | "path">[]): Kind[] {
  const asset = routes.find(({ path }) => path.startsWith("/assets/"));
  const own = routes.filter(({ path }) => !path.startsWith("/assets/"));
  return [
    ...own.map(({ method, path }) => ({
      method,
      path,
      params: paramsOf(method, path),
      required: requiredOf(method, path),
      bodies: bodiesOf(method, path),
    })),
    ...[asset?.path ?? "/assets/0/app.js", "/nowhere", "/api/stats/nothing"].map((path) => (
      { method: "GET", path, params: [], required: [], bodies: [] }
    )),
  ];
}

function paramsOf(method: string, path: string): readonly string[] {
  if (path === "/api/event") return method === "GET" ? ["d", "n", "u", "r", "w", "p"] : [];
  const peer = peerParams(path);
  if (peer) return peer.all;
  if (path === "/api/gdpr/erase") return ["site_id", "start_date", "end_date", "dry_run"];
  if (path === "/privacy") return ["site_id"];
  if (path === "/api/sites/:site_id/export") return ["format", "start_date", "end_date"];
  if (method === "DELETE" && path === "/api/sites/:site_id") return ["events"];
  if (!path.startsWith("/api/stats/")) return [];
  if (path === "/api/stats/sites") return Object.keys(SITES_PARAMS);
  if (path === "/api/stats/view") return [...Object.keys(COMMON_PARAMS), "parts"];
  return [...Object.keys(COMMON_PARAMS), ...Object.keys(reportOf(path)?.params ?? {})];
}

/** What a request must have to be answered well. */
function requiredOf(method: string, path: string): readonly string[] {
  if (path === "/api/event") return method === "GET" ? ["d", "u"] : [];
  const peer = peerParams(path);
  if (peer) return peer.required;
  if (path === "/api/gdpr/erase") return ["site_id", "start_date", "end_date"];
  if (method === "DELETE" && path === "/api/sites/:site_id") return ["events"];
  if (path === "/api/stats/sites") return [];
  if (path === "/api/stats/view") return ["site_id", "parts"];
  const own = reportOf(path)?.params ?? {};
  return ["site_id", ...Object.keys(own).filter((name) => own[name]?.required)];
}

function reportOf(path: string): Report | undefined {
  const reports: Readonly<Record<string, Report>> = REPORTS;
  return reports[path.replace("/api/stats/", "")];
}

function bodiesOf(method: string, path: string): readonly Readonly<Record<string, unknown>>[] {
  const own = BODIES[`${method} ${path}`];
  if (own) return own;
  const item = ITEMS[/\/(\w+)(\/:id)?$/.exec(path)?.[1] ?? ""];
  return item && ["POST", "PATCH"].includes(method) ? [item] : [];
}

/** What exists at the moment: ids of what is kept with the site, by kind, and hashes of keys. */
export interface Known {
  readonly ids: Record<string, readonly string[]>;
  readonly keyHashes: readonly string[];
}

/** A request to one of the kinds. */
export function shoot(
  dice: Dice,
  kinds: readonly Kind[],
  secrets: readonly Record<string, string>[],
  known: Known,
): Shot {
  const kind = dice.of(kinds);
  const method = dice.chance(12) ? dice.of(METHODS) : kind.method;
  const hasBody = !["GET", "HEAD"].includes(method) &&
    (kind.bodies.length > 0 || dice.chance(10));
  const usual = kind.bodies.length > 0 ? dice.of(kind.bodies) : {};
  return {
    path: `${pathOf(dice, filled(dice, kind.path, known))}${queryOf(dice, kind)}`,
    method,
    headers: {
      "content-type": kind.path === "/api/import" ? "application/x-ndjson" : "application/json",
      ...headersOf(dice, secrets),
    },
    body: hasBody ? bodyOf(dice, usual) : undefined,
    peer: dice.of(["127.0.0.1", "198.51.100.7", "10.0.0.1", "::1", "2001:db8::1", "", "nonsense"]),
  };
}

/** Values of `:name` by pattern; those of breakdowns where there are none. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "/counter/:name+": ["TOTAL.json", "%2F1.svg", "%2F1.png", "%2F1.html", "%2Fnone.svg"],
  "/js/:name": ["script.js", "script.hash.js", "pa-x.js", "x.js"],
  "/api/v0/stats/:name": ["browsers", "languages", "nothing"],
  "/api/v0/stats/:name/:id": ["browsers", "languages", "sizes", "nothing"],
};

/** A pattern with values in its parts, most of which exist. */
function filled(dice: Dice, pattern: string, known: Known): string {
  const values: Readonly<Record<string, readonly string[]>> = {
    site_id: PARAMS["site_id"] ?? [],
    name: NAMES[pattern] ?? [...Object.keys(BREAKDOWNS), "nothing"],
    website_id: [uuidOfSite("example.com"), uuidOfSite("none.example")],
    user_id: [umamiUser().id, "x"],
    path_id: [String(pathId("/1")), "5"],
    id: [...known.ids[/(\w+)\/:id$/.exec(pattern)?.[1] ?? ""] ?? [], "99999"],
    key_hash: [...known.keyHashes, "0".repeat(64)],
  };
  return pattern.replace(
    /:(\w+)\+?/g,
    (_, name: string) =>
      dice.chance(10)
        ? encodeURIComponent(dice.of(HOSTILE).toWellFormed()) || "x"
        : dice.of(values[name] ?? ["x"]),
  );
}

function pathOf(dice: Dice, path: string): string {
  if (!dice.chance(12)) return path;
  const hostile = encoded(dice, dice.of(HOSTILE));
  return dice.of([
    () => `${path}/${hostile}`,
    () => `${path}${hostile}`,
    () => path.replace(/[^/]*$/, hostile),
    () => `//${path}`,
    () => `${path}/../../${hostile}`,
    () => path.toUpperCase(),
    () => path.split("").map((char) => dice.chance(5) ? `%${hexOf(char)}` : char).join(""),
  ])();
}

function queryOf(dice: Dice, { params, required }: Kind): string {
  const names = dice.chance(8) ? [...params, dice.of(Object.keys(PARAMS))] : params;
  // What is required and little else, or nearly every question would have a fault.
  const calm = dice.chance(2);
  const parts: string[] = [];
  for (const name of names) {
    const left = calm
      ? !required.includes(name) && !dice.chance(8)
      : name !== "site_id" && dice.chance(3) || dice.chance(30);
    if (left) continue;
    const value = !calm && dice.chance(8) ? dice.of(HOSTILE) : dice.of(PARAMS[name] ?? HOSTILE);
    const key = !calm && dice.chance(60) ? encoded(dice, dice.of(HOSTILE)) : name;
    parts.push(`${key}=${encoded(dice, value)}`);
    if (!calm && dice.chance(40)) parts.push(`${name}=${encoded(dice, dice.of(HOSTILE))}`);
  }
  return parts.length === 0 ? "" : `?${parts.join(dice.chance(40) ? ";" : "&")}`;
}

function headersOf(
  dice: Dice,
  secrets: readonly Record<string, string>[],
): Record<string, string> {
  const headers: Record<string, string> = { ...(dice.chance(6) ? {} : dice.of(secrets)) };
  const hostile = () => dice.of(HOSTILE).replace(/[^\x20-\x7e]/g, "").trim();
  const put = (name: string, ...values: string[]) => {
    if (dice.chance(8)) headers[name] = dice.chance(3) ? hostile() : dice.of(values);
  };
  put("content-type", "application/json", "text/plain", "application/x-ndjson", "a/b; c");
  put("origin", "http://localhost:8000", "https://evil.example", "null");
  put("referer", "http://localhost:8000/x", "https://evil.example/");
  put("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0.0.0", "Googlebot/2.1", "");
  put("x-forwarded-for", "203.0.113.9", "1.2.3.4, 10.0.0.1", "::1", ",,,", "127.0.0.1");
  put("x-real-ip", "203.0.113.9");
  put("forwarded", "for=203.0.113.9;host=a", MARK);
  put("host", "localhost:8000", "stats.example.com", "evil.example", "[::1]");
  put("accept-encoding", "gzip", "br", "*;q=0");
  put("if-none-match", "*", 'W/"x"');
  put("content-length", "0", "999999999", "-1");
  put("access-control-request-method", "DELETE");
  put("sec-gpc", "1");
  put("sec-fetch-site", "same-origin", "cross-site");
  put("sec-ch-ua", '"Brave";v="120"', MARK, "(".repeat(500));
  if (dice.chance(20)) headers["authorization"] = `Bearer ${hostile()}`;
  if (dice.chance(20)) headers["cookie"] = `mm_session=${hostile()}; mm_session`;
  return headers;
}

function bodyOf(dice: Dice, usual: Readonly<Record<string, unknown>>): BodyInit {
  if (dice.chance(2)) return JSON.stringify(usual);
  const all = Object.values(BODIES).flat();
  const value: Record<string, unknown> = { ...(dice.chance(10) ? dice.of(all) : usual) };
  for (const name of Object.keys(value)) {
    if (dice.chance(5)) {
      value[name] = dice.of<unknown>([dice.of(HOSTILE), null, [], {}, 1e300, -0.5, true, [MARK]]);
    }
    if (dice.chance(20)) delete value[name];
  }
  const text = JSON.stringify(value);
  return dice.of<() => BodyInit>([
    () => text,
    () => text,
    () => text,
    () => text,
    () => text.slice(0, dice.below(text.length)),
    () => `${text}\n${text}`,
    () => dice.of(HOSTILE),
    () => "[".repeat(50_000),
    () => `{"a":`.repeat(5000),
    () => Uint8Array.from({ length: 200 }, () => dice.below(256)),
    () => " ".repeat(dice.of([1, 65_535, 65_537, 300_000])),
    () => `{"d":"${"x".repeat(70_000)}"}`,
  ])();
}

function encoded(dice: Dice, text: string): string {
  return dice.chance(20)
    ? text.replace(/[^\x21-\x7e]/g, "")
    : encodeURIComponent(text.toWellFormed());
}

function hexOf(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, "0");
}
