// Request bodies of clients that send forms where others send JSON: both are read as an object.
import { AppError } from "../core/errors.ts";
import { AUTH_BODY_BYTES_MAX, BODY_MS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";
import { readBody, readJsonObject } from "./body.ts";

const FORM = /^(?:multipart\/form-data|application\/x-www-form-urlencoded)\s*(?:;|$)/i;

/**
 * The texts of a form, else the body as a JSON object. Rejects with `bad_request` when it is
 * neither, with `too_large` and `timeout` as `readBody` does.
 */
export async function readFormOrJson(
  request: Request,
  clock: Clock,
): Promise<Readonly<Record<string, unknown>>> {
  const type = request.headers.get("content-type")?.trim() ?? "";
  if (!FORM.test(type)) return await readJsonObject(request, clock);
  const bytes = await readBody(request, clock, AUTH_BODY_BYTES_MAX, BODY_MS_MAX);
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData()
    .catch(() => null);
  if (form === null) throw new AppError("bad_request", "Cannot read the body: it is no form");
  return Object.fromEntries([...form].filter(([, value]) => typeof value === "string"));
}
