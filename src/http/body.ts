// Request bodies, read within a limit of size and of time: as bytes, or as a JSON object.
import { AppError } from "../core/errors.ts";
import { AUTH_BODY_BYTES_MAX, BODY_MS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";

/**
 * Reads a body of at most `bytesMax` bytes that arrives within `msMax`. Rejects with `too_large`
 * as soon as the limit is passed, with `timeout` when it arrives too slowly.
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
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new AppError("bad_request", "Cannot read the body: it is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AppError("bad_request", "Cannot read the body: it is not a JSON object");
  }
  return value as Readonly<Record<string, unknown>>;
}
