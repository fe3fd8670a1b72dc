// Request bodies, read within a limit of size and of time: as bytes, or as a JSON object. Those
// that arrive as gzip are decoded within the same limit.
import { gunzipSync } from "node:zlib";
import { AppError } from "../core/errors.ts";
import { AUTH_BODY_BYTES_MAX, BODY_MS_MAX, GZIP_BODY_BYTES_MAX } from "../core/limits.ts";
import { isDeepJson } from "../core/text.ts";
import type { Clock } from "../core/types.ts";
import type { Deadlines } from "./deadlines.ts";

/**
 * Reads a body of at most `bytesMax` bytes that arrives within `msMax`. Rejects with `too_large`
 * as soon as the limit is passed, with `timeout` when it arrives too slowly, and with
 * `unsupported_media_type` when its Content-Encoding is another than gzip.
 */
export async function readBody(
  request: Request,
  clock: Clock,
  bytesMax: number,
  msMax: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const coding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (coding === "" || coding === "identity") {
    return await readBytes(request, clock, bytesMax, msMax);
  }
  const accepted = bytesMax <= GZIP_BODY_BYTES_MAX ? "gzip" : "identity";
  if (accepted === "gzip" && (coding === "gzip" || coding === "x-gzip")) {
    return gunzipped(await readBytes(request, clock, bytesMax, msMax), bytesMax);
  }
  await request.body?.cancel();
  throw new AppError(
    "unsupported_media_type",
    `Cannot read the body: its Content-Encoding must be ${accepted}`,
    { "accept-encoding": accepted },
  );
}

/** What is given to whoever waits for a body. */
export interface BodyReader {
  readonly read: (body: Uint8Array<ArrayBuffer>) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The same for short bodies in masses: those of known length need no timer and no promise of their
 * own. `inTime` is the time limit, which begins at `fromMs`. A body that is late is given nowhere.
 */
export function readShortBody(
  request: Request,
  headers: Headers,
  clock: Clock,
  inTime: Deadlines,
  { bytesMax, fromMs }: { readonly bytesMax: number; readonly fromMs: number },
  { read, fail }: BodyReader,
): void {
  const length = headers.get("content-length");
  if (length === null || Number(length) > bytesMax || headers.get("content-encoding") !== null) {
    readBody(request, clock, bytesMax, inTime.ms).then(read, fail);
    return;
  }
  const deadline = inTime.begin(() => fail(tooSlow(inTime.ms)), fromMs);
  request.bytes().then(
    (body) => inTime.end(deadline) && read(body),
    (error) => inTime.end(deadline) && fail(error),
  );
}

/** The decoded body. No more is decoded than the limit takes. */
function gunzipped(body: Uint8Array, bytesMax: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(gunzipSync(body, { maxOutputLength: bytesMax }));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
      throw new AppError(
        "too_large",
        `Cannot read the body: decoded it is longer than ${bytesMax} bytes`,
      );
    }
    throw new AppError("bad_request", "Cannot read the body: it is not gzip, as it claims to be");
  }
}

async function readBytes(
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
      reject(tooSlow(msMax));
    });
  });
  // A body cannot exceed its Content-Length, and the runtime's own reading is faster.
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

/** The refusal of a body that did not come in time. */
export function tooSlow(ms: number): AppError {
  return new AppError("timeout", `Cannot read the body: it did not arrive in ${ms} ms`);
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

/**
 * The body as a JSON object. Rejects with `bad_request` when it is none, with `too_large` past
 * `bytesMax`, with `timeout` when it arrives too slowly.
 */
export async function readJsonObject(
  request: Request,
  clock: Clock,
  bytesMax = AUTH_BODY_BYTES_MAX,
): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await readBody(request, clock, bytesMax, BODY_MS_MAX);
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = isDeepJson(text) ? null : JSON.parse(text);
  } catch {
    throw new AppError("bad_request", "Cannot read the body: it is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AppError("bad_request", "Cannot read the body: it is not a JSON object");
  }
  return value as Readonly<Record<string, unknown>>;
}
