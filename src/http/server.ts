// From request to response: finds the route, checks the caller's right, runs the handler within
// its time, and turns whatever was thrown into a JSON error. No business logic.
import type { Access } from "../core/access.ts";
import { AppError, messageOf } from "../core/errors.ts";
import { type Context, json, type Method, type Route } from "./route.ts";
import { REQUEST_MS_MAX } from "../core/limits.ts";
import type { Log, System } from "../core/types.ts";
import { compressed } from "./compression.ts";
import type { SecurityHeaders } from "./headers.ts";

/** Where a request came from. */
export interface Peer {
  readonly peer: string;
}

/** Says who asks, and refuses who may not. */
export interface Gate {
  accessOf(request: Request, caller: { peer: string; address: string }): Access;
  authorize(
    request: Request,
    route: Pick<Route, "right">,
    access: Access,
    caller: { peer: string; address: string },
  ): void;
}

/** What the server needs besides its routes. */
export interface ServerOptions {
  /** Address of the client behind trusted proxies. */
  readonly clientAddress: (peer: string, headers: Headers) => string;
  /** Prefix of every path, such as `/stats`; empty for none. */
  readonly basePath: string;
  /** What is thrown for a path that has no route; `not_found` unless said otherwise. */
  readonly unknown?: () => AppError;
}

interface Matched {
  readonly routes: ReadonlyMap<Method, Route>;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly segments: readonly string[];
  readonly routes: Map<Method, Route>;
}

/** The function that answers every request; it never rejects. */
export function createServer(
  routes: readonly Route[],
  gate: Gate,
  headers: SecurityHeaders,
  system: Pick<System, "clock" | "random" | "log">,
  options: ServerOptions,
): (request: Request, peer: Peer) => Promise<Response> {
  const find = routeTable(routes);
  return async (request, { peer }) => {
    const requestId = system.random.uuid();
    const log: Log = (level, message, fields = {}) =>
      system.log(level, message, { request_id: requestId, ...fields });
    const startedMs = system.clock.nowMs();
    // A request that its client has closed can no longer be read.
    const { method, headers: sent } = request;
    let matched: Matched | null = null;
    let response: Response;
    try {
      const url = readUrl(request);
      matched = find(withoutBase(url.pathname, options.basePath));
      const preflight = matched && headers.preflight({ method, headers: sent }, methodsOf(matched));
      response = preflight ?? intoBase(url, options.basePath) ??
        await answer(request, url, matched, peer, requestId, log, gate, system, options);
    } catch (error) {
      response = errorResponse(error, log, requestId);
    }
    const anyOrigin = matched && [...matched.routes.values()].some((route) => route.anyOrigin);
    if (anyOrigin) response.headers.set("access-control-allow-origin", "*");
    const final = headers.applyHeaders(response, { headers: sent }, requestId);
    logRequest(log, method, matched, final.status, system.clock.nowMs() - startedMs);
    return final;
  };
}

async function answer(
  request: Request,
  url: URL,
  matched: Matched | null,
  peer: string,
  requestId: string,
  log: Log,
  gate: Gate,
  system: Pick<System, "clock">,
  options: ServerOptions,
): Promise<Response> {
  if (!matched) {
    throw options.unknown?.() ?? new AppError("not_found", "Cannot find this page");
  }
  const isHead = request.method === "HEAD" && hasHead(matched);
  const route = matched.routes.get((isHead ? "GET" : request.method) as Method);
  if (!route) {
    throw new AppError("method_not_allowed", `Cannot ${shown(request.method)} here`, {
      allow: methodsOf(matched).join(", "),
    });
  }
  const { headers: sent } = request;
  const address = options.clientAddress(peer, sent);
  const access = gate.accessOf(request, { peer, address });
  gate.authorize(request, route, access, { peer, address });
  const ended = new AbortController();
  const context: Context = {
    request,
    url,
    params: matched.params,
    peer,
    address,
    requestId,
    log,
    access,
    signal: ended.signal,
  };
  const made = await inTime(route, context, ended, system);
  // What is ingested is answered without a body; a stream compresses itself where that makes sense.
  const response = route.right === "ingest" || route.streams
    ? made
    : await compressed(made, { headers: sent });
  return isHead ? await headOf(response, route) : response;
}

/** The answer without its body, whose length is told where it has an end that is known. */
async function headOf(response: Response, { streams }: Route): Promise<Response> {
  if (streams) {
    await response.body?.cancel();
    return new Response(null, response);
  }
  const { byteLength } = await response.arrayBuffer();
  const head = new Response(null, response);
  if (head.status !== 304) head.headers.set("content-length", String(byteLength));
  return head;
}

/** Runs a handler; past the time of a request its signal aborts and the answer is 503. */
async function inTime(
  route: Route,
  context: Context,
  ended: AbortController,
  { clock }: Pick<System, "clock">,
): Promise<Response> {
  const { request } = context;
  const gone = () => ended.abort();
  const watched = route.right === "read" || route.right === "admin";
  if (watched) request.signal.addEventListener("abort", gone);
  let cancel = () => {};
  try {
    const handled = Promise.resolve(route.handle(context));
    if (route.streams) return await handled;
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(REQUEST_MS_MAX, () => {
        ended.abort();
        handled.catch(() => {});
        reject(
          new AppError(
            "unavailable",
            `Cannot answer within ${REQUEST_MS_MAX / 1000} s: the request was given up`,
            { "retry-after": "5" },
          ),
        );
      });
    });
    return await Promise.race([handled, late]);
  } finally {
    cancel();
    if (watched) request.signal.removeEventListener("abort", gone);
  }
}

function errorResponse(error: unknown, log: Log, requestId: string): Response {
  if (error instanceof AppError) {
    return json({ error: error.message }, error.status, error.headers);
  }
  if (error instanceof DOMException && error.name === "AbortError") {
    return json({ error: "Cannot answer: the client went away" }, 503);
  }
  if (hasBrokenOff(error)) return json({ error: "Cannot read the body: it broke off" }, 400);
  const stack = error instanceof Error ? error.stack : undefined;
  log("error", `Failed: ${messageOf(error)}`, { stack });
  return json({ error: `Cannot answer: something is wrong here, see the log (${requestId})` }, 500);
}

/** Whether a body could not be read to its end, for its sender is gone: errors of the runtime. */
function hasBrokenOff(error: unknown): boolean {
  return error instanceof Error && ["BadResource", "Http"].includes(error.name) &&
    error.message.includes("body");
}

function readUrl(request: Request): URL {
  try {
    return new URL(request.url);
  } catch {
    throw new AppError("bad_request", "Cannot read the address of the request");
  }
}

function withoutBase(pathname: string, basePath: string): string | null {
  if (basePath === "") return pathname;
  return pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : null;
}

/** The way from the bare prefix to the page below it: its own addresses are relative. */
function intoBase({ pathname, search }: URL, basePath: string): Response | null {
  if (basePath === "" || pathname !== basePath) return null;
  return new Response(null, { status: 307, headers: { location: `${basePath}/${search}` } });
}

/** Routes by path; exact paths are looked up, the few with `:name` parts are tried in order. */
function routeTable(routes: readonly Route[]): (pathname: string | null) => Matched | null {
  const exact = new Map<string, Map<Method, Route>>();
  const patterns = new Map<string, Pattern>();
  for (const route of routes) {
    const byMethod = route.path.includes("/:")
      ? patterns.get(route.path)?.routes ?? new Map<Method, Route>()
      : exact.get(route.path) ?? new Map<Method, Route>();
    if (byMethod.has(route.method)) {
      throw new Error(`Cannot add route ${route.method} ${route.path}: it stands there twice`);
    }
    byMethod.set(route.method, route);
    if (route.path.includes("/:")) {
      patterns.set(route.path, { segments: route.path.split("/"), routes: byMethod });
    } else exact.set(route.path, byMethod);
  }
  return (pathname) => {
    if (pathname === null) return null;
    const found = exact.get(pathname);
    if (found) return { routes: found, params: {} };
    for (const { segments, routes } of patterns.values()) {
      const params = matchSegments(segments, pathname.split("/"));
      if (params) return { routes, params };
    }
    return null;
  };
}

function matchSegments(
  wanted: readonly string[],
  given: readonly string[],
): Record<string, string> | null {
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const part = given[index] ?? "";
    if (!segment.startsWith(":")) {
      if (segment !== part) return null;
      continue;
    }
    if (part === "") return null;
    try {
      params[segment.slice(1)] = decodeURIComponent(part);
    } catch {
      return null;
    }
  }
  return params;
}

function methodsOf(matched: Matched): string[] {
  const { routes } = matched;
  const methods: string[] = [...routes.keys()];
  if (hasHead(matched)) methods.push("HEAD");
  return methods.sort();
}

/** HEAD is answered by GET's row, but where GET counts an event. */
function hasHead({ routes }: Matched): boolean {
  const route = routes.get("GET");
  return route !== undefined && route.right !== "ingest";
}

/** A method as the error names it: a word of letters, or nothing of what was sent. */
function shown(method: string): string {
  return /^[A-Za-z]{1,20}$/.test(method) ? method : "do this";
}

/** One line a request, by its route: paths may hold anything. Accepted events are not told. */
function logRequest(
  log: Log,
  method: string,
  matched: Matched | null,
  status: number,
  ms: number,
): void {
  const route = matched && [...matched.routes.values()][0];
  const quiet = route?.right === "ingest" && status < 300 || route?.path.startsWith("/health") ||
    route?.path === "/metrics";
  log(status >= 500 ? "warn" : quiet ? "debug" : "info", "Answered", {
    method: shown(method),
    route: route?.path ?? "(none)",
    status,
    ms: Math.round(ms),
  });
}
