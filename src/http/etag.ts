// Conditional requests: whether a client has the current version already.

/** Whether an `If-None-Match` has this tag, by the weak comparison of RFC 9110. */
export function isKnown(header: string | null, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return header !== null &&
    header.split(",").some((tag) => opaque(tag) === opaque(etag) || tag.trim() === "*");
}
