// The shapes every route shares: a route is a row, a handler is a function from context to
// response. Bodies are read here, within a limit of size and of time.
import type { Access, Right } from "../core/access.ts";
import { AppError } from "../core/errors.ts";
import type { Clock, Log } from "../core/types.ts";

/** Everything a handler may know of its request. `address` is the client's, for rates only. */
export interface Context {
  readonly request: Request;
  readonly url: URL;
  /** Values of the path's `:name` parts, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Address of the connected peer, perhaps a proxy. */
  readonly peer: string;
  /** Address of the client behind trusted proxies. Never stored, logged or answered. */
  readonly address: string;
  readonly requestId: string;
  readonly log: Log;
  readonly access: Access;
  /** Aborts when the client goes away or the time of the request is over. */
  readonly signal: AbortSignal;
}

/** Answers one request. Throws AppError for what the caller should understand. */
export type Handler = (context: Context) => Response | Promise<Response>;

/** HTTP methods in use. HEAD is answered by GET's row. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";

/** One row of the route table. `path` may hold `:name` parts, each one segment. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly right: Right;
  readonly handle: Handler;
  /** Exempt from the time limit of a request: streams and exports. */
  readonly streams?: boolean;
  /** Open to any origin: ingestion and the tracker. */
  readonly anyOrigin?: boolean;
}

/** A JSON answer, never cached. */
export function json(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}

/**
 * Reads a body of at most `bytesMax` bytes that arrives within `msMax`. Rejects with `too_large`
 * as soon as the limit is passed, with `timeout` when it dribbles.
 */
export async function readBody(
  request: Request,
  clock: Clock,
  bytesMax: number,
  msMax: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () =>
    new AppError("too_large", `Cannot read the body: it is longer than ${bytesMax} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) {
    await request.body?.cancel();
    throw tooLarge();
  }
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(msMax, () => {
      reject(new AppError("timeout", `Cannot read the body: it did not arrive in ${msMax} ms`));
    });
  });
  // A length that was announced cannot be passed: then the runtime reads faster by itself.
  const whole = request.headers.has("content-length")
    ? request.bytes()
    : readStream(request, bytesMax, tooLarge);
  try {
    return await Promise.race([whole, late]);
  } catch (error) {
    whole.catch(() => {});
    throw error;
  } finally {
    cancel();
  }
}

async function readStream(
  request: Request,
  bytesMax: number,
  tooLarge: () => AppError,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!request.body) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request.body) {
    length += part.byteLength;
    if (length > bytesMax) throw tooLarge();
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
