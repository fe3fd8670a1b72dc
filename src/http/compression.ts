// Answers made of text become gzip where the client takes it. Streams and what is encoded already
// pass as they are; nothing is read that is not to be compressed.
import { gzipSync } from "node:zlib";
import { GZIP_BYTES_MIN } from "../core/limits.ts";

/** What is text, and of a kind that is made in memory as a whole. */
const TEXT = /^(application\/json|text\/(html|plain|csv))\b/;
/** Half of the time of a larger level for a tenth more bytes; below this size neither counts. */
const FAST_FROM_BYTES = 256 * 1024;

/** Whether an `Accept-Encoding` takes gzip. */
export function acceptsGzip(header: string | null): boolean {
  const codings = (header ?? "").toLowerCase().split(",").map((part) => part.split(";"));
  const named = codings.find(([name]) => name?.trim() === "gzip") ??
    codings.find(([name]) => name?.trim() === "*");
  return named !== undefined && !/^\s*q=0(\.0*)?\s*$/.test(named[1] ?? "");
}

/**
 * The answer as its client takes it: compressed, or byte for byte as it came. Either says that it
 * depends on `Accept-Encoding`. Its body must not be a stream without an end.
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
  const plain = new Uint8Array(await response.arrayBuffer());
  const { status } = response;
  if (plain.byteLength < GZIP_BYTES_MIN) return new Response(plain, { status, headers });
  const level = plain.byteLength < FAST_FROM_BYTES ? 5 : 1;
  headers.set("content-encoding", "gzip");
  return new Response(new Uint8Array(gzipSync(plain, { level })), { status, headers });
}
