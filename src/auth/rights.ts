// The rule of rights: who lacks the one that a route needs is refused, in words that help.
import type { Access, Right } from "../core/access.ts";
import { AppError } from "../core/errors.ts";

/** Refuses who lacks a right: `unauthorized` where a login would help, else `forbidden`. */
export function requireRight(access: Access, right: Right): void {
  if (access.rights.has(right)) return;
  if (access.who === "key" || access.who === "session") {
    throw new AppError("forbidden", `Cannot do this: the caller may not ${RIGHT_WORDS[right]}`);
  }
  throw new AppError(
    "unauthorized",
    access.rights.has("read")
      ? "Cannot do this without a password: set one first, or ask from the server itself"
      : "Cannot do this without a login or an API key",
    { "www-authenticate": "Bearer" },
  );
}

const RIGHT_WORDS: Readonly<Record<Right, string>> = {
  public: "see this",
  ingest: "send events",
  read: "read statistics",
  admin: "change anything",
};
