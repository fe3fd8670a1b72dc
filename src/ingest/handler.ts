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
import { DROPS } from "./drop_reasons.ts";
import type { Taken, WireFormat } from "./formats/format.ts";
import { FORMATS } from "./formats/formats.ts";
import type { Checked, Payload } from "./payload.ts";
import type { Pipeline, Sender } from "./pipeline.ts";

/** Routes of ingestion. `eventMs` is the time of an event that arrives now. */
export function ingestRoutes(
  pipeline: Pipeline,
  buffer: Buffer,
  clock: Clock,
  eventMs: () => number,
): Route[] {
  const take = async (payload: Payload, sender: Sender): Promise<Taken> => {
    const outcome = pipeline.run(payload, { nowMs: eventMs(), ...sender });
    if ("event" in outcome) {
      await buffer.accept([outcome.event]);
      return { dropped: null, notices: outcome.notices };
    }
    const { code, message } = DROPS[outcome.dropped];
    if (code === null) return { dropped: outcome.dropped, notices: [] };
    throw new AppError(code, message, retryAfter(outcome.retrySecs));
  };
  const fastHandler = (read: WireFormat["read"], write: WireFormat["write"]): FastHandler => {
    const inTime = new Deadlines(clock, BODY_MS_MAX);
    return async (context) => {
      const { request, headers, address, guardedAddress } = context;
      const body = await readShortBody(request, headers, clock, inTime, BODY_BYTES_MAX);
      const payload = payloadOf(read({ body, query: queryOf(request) }));
      const taken = await take(payload, {
        address,
        headers,
        guardedAddress,
        isTrusted: () => isTrusted(null, context),
      });
      return taken.dropped === null && taken.notices.length === 0 ? null : write(taken);
    };
  };
  const formatRoute = ({ method, path, read, write }: WireFormat): Route => ({
    method,
    path,
    right: "ingest",
    anyOrigin: true,
    handle: async (context) => {
      const body = method === "POST"
        ? await readBody(context.request, clock, BODY_BYTES_MAX, BODY_MS_MAX)
        : new Uint8Array();
      const payload = payloadOf(read({ body, query: context.url.searchParams }));
      const { address, request: { headers } } = context;
      return write(
        await take(payload, {
          address,
          headers,
          guardedAddress: () => context.guardedAddress,
          isTrusted: () => isTrusted(context.access, context),
        }),
      );
    },
    ...(method === "POST" ? { fast: fastHandler(read, write) } : {}),
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

function payloadOf(checked: Checked<Payload>): Payload {
  if ("fault" in checked) throw new AppError(checked.fault.code, checked.fault.message);
  return checked.value;
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

function retryAfter(secs: number | undefined): Record<string, string> {
  return secs === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(secs))) };
}
