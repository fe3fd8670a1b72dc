// Whether a client has an answer already, by the tag it was given with it.

/** Whether an `If-None-Match` names this tag: compared weakly, as RFC 9110 asks of it. */
export function isKnown(header: string | null, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return header !== null &&
    header.split(",").some((tag) => opaque(tag) === opaque(etag) || tag.trim() === "*");
}
