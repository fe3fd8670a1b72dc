// The routes of ingestion: one for each wire format. An event is answered only when it is on disk;
// what is done with it is the pipeline's business.
import type { Access } from "../core/access.ts";
import { AppError } from "../core/errors.ts";
import type { Event } from "../core/event.ts";
import { BODY_BYTES_MAX, BODY_MS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";
import { readBody, readShortBody } from "../http/body.ts";
import { Deadlines } from "../http/deadlines.ts";
import type { Context, FastHandler, FastRequest, Route } from "../http/route.ts";
import { forwardedAddress, isForwarded } from "../net/proxies.ts";
import { isLoopback } from "../net/ranges.ts";
import type { Buffer } from "./buffer.ts";
import type { Notice } from "./fields/notices.ts";
import type { FormatParts, Received, SentEvent, Taken, WireFormat } from "./formats/format.ts";
import { wireFormats } from "./formats/formats.ts";
import type { PayloadFault } from "./payload.ts";
import type { Pipeline, Sender } from "./pipeline.ts";
import type { Outcome } from "./steps/draft.ts";

/** Who sends the events of a request. */
interface FormatSender extends Sender {
  /** It may send events of the past. */
  readonly mayBackdate?: boolean;
}

/** An event without a key that is no later than this is one of now. */
const LATE_MS = 300_000;
const NO_NOTICES: readonly Notice[] = [];

/** Routes of ingestion. `eventMs` is the time of an event that arrives now. */
export function ingestRoutes(
  pipeline: Pipeline,
  buffer: Buffer,
  clock: Clock,
  eventMs: () => number,
  parts: FormatParts,
): Route[] {
  const formats = wireFormats(parts);
  const judge = judgeOf(pipeline, eventMs);
  const formatRoute = ({ method, path, read, right, errorBody }: WireFormat): Route => ({
    method,
    path,
    errorBody,
    ...(right === undefined ? { right: "ingest", anyOrigin: true } : { right }),
    handle: async (context) => {
      const body = method === "POST"
        ? await readBody(context.request, clock, BODY_BYTES_MAX, BODY_MS_MAX)
        : new Uint8Array();
      const { access, request: { headers } } = context;
      const hasKey = access.who === "key";
      const address = (hasKey ? forwardedAddress(headers) : null) ?? context.address;
      const reading = read({ body, query: context.url.searchParams, headers, address });
      if ("response" in reading) return reading.response;
      const { events, write } = requireEvents(reading);
      const { taken, kept } = judge(events, {
        address,
        headers,
        hasKey,
        // A session's cookie might be sent by another site's page.
        mayBackdate: right === "admin" || hasKey && access.rights.has("admin"),
        guardedAddress: () => context.guardedAddress,
        isTrusted: () => isTrusted(access, context),
      });
      if (kept.length > 0) await buffer.accept(kept);
      return write(taken);
    },
    ...(method === "POST" && right === undefined ? fastWays(read, judge, buffer, clock) : {}),
  });
  const open = formats.filter(({ right }) => right === undefined);
  const byPath = Map.groupBy(open, ({ path }) => path);
  return [
    ...formats.map(formatRoute),
    ...[...byPath].map(([path, some]) => preflightRoute(path, some.map(({ method }) => method))),
  ];
}

/** What became of the events of a request, and those of them that are to be stored. */
interface Judged {
  readonly taken: readonly Taken[];
  readonly kept: readonly Event[];
}

type Judge = (events: readonly SentEvent[], sender: FormatSender) => Judged;

/** What judges the events of a request. */
function judgeOf(pipeline: Pipeline, eventMs: () => number): Judge {
  const run = ({ payload, visitor, atMs }: SentEvent, sender: FormatSender): Outcome => {
    const nowMs = eventMs();
    const { mayBackdate = false } = sender;
    if (atMs === undefined || !mayBackdate && atMs > nowMs - LATE_MS) {
      return pipeline.run(payload, { nowMs, ...sender, visitor });
    }
    if (!mayBackdate) return pipeline.dropped("past_refused");
    return pipeline.runPast(payload, {
      atMs: Math.min(atMs, nowMs),
      address: visitor?.address ?? sender.address,
      userAgent: visitor?.userAgent ?? sender.headers.get("user-agent") ?? "",
      place: visitor?.place ?? null,
      isAlone: visitor?.isAlone ?? false,
    });
  };
  return (events, sender) => {
    const kept: Event[] = [];
    const taken = events.map((event): Taken => {
      const outcome = run(event, sender);
      if (!("event" in outcome)) return { ...outcome, notices: NO_NOTICES };
      kept.push(outcome.event);
      return { dropped: null, notices: outcome.notices, event: outcome.event };
    });
    return { taken, kept };
  };
}

/** What answers requests in masses in one format, with few promises. */
function fastWays(
  read: WireFormat["read"],
  judge: Judge,
  buffer: Buffer,
  clock: Clock,
): Required<Pick<Route, "fast" | "take">> {
  const inTime = new Deadlines(clock, BODY_MS_MAX);
  const take = takerOf(read, judge, buffer);
  const fast: FastHandler = (context) =>
    new Promise((resolve, reject) => {
      const { request, headers, startedMs } = context;
      const limits = { bytesMax: BODY_BYTES_MAX, fromMs: startedMs };
      const arrived = (body: Uint8Array<ArrayBuffer>) => {
        // What has arrived goes through the pipeline one after the other, without the work of the
        // HTTP server in between: the same code costs less while it stays in the caches. Each
        // request waits for its turn itself, in its own trace.
        void clock.turn().then(() => take({ context, body, resolve, reject }));
      };
      readShortBody(request, headers, clock, inTime, limits, { read: arrived, fail: reject });
    });
  return { fast, take };
}

/** What takes one request, and never throws. */
function takerOf(read: WireFormat["read"], judge: Judge, buffer: Buffer) {
  return ({ context, body, resolve, reject }: FastRequest): void => {
    const { request, headers, address, guardedAddress } = context;
    try {
      const reading = read({ body, query: queryOf(request), headers, address });
      if ("response" in reading) return resolve(reading.response);
      const { events, write, isTerse } = requireEvents(reading);
      const sender = {
        address,
        headers,
        guardedAddress,
        isTrusted: () => isTrusted(null, context),
      };
      const { taken, kept } = judge(events, sender);
      const answer = () => isTerse && taken.every(hasNothingToSay) ? null : write(taken);
      if (kept.length === 0) return resolve(answer());
      buffer.add(kept, (refusal) => {
        if (refusal !== null) return reject(refusal);
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      });
    } catch (error) {
      reject(error);
    }
  };
}

function preflightRoute(path: string, methods: readonly string[]): Route {
  const headers = {
    "access-control-allow-methods": [...methods.toSorted(), "OPTIONS"].join(", "),
    "access-control-allow-headers": "Content-Type, Content-Encoding, X-Umami-Cache",
    "access-control-max-age": "86400",
  };
  return {
    method: "OPTIONS",
    path,
    right: "ingest",
    anyOrigin: true,
    handle: () => new Response(null, { status: 204, headers }),
  };
}

function requireEvents(reading: Received | { readonly fault: PayloadFault }): Received {
  if ("fault" in reading) throw new AppError(reading.fault.code, reading.fault.message);
  return reading;
}

function hasNothingToSay({ dropped, notices }: Taken): boolean {
  return dropped === null && notices.length === 0;
}

const NO_QUERY = new URLSearchParams();

/** Requests by POST have none, as a rule. */
function queryOf({ url }: Request): URLSearchParams {
  return url.includes("?") && URL.canParse(url) ? new URL(url).searchParams : NO_QUERY;
}

/** Whether a request has a key, or comes from this machine and not through a proxy. */
function isTrusted(
  access: Access | null,
  { peer, address, request }: Pick<Context, "peer" | "address" | "request">,
): boolean {
  if (access?.who === "key") return true;
  return isLoopback(peer) && isLoopback(address) && !isForwarded(request.headers);
}
