// The description of the API over the real server: it is walked with requests that fit, that nearly
// fit and that do not, and every answer must have a status and a type that it names.
import assert from "node:assert/strict";
import type { Described, OpenApi } from "../../src/api/openapi/describe.ts";
import { type AnswerCheck, answerCheck } from "../support/api_schema.ts";
import { runCommand } from "../support/command.ts";
import { type ReadyServer, startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";

/** Values that fit parameters and fields of these names; others get each of HOSTILE. */
const FITTING: Readonly<Record<string, string>> = {
  site_id: "example.com",
  d: "example.com",
  u: "/",
  n: "pageview",
  name: "pages",
  period: "7d",
  start_date: "2024-01-01",
  end_date: "2024-01-03",
  metrics: "visitors",
  dimension: "page",
  steps: "page:/,event:a",
  page: "/",
  parts: '[["main",{}]]',
  scope: "ReadOnly",
  query: "select 1",
  date_range: "7d",
};

/** Further requests for answers that FITTING does not ask for: details, comparisons and items. */
const MORE: readonly (readonly [method: string, path: string, query: string, body?: unknown])[] = [
  ...["main", "timeseries", "sessions", "realtime", "values", "bots", "export", "query"]
    .map((name) => ["GET", `/api/stats/${name}`, "format=json&dimension=page"] as const),
  ...[
    "main",
    "timeseries",
    "sessions",
    "breakdown/{name}",
    "funnel",
    "retention",
    "flow",
    "why",
    "changes",
  ]
    .flatMap((name) =>
      [
        ["GET", `/api/stats/${name}`, "compare=previous_period&page=/&steps=page:/,event:signup"],
        ["GET", `/api/stats/${name}`, "detail=true&page=/&steps=page:/,event:signup"],
      ] as const
    ),
  ["GET", "/api/stats/sequences", "steps=page:/,event:signup"],
  ["GET", "/api/stats/sequences", "detail=true&steps=page:/,event:signup"],
  [
    "GET",
    "/api/stats/query",
    "metrics=visitors,total_revenue,conversion_rate&goal=event:signup&dimensions=page" +
    "&compare=previous_period",
  ],
  ["GET", "/api/stats/query", "metrics=visitors&dimensions=day&compare=previous_period"],
  ["POST", "/api/sites/{site_id}/goals", "", { name: "Signup", event: "signup" }],
  ["GET", "/api/sites/{site_id}/goals", ""],
  ["POST", "/api/sites/{site_id}/funnels", "", { name: "F", steps: "page:/,event:signup" }],
  ["GET", "/api/sites/{site_id}/funnels", ""],
  ["POST", "/api/sites/{site_id}/segments", "", { name: "S", filters: "is(page,/)" }],
  ["GET", "/api/sites/{site_id}/segments", ""],
  ["POST", "/api/sites/{site_id}/annotations", "", { date: "2026-01-01", text: "x" }],
  ["GET", "/api/sites/{site_id}/annotations", ""],
  ["POST", "/api/sites/{site_id}/queries", "", { name: "Q", query: "select 1" }],
  ["GET", "/api/sites/{site_id}/queries", ""],
  ["GET", "/api/sql", ""],
  ["PATCH", "/api/sites/{site_id}", "", { timezone: "Europe/Berlin", visit_list: true }],
  ["GET", "/api/stats/visits", ""],
  ["GET", "/api/sites", ""],
];

const HOSTILE = ["", "é\u0000", "../..%ff", "9".repeat(400)];

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0";

/** Bodies that fit nothing. */
const BODIES = ["", "[", "[]", "null", '{"a":1}', "x".repeat(300_000)];

/** A walk over a server, with what was found wrong. */
interface Walk {
  readonly server: ReadyServer;
  readonly faults: string[];
  readonly answerFault: AnswerCheck;
}

type Walked = readonly [method: string, path: string, operation: Described];

function operationsOf({ paths }: OpenApi): Walked[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Walked => [
      method.toUpperCase(),
      path,
      operation,
    ])
  );
}

/** The path and query of an operation, each value by its name. */
function targetOf([, path, { parameters }]: Walked, valueOf: (name: string) => string): string {
  const filled = path.replace(
    /\{(\w+)\}/g,
    (_, name: string) => encodeURIComponent(valueOf(name) || "-"),
  );
  const query = new URLSearchParams();
  for (const { name, in: place } of parameters) {
    if (place === "query" && valueOf(name) !== "") query.set(name, valueOf(name));
  }
  return query.size === 0 ? filled : `${filled}?${query}`;
}

/** A body that fits as far as the schema tells. */
function bodyOf({ requestBody }: Described): string {
  const content = Object.values(Object(requestBody?.["content"] ?? {}))[0];
  const { properties = {}, required = [] } = Object(Object(content).schema);
  const entries = (required as string[]).map((name) => {
    const { type } = Object(properties[name]);
    return [name, type === "array" ? ["visitors"] : FITTING[name] ?? "correct horse"];
  });
  return JSON.stringify(Object.fromEntries(entries));
}

/** Sends one request; what the description does not say of its answer is a fault. */
async function check(
  { server, faults, answerFault }: Walk,
  walked: Walked,
  target: string,
  init: RequestInit,
) {
  const [method, path, { responses }] = walked;
  const response = await fetch(server.url + target, { ...init, method, redirect: "manual" });
  const type = response.headers.get("content-type") ?? "";
  const isStream = type.startsWith("text/event-stream");
  const text = isStream ? "" : await response.text();
  if (isStream) await response.body?.cancel();
  const { status } = response;
  const what =
    `${method} ${target.slice(0, 200)} ${String(init.body ?? "").slice(0, 80)}: ${status} ` +
    text.slice(0, 200);
  if (status >= 500 && status !== 503) faults.push(what);
  if (!Object.hasOwn(responses, status)) faults.push(`not described: ${what}`);
  const named = Object.keys(Object(responses[status]?.["content"] ?? {}));
  if (status >= 400 && !path.startsWith("/health")) {
    const isJson = type.startsWith("application/json");
    const content = Object(responses[status]?.["content"])["application/json"];
    const isNested = String(content?.schema?.$ref).endsWith("/NestedError");
    const { error } = isJson ? JSON.parse(text) : {};
    const isError = isNested ? typeof error?.message === "string" : typeof error === "string";
    if (!isError) faults.push(`no error: ${what}`);
  } else if (type.startsWith("application/json") && !path.startsWith("/health")) {
    const fault = answerFault(method, path, status, "application/json", JSON.parse(text));
    if (fault !== null) faults.push(`${fault}: ${what}`);
  } else if (text !== "" && OWN.test(path)) {
    if (!named.some((name) => type.startsWith(name))) faults.push(`${type} of ${what}`);
  }
  return status;
}

/** Paths that are not those of other programs, whose answers have types of their own. */
const OWN = /^\/(?!api\/(v\d|websites|send|batch|me|system|imports)|count(er)?\b(?!\.js))/;

async function walk(on: Walk, walked: Walked, key: string): Promise<void> {
  const [method, , operation] = walked;
  const hasBody = operation.requestBody !== undefined;
  const type = Object.keys(Object(operation.requestBody?.["content"] ?? { "": 0 }))[0] ?? "";
  const headers = { "x-api-key": key, ...hasBody ? { "content-type": type } : {} };
  const body = hasBody ? { body: bodyOf(operation) } : {};
  const fitting = targetOf(walked, (name) => FITTING[name] ?? "");
  await check(on, walked, fitting, body);
  // What it changes for good, only with what it needs.
  await check(on, walked, fitting, { headers, ...body });
  for (const hostile of HOSTILE) {
    const target = targetOf(walked, (name) => name === "site_id" ? "example.com" : hostile);
    await check(on, walked, target, { headers, ...body });
  }
  if (!hasBody || method === "GET") return;
  for (const text of BODIES) await check(on, walked, fitting, { headers, body: text });
  if (walked[1] === "/api/sites") {
    await check(on, walked, fitting, { headers, body: "x".repeat(300_000) });
  }
}

/** Counts visits with pages, a custom event and revenue. */
async function fill(server: ReadyServer): Promise<void> {
  for (
    const [n, u, more] of [
      ["pageview", "/", {}],
      ["pageview", "/a", {}],
      ["signup", "/a", { p: { plan: "pro" }, ra: 12.5, rc: "EUR" }],
    ] as const
  ) {
    const body = JSON.stringify({ d: "example.com", n, u: `https://example.com${u}`, ...more });
    const headers = { "user-agent": BROWSER, "x-forwarded-for": "8.8.8.8" };
    const response = await fetch(`${server.url}/api/event`, { method: "POST", headers, body });
    assert.equal(response.status, 202, await response.text());
  }
}

/** Asks for what the walk over all operations does not. */
async function askMore(on: Walk, all: readonly Walked[], key: string): Promise<void> {
  for (const [method, path, query, body] of MORE) {
    const walked = all.find((one) => one[0] === method && one[1] === path);
    assert.ok(walked, `${method} ${path} is described`);
    const target = path.replace("{site_id}", "example.com").replace("{name}", "pages");
    const scope = path.startsWith("/api/stats/") ? "?site_id=example.com&period=7d&" : "?";
    const before = on.faults.length;
    const headers = { "x-api-key": key, "content-type": "application/json" };
    const init = body === undefined ? { headers } : { headers, body: JSON.stringify(body) };
    const status = await check(on, walked, `${target}${scope}${query}`, init);
    if (status >= 300 && on.faults.length === before) {
      on.faults.push(`${status}: ${target} ${query}`);
    }
  }
}

Deno.test("the server answers as its description says, whatever is asked", async () => {
  await withFolder(async (folder) => {
    const env = { MALLARD_ADMIN_PASSWORD: "battery staple" };
    const server = await startReady(folder, env);
    try {
      const made = await runCommand(folder, "keys", ["create", "a", "--scope"].slice(0, 2), {
        env,
        options: { scope: "Admin" },
      });
      const first = await fetch(`${server.url}/api/openapi.json`);
      const description: OpenApi = await first.json();
      const again = await fetch(`${server.url}/api/openapi.json`, {
        headers: { "if-none-match": first.headers.get("etag") ?? "" },
      });
      assert.equal(again.status, 304);
      const all = operationsOf(description);
      assert.ok(all.length > 90, `${all.length} operations`);
      const ids = new Set(all.map(([, , { operationId }]) => operationId));
      assert.equal(ids.size, all.length, "operationId is unique");
      const faults: string[] = [];
      await fill(server);
      const on = { server, faults, answerFault: answerCheck(description) };
      await askMore(on, all, made.text.trim());
      for (const walked of all) await walk(on, walked, made.text.trim());
      assert.deepEqual(faults, []);
      const page = await fetch(`${server.url}/api/docs`);
      assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'none'/);
      const html = await page.text();
      assert.ok(html.includes("GET /api/stats/main") && !html.includes("<script"));
    } finally {
      assert.equal(await server.stop(), 0, server.output().slice(-2000));
    }
  });
});

Deno.test("a refusal has code and field beside its sentence", async () => {
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    const refusal = async (path: string, init = {}) =>
      await (await fetch(server.url + path, init)).json();
    try {
      const period = await refusal("/api/stats/main?site_id=example.com&period=x&limit=0");
      assert.deepEqual([period.code, period.field], ["bad_request", "period"]);
      assert.match(period.error, /period.*; .*limit/s);
      assert.equal((await refusal("/api/stats/main")).field, "site_id");
      const missing = await refusal("/api/none");
      assert.deepEqual(missing, { error: "Cannot find this page", code: "not_found" });
      const body = JSON.stringify({ site_id: "a.example", session_timeout: "x" });
      const site = await refusal("/api/sites", { method: "POST", body });
      assert.deepEqual([site.code, site.field], ["bad_request", "session_timeout"]);
    } finally {
      assert.equal(await server.stop(), 0);
    }
  });
});
