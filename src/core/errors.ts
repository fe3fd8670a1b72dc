// Errors that are meant for the caller: a table of codes and the class that carries them.

/** HTTP status of each kind of refusal. */
export const ERRORS = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  timeout: 408,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  unprocessable: 422,
  too_many_requests: 429,
  unavailable: 503,
} as const satisfies Record<string, number>;

/** Name of a kind of refusal. */
export type ErrorCode = keyof typeof ERRORS;

/**
 * A refusal: what was tried, what was found. Becomes `{"error": message, "code", "field"}` and a
 * status.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  /** The first parameter or field that is wrong, where one is. */
  readonly field: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    field?: string,
  ) {
    super(message);
    this.code = code;
    this.field = field;
    this.headers = headers;
  }

  /** The HTTP status. */
  get status(): number {
    return ERRORS[this.code];
  }
}

/** An error whose text says what was tried: messages of the system do not. */
export function asSentence(tried: string, error: unknown): Error {
  const message = messageOf(error);
  if (error instanceof Error && message.startsWith("Cannot ")) return error;
  return new Error(`${tried}: ${message}`, { cause: error });
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
