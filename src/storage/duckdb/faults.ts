// What DuckDB says when it has failed itself. After such a fault it refuses every statement, on
// every connection, until it is opened again; this file knows its texts.
import { AppError } from "../../core/errors.ts";
import { shortageError } from "../shortage.ts";

/** Characters of DuckDB's message and of a statement in an error. */
const MESSAGE_CHARS_MAX = 1000;
const STATEMENT_CHARS_MAX = 2000;

/** Whether an error may be such a fault. An INTERNAL one of the planner leaves DuckDB usable. */
export function mayBeFault(message: string): boolean {
  return /^(?:FATAL|INTERNAL) Error/.test(message) || isRefusal(message);
}

/** Whether DuckDB refuses a statement because another one has failed before. */
export function isRefusal(message: string): boolean {
  return message.includes("database has been invalidated");
}

/** Whether an error is about the values of a statement: the same would fail at any time. */
export function isOfValues(error: unknown): boolean {
  return error instanceof Error && !(error instanceof AppError) &&
    /^(?:Conversion|Constraint|Invalid Input|Out of Range) Error/.test(error.message);
}

/** A refusal, so that nobody takes it for a fault of the files. */
export function closingError(): AppError {
  return shortageError("Cannot ask DuckDB", "it is closing");
}

/** The error for a client that did not wait. */
export function goneError(): DOMException {
  return new DOMException("The client went away", "AbortError");
}

/** The refusal past the time limit of a query. */
export function lateError(timeoutMs = 0): AppError {
  return new AppError(
    "unavailable",
    `Cannot answer within ${timeoutMs / 1000} s: the query was stopped`,
    { "retry-after": "5" },
  );
}

/** What a caller is told while DuckDB is opened again. */
export function reopeningError(): AppError {
  return shortageError("Cannot read the events now", "DuckDB has failed and is opened again");
}

/** A refusal while DuckDB is opened again on purpose: nothing has failed, and it is over soon. */
export class PauseError extends AppError {
  constructor() {
    super("unavailable", "Cannot read the events now: DuckDB is opened again", {
      "retry-after": "5",
    });
  }
}

/** What a caller is told about a statement that DuckDB has failed on again and again. */
export function bannedError(): AppError {
  return new AppError(
    "unavailable",
    "Cannot answer: DuckDB has failed on this question more than once",
    { "retry-after": "3600" },
  );
}

/** An error of a statement: what DuckDB said and the statement, neither of them endless. */
export function statementError(message: string, statement: string): Error {
  return new Error(`${cut(message, MESSAGE_CHARS_MAX)} in: ${cut(statement, STATEMENT_CHARS_MAX)}`);
}

/** A text, cut where it is long. */
export function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)} …`;
}
