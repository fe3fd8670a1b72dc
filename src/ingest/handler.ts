// The routes of ingestion: one for each wire format. An event is answered only when it is on disk;
// what is done with it is the pipeline's business.
import type { Access } from "../core/access.ts";
import { AppError } from "../core/errors.ts";
import { BODY_BYTES_MAX, BODY_MS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";
import { readBody, readShortBody } from "../http/body.ts";
import { Deadlines } from "../http/deadlines.ts";
import type { Context, FastHandler, Route } from "../http/route.ts";
import { isForwarded } from "../net/proxies.ts";
import { isLoopback } from "../net/ranges.ts";
import type { Buffer } from "./buffer.ts";
import type { Notice } from "./fields/notices.ts";
import type { Received, SentEvent, Taken, WireFormat } from "./formats/format.ts";
import { FORMATS } from "./formats/formats.ts";
import type { PayloadFault } from "./payload.ts";
import type { Pipeline, Sender } from "./pipeline.ts";

const NO_NOTICES: readonly Notice[] = [];

/** Routes of ingestion. `eventMs` is the time of an event that arrives now. */
export function ingestRoutes(
  pipeline: Pipeline,
  buffer: Buffer,
  clock: Clock,
  eventMs: () => number,
): Route[] {
  const take = async (events: readonly SentEvent[], sender: Sender): Promise<Taken[]> => {
    const outcomes = events.map(({ payload }) =>
      pipeline.run(payload, { nowMs: eventMs(), ...sender })
    );
    const kept = outcomes.flatMap((outcome) => "event" in outcome ? outcome.event : []);
    if (kept.length > 0) await buffer.accept(kept);
    return outcomes.map((outcome) =>
      "event" in outcome
        ? { dropped: null, notices: outcome.notices }
        : { ...outcome, notices: NO_NOTICES }
    );
  };
  const fastHandler = (read: WireFormat["read"]): FastHandler => {
    const inTime = new Deadlines(clock, BODY_MS_MAX);
    return async (context) => {
      const { request, headers, address, guardedAddress } = context;
      const body = await readShortBody(request, headers, clock, inTime, BODY_BYTES_MAX);
      const reading = read({ body, query: queryOf(request), headers, address });
      if ("response" in reading) return reading.response;
      const { events, write, isTerse } = requireEvents(reading);
      const taken = await take(events, {
        address,
        headers,
        guardedAddress,
        isTrusted: () => isTrusted(null, context),
      });
      return isTerse && taken.every(hasNothingToSay) ? null : write(taken);
    };
  };
  const formatRoute = ({ method, path, read }: WireFormat): Route => ({
    method,
    path,
    right: "ingest",
    anyOrigin: true,
    handle: async (context) => {
      const body = method === "POST"
        ? await readBody(context.request, clock, BODY_BYTES_MAX, BODY_MS_MAX)
        : new Uint8Array();
      const { address, request: { headers } } = context;
      const reading = read({ body, query: context.url.searchParams, headers, address });
      if ("response" in reading) return reading.response;
      const { events, write } = requireEvents(reading);
      const taken = await take(events, {
        address,
        headers,
        guardedAddress: () => context.guardedAddress,
        isTrusted: () => isTrusted(context.access, context),
      });
      return write(taken);
    },
    ...(method === "POST" ? { fast: fastHandler(read) } : {}),
  });
  const paths = [...new Set(FORMATS.map(({ path }) => path))];
  return [...FORMATS.map(formatRoute), ...paths.map(preflightRoute)];
}

function preflightRoute(path: string): Route {
  const methods = FORMATS.filter((format) => format.path === path).map(({ method }) => method);
  const headers = {
    "access-control-allow-methods": [...methods.sort(), "OPTIONS"].join(", "),
    "access-control-allow-headers": "Content-Type, Content-Encoding",
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
