// From request to response: finds the route, checks the caller's right, runs the handler within
// its time limit, and turns whatever was thrown into a JSON error. No business logic.
import type { Access } from "../core/access.ts";
import { AppError } from "../core/errors.ts";
import { QUESTION_WAIT_MS_MAX, REQUEST_MS_MAX } from "../core/limits.ts";
import type { Log, System } from "../core/types.ts";
import { compressed } from "./compression.ts";
import { Deadlines } from "./deadlines.ts";
import { BugLog, errorResponse, isAbort } from "./error_response.ts";
import { FastLane } from "./fast_lane.ts";
import type { SecurityHeaders } from "./headers.ts";
import type { Refusals } from "./refusals.ts";
import type { Context, ErrorBody, FastRoute, Route } from "./route.ts";
import {
  createRouter,
  loggable,
  type Matched,
  methodsOf,
  redirectIntoBase,
  routeFor,
  withoutBase,
} from "./router.ts";

/** The origin of a request. */
export interface Peer {
  readonly peer: string;
  /** There are too many requests in progress for it to be worked on. */
  readonly isExcess?: boolean;
  /**
   * Called where the client may take any time to read the response: until it has ended, or with
   * null without a limit.
   */
  readonly onStream?: (ended: Promise<void> | null) => void;
  /** Where it is there, the answer to events is given to it instead of being returned. */
  readonly handed?: HandedEvents;
}

/** Events whose body has been read, of a request that another thread has. */
export interface HandedEvents {
  readonly body: Uint8Array<ArrayBuffer>;
  /** They are accepted and leave nothing to say: `all` is the answer, but for the request's id. */
  accepted(requestId: string, all: Response): void;
  answered(response: Response): void;
}

/** Returned where an answer is given to `handed`. */
export const HANDED_OVER: Promise<Response> = Promise.resolve(Response.error());

/** Authenticates the caller, and refuses it if it lacks the right. */
export interface Gate {
  accessOf(request: Request, caller: { peer: string; address: string }): Access;
  /** Looks at a request whose caller does not matter: whether a proxy is not named. */
  notice(peer: string, headers: Headers): void;
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
  /** The same, believing only proxies that are named. */
  readonly guardedAddress: (peer: string, headers: Headers) => string;
  /** Prefix of every path, such as `/stats`; empty for none. */
  readonly basePath: string;
  /** The error for a path without a route; `not_found` by default. */
  readonly unknown?: () => AppError;
  /** Time of a question once its turn has come; that of a request by default. */
  readonly questionMs?: number;
  /** Sums what strangers are refused; without it each refusal is logged. */
  readonly refusals?: Refusals;
}

/** A request with what must be read before its client can close it. */
interface Received {
  readonly request: Request;
  readonly method: string;
  readonly headers: Headers;
  readonly peer: string;
  readonly requestId: string;
  readonly log: Log;
  /** Whether the caller has no login and no key, as far as it is known. */
  isStranger: boolean;
  /** Whether it has no answer because the client went away. */
  isGone: boolean;
}

/** The function that answers every request; it never rejects. */
export function createServer(
  routes: readonly Route[],
  gate: Gate,
  headers: SecurityHeaders,
  system: Pick<System, "clock" | "random" | "log" | "timings">,
  options: ServerOptions,
): (request: Request, peer: Peer) => Promise<Response> {
  const find = createRouter(routes);
  const lane = new FastLane(routes, headers, options.basePath);
  const deadlines = new Deadlines(system.clock, REQUEST_MS_MAX);
  const { questionMs = REQUEST_MS_MAX } = options;
  const questionDeadlines = new Deadlines(system.clock, QUESTION_WAIT_MS_MAX + questionMs);
  const bugs = new BugLog(system.clock);
  const answerer = { gate, headers, system, options, deadlines, questionDeadlines, bugs };
  const answerAny = async (
    request: Request,
    { peer, isExcess = false, onStream = nothing }: Peer,
  ): Promise<Response> => {
    const received = receive(request, peer, system);
    const { log, requestId } = received;
    const startedMs = system.clock.uptimeMs();
    let matched: Matched | null = null;
    let response: Response;
    try {
      const url = readUrl(request);
      matched = find(withoutBase(url.pathname, options.basePath));
      if (isExcess) throw excess();
      const preflight = matched && headers.preflight(received, methodsOf(matched));
      response = preflight ?? redirectIntoBase(url, options.basePath) ??
        await answer(received, url, matched, answerer, onStream);
    } catch (error) {
      received.isGone = isAbort(error) && request.signal.aborted;
      response = errorResponse(error, log, requestId, answerer.bugs, errorBodyOf(matched));
    }
    const anyOrigin = matched && [...matched.routes.values()].some((route) => route.anyOrigin);
    if (anyOrigin) response.headers.set("access-control-allow-origin", "*");
    const final = headers.applyHeaders(response, received, requestId);
    conclude(received, routeOf(matched), final.status, startedMs, answerer);
    return final;
  };
  const tracer = system.timings?.tracer;
  const answerOne = (request: Request, from: Peer) => {
    const fast = from.isExcess ? undefined : lane.find(request);
    if (!fast) return answerAny(request, from);
    if (!from.handed || !fast.take || tracer) {
      return answerFast(request, from.peer, fast, lane, answerer);
    }
    answerHanded(request, from.peer, from.handed, fast, lane, answerer);
    return HANDED_OVER;
  };
  if (!tracer) return answerOne;
  return (request, from) => tracer.span("request", "", () => answerOne(request, from));
}

/** How the routes of a path tell errors, whichever of them is asked. */
function errorBodyOf(matched: Matched | null): ErrorBody | undefined {
  return matched?.routes.values().find((route) => route.errorBody)?.errorBody;
}

const nothing = () => {};

/** What every answer needs. */
interface Answerer {
  readonly gate: Gate;
  readonly headers: SecurityHeaders;
  readonly system: Pick<System, "clock" | "random" | "log" | "timings">;
  readonly options: ServerOptions;
  readonly deadlines: Deadlines;
  readonly bugs: BugLog;
  readonly questionDeadlines: Deadlines;
}

function receive(request: Request, peer: string, { random, log }: Answerer["system"]): Received {
  const requestId = random.uuid();
  return {
    request,
    method: request.method,
    headers: request.headers,
    peer,
    requestId,
    log: (level, message, fields = {}) => log(level, message, { ...fields, request_id: requestId }),
    isStranger: true,
    isGone: false,
  };
}

/** Answers a request of the fast lane; only what is refused or has something to say costs more. */
function answerFast(
  request: Request,
  peer: string,
  route: FastRoute,
  lane: FastLane,
  answerer: Answerer,
): Promise<Response> {
  const { gate, system, options, deadlines } = answerer;
  const startedMs = system.clock.uptimeMs();
  const { headers } = request;
  const address = options.clientAddress(peer, headers);
  const handle = () => {
    gate.notice(peer, headers);
    const guardedAddress = () => options.guardedAddress(peer, headers);
    return route.fast({ request, headers, peer, address, guardedAddress, startedMs });
  };
  const end = (answer: { readonly made: Response } | { readonly failure: unknown }) =>
    endFast(request, { peer, address }, route, startedMs, answer, answerer);
  const late = () => tooLate(deadlines.ms);
  return deadlines.race(attempt(handle), late, startedMs).then((made) => {
    if (made !== null) return end({ made });
    // What is accepted is counted, and has no line in the log.
    noteAnswer(system, route.path, 202, system.clock.uptimeMs() - startedMs);
    return lane.accepted(system.random.uuid());
  }, (failure) => end({ failure }));
}

/** The same for events that another thread has read: without a promise, for they come in masses. */
function answerHanded(
  request: Request,
  peer: string,
  handed: HandedEvents,
  route: FastRoute,
  lane: FastLane,
  answerer: Answerer,
): void {
  const { gate, system, options, deadlines } = answerer;
  const startedMs = system.clock.uptimeMs();
  const { headers } = request;
  const address = options.clientAddress(peer, headers);
  const end = (answer: { readonly made: Response } | { readonly failure: unknown }) =>
    handed.answered(endFast(request, { peer, address }, route, startedMs, answer, answerer));
  const deadline = deadlines.begin(() => end({ failure: tooLate(deadlines.ms) }), startedMs);
  const resolve = (made: Response | null) => {
    if (!deadlines.end(deadline)) return;
    if (made !== null) return end({ made });
    noteAnswer(system, route.path, 202, system.clock.uptimeMs() - startedMs);
    handed.accepted(system.random.uuid(), lane.acceptedAll);
  };
  const reject = (failure: unknown) => {
    if (deadlines.end(deadline)) end({ failure });
  };
  gate.notice(peer, headers);
  const guardedAddress = () => options.guardedAddress(peer, headers);
  const context = { request, headers, peer, address, guardedAddress, startedMs };
  route.take?.({ context, body: handed.body, resolve, reject });
}

/** What is thrown at once rejects as well. */
function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error);
  }
}

function endFast(
  request: Request,
  caller: { readonly peer: string; readonly address: string },
  route: FastRoute,
  startedMs: number,
  answer: { readonly made: Response } | { readonly failure: unknown },
  answerer: Answerer,
): Response {
  const received = receive(request, caller.peer, answerer.system);
  const { requestId, log } = received;
  const hasFailed = "failure" in answer;
  const response = hasFailed
    ? errorResponse(answer.failure, log, requestId, answerer.bugs, route.errorBody)
    : answer.made;
  if (hasFailed) received.isStranger = answerer.gate.accessOf(request, caller).who === "nobody";
  if (route.anyOrigin) response.headers.set("access-control-allow-origin", "*");
  const final = answerer.headers.applyHeaders(response, received, requestId);
  conclude(received, route, final.status, startedMs, answerer);
  return final;
}

function noteAnswer({ timings }: Answerer["system"], path: string, status: number, ms: number) {
  if (!timings) return;
  timings.observe("request", path, ms);
  timings.answered(status);
  timings.tracer?.label("request", path);
}

/** What is noted where the client did not wait for its answer, as nginx has it. */
const CLIENT_GONE = 499;

/** Logs a request, or sums it where it is one of many that strangers are refused. */
function conclude(
  { isStranger, isGone, log, method }: Received,
  route: Route | undefined,
  answered: number,
  startedMs: number,
  { system, options }: Answerer,
): void {
  const status = isGone ? CLIENT_GONE : answered;
  const ms = system.clock.uptimeMs() - startedMs;
  noteAnswer(system, route?.path ?? "(none)", status, ms);
  // A 500 is a bug, and is told each time.
  const isOften = isStranger || route?.routine === true;
  const sums = isOften && status >= 400 && status !== 500 ? options.refusals : null;
  if (sums?.add(route?.path ?? "(none)", status) ?? true) {
    logRequest(log, method, route, status, ms);
  }
}

async function answer(
  received: Received,
  url: URL,
  matched: Matched | null,
  { gate, options, deadlines, questionDeadlines }: Answerer,
  onStream: NonNullable<Peer["onStream"]>,
): Promise<Response> {
  const { request, method, headers, peer, requestId, log } = received;
  if (!matched) {
    throw options.unknown?.() ?? new AppError("not_found", "Cannot find this page");
  }
  const route = routeFor(matched, method);
  const address = options.clientAddress(peer, headers);
  const access = gate.accessOf(request, { peer, address });
  received.isStranger = access.who === "nobody";
  gate.authorize(request, route, access, { peer, address });
  const ended = new AbortController();
  const context: Context = {
    request,
    url,
    params: matched.params,
    peer,
    address,
    // Where no proxy is believed at all, named ones are not either.
    guardedAddress: address === peer ? address : options.guardedAddress(peer, headers),
    requestId,
    log,
    access,
    signal: ended.signal,
    onStream,
  };
  const made = await handleInTime(
    route,
    context,
    ended,
    route.asks ? questionDeadlines : deadlines,
  );
  // Ingestion answers without a body; a stream compresses itself where that makes sense.
  const response = route.right === "ingest" || route.streams
    ? made
    : await compressed(made, { headers });
  return method === "HEAD" ? await withoutBody(response, route) : response;
}

/** The response without its body; it has Content-Length unless it is a stream. */
async function withoutBody(response: Response, { streams }: Route): Promise<Response> {
  if (streams) {
    await response.body?.cancel();
    return new Response(null, response);
  }
  const { byteLength } = await response.arrayBuffer();
  const head = new Response(null, response);
  if (head.status !== 304) head.headers.set("content-length", String(byteLength));
  return head;
}

/** Runs a handler; past the time limit its signal aborts and the response is 503. */
async function handleInTime(
  route: Route,
  context: Context,
  ended: AbortController,
  deadlines: Deadlines,
): Promise<Response> {
  const { request } = context;
  const gone = () => ended.abort();
  const watched = route.right === "read" || route.right === "admin";
  if (watched) request.signal.addEventListener("abort", gone);
  try {
    const handled = Promise.resolve(route.handle(context));
    if (route.streams) return await handled;
    return await deadlines.race(handled, () => {
      ended.abort();
      return tooLate(deadlines.ms);
    });
  } finally {
    if (watched) request.signal.removeEventListener("abort", gone);
  }
}

function tooLate(ms: number): AppError {
  return new AppError(
    "unavailable",
    `Cannot answer within ${ms / 1000} s: the request was cancelled`,
    { "retry-after": "5" },
  );
}

function excess(): AppError {
  return new AppError(
    "unavailable",
    "Cannot take this request: too many are in progress, of this address or in all",
    { "retry-after": "1" },
  );
}

function readUrl(request: Request): URL {
  try {
    return new URL(request.url);
  } catch {
    throw new AppError("bad_request", "Cannot read the address of the request");
  }
}

function routeOf(matched: Matched | null): Route | undefined {
  return matched ? [...matched.routes.values()][0] : undefined;
}

/** One line per request, by its route: paths may hold anything. Frequent ones are debug only. */
function logRequest(
  log: Log,
  method: string,
  route: Route | undefined,
  status: number,
  ms: number,
): void {
  const isQuiet = (route?.right === "ingest" || route?.routine) && status < 300 ||
    route?.path.startsWith("/health") || route?.path === "/metrics";
  log(status >= 500 ? "warn" : isQuiet ? "debug" : "info", "Request completed", {
    method: loggable(method) ?? "other",
    route: route?.path ?? "(none)",
    status,
    ms: Math.round(ms),
  });
}
