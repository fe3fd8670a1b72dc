// Errors as JSON responses: a refusal with its own status and message, anything else as
// a 500 with the id of its log line only.
import { HOUR_MS } from "../core/durations.ts";
import { AppError, messageOf } from "../core/errors.ts";
import { LruCache } from "../core/lru_cache.ts";
import type { Clock, Log } from "../core/types.ts";
import { json } from "./response.ts";
import type { ErrorBody, ErrorFacts } from "./route.ts";

const BUGS_KNOWN = 100;
const WHOLE_CHARS_MAX = 4000;
const SHORT_CHARS_MAX = 200;

/** Logs bugs: whole once an hour, in short where the same comes again. */
export class BugLog {
  readonly #clock: Clock;
  /** When a bug was logged whole, by its message without numbers. */
  readonly #wholeMs = new LruCache<string, number>(BUGS_KNOWN);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Logs a bug; the message of DuckDB ends with its statement. */
  write(error: unknown, log: Log): void {
    const message = messageOf(error);
    const key = message.slice(0, WHOLE_CHARS_MAX).replace(/\d+/g, "");
    const nowMs = this.#clock.uptimeMs();
    const lastMs = this.#wholeMs.get(key) ?? -Infinity;
    if (nowMs - lastMs < HOUR_MS) {
      const [line = ""] = message.split("\n");
      return log("error", `Request failed again: ${line.slice(0, SHORT_CHARS_MAX)}`);
    }
    this.#wholeMs.set(key, nowMs);
    const stack = error instanceof Error ? error.stack?.replace(message, "") : undefined;
    log("error", `Request failed: ${message.slice(0, WHOLE_CHARS_MAX)}`, {
      stack: stack?.slice(0, WHOLE_CHARS_MAX),
    });
  }
}

/** The response to what was thrown, by the route's own body of errors if it has one. */
export function errorResponse(
  error: unknown,
  log: Log,
  requestId: string,
  bugs: BugLog,
  bodyOf: ErrorBody = plainBody,
): Response {
  const facts = factsOf(error);
  if (facts === null) bugs.write(error, log);
  const told = facts ?? {
    message: `Cannot answer: internal error, see the log (${requestId})`,
    code: "internal",
    status: 500,
  };
  return json(bodyOf(told), told.status, error instanceof AppError ? error.headers : {});
}

function plainBody({ message, code, field }: ErrorFacts) {
  return { error: message, code, ...field === undefined ? {} : { field } };
}

/** What the caller should understand; null for a bug. */
function factsOf(error: unknown): ErrorFacts | null {
  if (error instanceof AppError) {
    const { message, code, field, status } = error;
    return { message, code, status, ...field === undefined ? {} : { field } };
  }
  if (isAbort(error)) {
    return { message: "Cannot answer: the client went away", code: "unavailable", status: 503 };
  }
  if (!isBrokenBody(error)) return null;
  return { message: "Cannot read the body: it is incomplete", code: "bad_request", status: 400 };
}

/** Whether it is what work ends with that was given up. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Whether it is the runtime's error for a body whose sender closed the connection. */
function isBrokenBody(error: unknown): boolean {
  return error instanceof Error && ["BadResource", "Http"].includes(error.name) &&
    error.message.includes("body");
}
