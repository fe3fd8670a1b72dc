// Small JSON bodies of the API: read within their limits, and an object or a refusal.
import { AppError } from "../core/errors.ts";
import { readBody } from "./route.ts";
import { AUTH_BODY_BYTES_MAX, BODY_MS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";

/**
 * The body as a JSON object. Rejects with `bad_request` when it is none, with `too_large` past
 * `bytesMax`, with `timeout` when it dribbles in.
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
