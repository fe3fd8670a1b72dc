// Tells a shortage of the machine from a fault of a file: the one place that reads the texts of
// DuckDB and the system. A shortage is a 503 that may be tried again, and never proof of damage.
import { AppError, messageOf } from "../core/errors.ts";

const RETRY_SECS = "5";

/** What the system says when it cannot, whatever the files hold. */
const SYSTEM_FAULTS = [
  "Too many open files",
  "Cannot allocate memory",
  "Input/output error",
  "Permission denied",
  "Operation not permitted",
  "Interrupted system call",
  "No space left on device",
  "Disk quota exceeded",
  "Resource temporarily unavailable",
  "Stale file handle",
  "Transport endpoint is not connected",
  "Read-only file system",
] as const;

/**
 * The shortage in a text of DuckDB's, or null when it speaks of something else. Its own "Out of
 * Memory Error" stays: whoever asked may wait for memory and ask again.
 */
export function shortageIn(message: string): string | null {
  const [line = ""] = message.split("\n");
  if (line.includes("std::bad_alloc")) return "the machine is out of memory";
  if (!line.startsWith("IO Error")) return null;
  return SYSTEM_FAULTS.find((fault) => line.includes(fault)) ?? null;
}

/** The refusal for a shortage. */
export function shortageError(what: string, found: string): AppError {
  return new AppError("unavailable", `${what}: ${found}`, { "retry-after": RETRY_SECS });
}

/** The refusal for a file the system would not read, without the path it names. */
export function unreadableError(error: unknown): AppError {
  const [reason = ""] = messageOf(error).split(/: (?:open|read|stat)\b/);
  return shortageError("Cannot read the events now", reason);
}
