// Authorization: whether a caller has the right that a route needs, and may read a site. The
// refusal says what would help.
import type { Access, ReadLevel, Right } from "../core/access.ts";
import { AppError } from "../core/errors.ts";
import { siteKey } from "../core/site_id.ts";

/** Checks a right. Throws `unauthorized` if a login would help, else `forbidden`. */
export function requireRight(access: Access, right: Right): void {
  if (access.rights.has(right)) return;
  if (access.who === "key" || access.who === "session") {
    throw new AppError("forbidden", `Cannot do this: the caller may not ${RIGHT_WORDS[right]}`);
  }
  throw new AppError(
    "unauthorized",
    access.rights.has("read") && access.sites === null
      ? "Cannot do this without a password: set one first, or do it on the server itself"
      : "Cannot do this without a login or an API key",
    { "www-authenticate": "Bearer" },
  );
}

/** Whether the caller may read a site. Only `totals` of a site can be public. */
export function mayReadSite(
  { sites }: Pick<Access, "sites">,
  site: string,
  level: ReadLevel = "totals",
): boolean {
  if (sites === null) return true;
  return level === "totals" && sites.some((one) => siteKey(one) === siteKey(site));
}

/**
 * Whether the caller reads public sites only, for what they show to everybody. Before there is a
 * password everybody may read everything.
 */
export function isStranger({ who, sites }: Pick<Access, "who" | "sites">): boolean {
  return who === "nobody" && sites !== null;
}

/**
 * Returns the site, under the id by which it is known, if the caller may read it. Throws
 * `unauthorized` if a login would help, else `forbidden`.
 */
export function requireSite(
  access: Pick<Access, "sites" | "who" | "siteIdOf">,
  site: string,
  level: ReadLevel = "totals",
): string {
  if (mayReadSite(access, site, level)) return access.siteIdOf?.(site) ?? site;
  throw new AppError(
    access.who === "nobody" ? "unauthorized" : "forbidden",
    mayReadSite(access, site)
      ? "Cannot list single visits without a login or an API key"
      : "Cannot read this site: the caller has no right to it",
  );
}

const RIGHT_WORDS: Readonly<Record<Right, string>> = {
  public: "see this",
  ingest: "send events",
  read: "read statistics",
  admin: "change anything",
};
