// Compresses text responses with gzip if the client accepts it. Streams and encoded responses pass
// unchanged and unread.
import { gzipSync } from "node:zlib";
import { GZIP_BYTES_MAX, GZIP_BYTES_MIN } from "../core/limits.ts";

/** Text types whose responses are made in memory as a whole. */
const TEXT = /^(application\/json|text\/(html|plain|csv))\b/;
/** From this size a lower level is used: half the time for a tenth more bytes. */
const FAST_FROM_BYTES = 256 * 1024;

/** Whether an `Accept-Encoding` accepts gzip. */
export function acceptsGzip(header: string | null): boolean {
  const codings = (header ?? "").toLowerCase().split(",").map((part) => part.split(";"));
  const named = codings.find(([name]) => name?.trim() === "gzip") ??
    codings.find(([name]) => name?.trim() === "*");
  return named !== undefined && !/^\s*q=0(\.0*)?\s*$/.test(named[1] ?? "");
}

/**
 * The response, compressed if its client accepts that and it is worth it. Text gets `Vary:
 * Accept-Encoding` either way. The body must not be an endless stream.
 */
export async function compressed(
  response: Response,
  request: Pick<Request, "headers">,
): Promise<Response> {
  const { headers } = response;
  if (!TEXT.test(headers.get("content-type") ?? "") || headers.has("content-encoding")) {
    return response;
  }
  if (!/\baccept-encoding\b/i.test(headers.get("vary") ?? "")) {
    headers.append("vary", "accept-encoding");
  }
  if (response.body === null || !acceptsGzip(request.headers.get("accept-encoding"))) {
    return response;
  }
  // What tells its length is written already.
  if (Number(headers.get("content-length")) > GZIP_BYTES_MAX) return response;
  const plain = new Uint8Array(await response.arrayBuffer());
  const { status } = response;
  if (plain.byteLength < GZIP_BYTES_MIN || plain.byteLength > GZIP_BYTES_MAX) {
    return new Response(plain, { status, headers });
  }
  const level = plain.byteLength < FAST_FROM_BYTES ? 5 : 1;
  headers.set("content-encoding", "gzip");
  return new Response(new Uint8Array(gzipSync(plain, { level })), { status, headers });
}
