// POST, GET and OPTIONS /api/event: bytes in, and an answer only when the event is on disk. What
// is done with an event is the pipeline's business.
import { AppError } from "../core/errors.ts";
import { readBody } from "../http/body.ts";
import type { Context, Route } from "../http/route.ts";
import { BODY_BYTES_MAX, BODY_MS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";
import type { Buffer } from "./buffer.ts";
import { type Checked, parseBody, parseQueryString, type Payload } from "./payload.ts";
import { DROPS, type Pipeline } from "./pipeline.ts";

const PATH = "/api/event";

/** A transparent image of one pixel. */
const GIF = Uint8Array.from(
  atob("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
  (char) => char.charCodeAt(0),
);

/** Routes of ingestion. */
export function ingestRoutes(pipeline: Pipeline, buffer: Buffer, clock: Clock): Route[] {
  const take = async (context: Context, checked: Checked<Payload>): Promise<string | null> => {
    if ("fault" in checked) throw new AppError(checked.fault.code, checked.fault.message);
    const outcome = pipeline.run(checked.value, {
      nowMs: clock.nowMs(),
      address: context.address,
      headers: context.request.headers,
    });
    if ("event" in outcome) {
      await buffer.accept([outcome.event]);
      return null;
    }
    const { code, message } = DROPS[outcome.dropped];
    if (code === null) return outcome.dropped;
    throw new AppError(code, message, retryAfter(outcome.retrySecs));
  };
  return [
    {
      method: "POST",
      path: PATH,
      right: "ingest",
      anyOrigin: true,
      handle: async (context) => {
        const bytes = await readBody(context.request, clock, BODY_BYTES_MAX, BODY_MS_MAX);
        const dropped = await take(context, parseBody(bytes));
        return new Response(null, { status: 202, headers: droppedHeader(dropped) });
      },
    },
    {
      method: "GET",
      path: PATH,
      right: "ingest",
      anyOrigin: true,
      handle: async (context) => {
        const dropped = await take(context, parseQueryString(context.url.searchParams));
        return new Response(GIF, {
          headers: {
            "content-type": "image/gif",
            "cache-control": "no-store, no-cache, must-revalidate, private",
            "cross-origin-resource-policy": "cross-origin",
            ...droppedHeader(dropped),
          },
        });
      },
    },
    {
      method: "OPTIONS",
      path: PATH,
      right: "ingest",
      anyOrigin: true,
      handle: () =>
        new Response(null, {
          status: 204,
          headers: {
            "access-control-allow-methods": "GET, POST, OPTIONS",
            "access-control-allow-headers": "Content-Type",
            "access-control-max-age": "86400",
          },
        }),
    },
  ];
}

function droppedHeader(dropped: string | null): Record<string, string> {
  return dropped === null ? {} : { "x-mallard-dropped": dropped };
}

function retryAfter(secs: number | undefined): Record<string, string> {
  return secs === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(secs))) };
}
