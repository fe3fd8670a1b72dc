// Errors as JSON responses: a refusal with its own status and message, anything else as
// a 500 with the id of its log line only.
import { AppError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/types.ts";
import { json } from "./response.ts";

/** The response to what was thrown. Bugs are logged with their stack. */
export function errorResponse(error: unknown, log: Log, requestId: string): Response {
  if (error instanceof AppError) {
    return json({ error: error.message }, error.status, error.headers);
  }
  if (error instanceof DOMException && error.name === "AbortError") {
    return json({ error: "Cannot answer: the client went away" }, 503);
  }
  if (isBrokenBody(error)) return json({ error: "Cannot read the body: it is incomplete" }, 400);
  const stack = error instanceof Error ? error.stack : undefined;
  log("error", `Request failed: ${messageOf(error)}`, { stack });
  return json({ error: `Cannot answer: internal error, see the log (${requestId})` }, 500);
}

/** Whether it is the runtime's error for a body whose sender closed the connection. */
function isBrokenBody(error: unknown): boolean {
  return error instanceof Error && ["BadResource", "Http"].includes(error.name) &&
    error.message.includes("body");
}
