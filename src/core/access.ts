// Who is asking, and what they may do: one value, made in one place and handed down with the
// request. It must not know how a caller proved who they are.

/** What a route needs of its caller. */
export type Right = "public" | "ingest" | "read" | "admin";

/** How closely a site is read: `totals` can be made public, single `visits` need a login. */
export type ReadLevel = "totals" | "visits";

/** The caller of a request. `sites` null means every site. */
export interface Access {
  readonly who: "nobody" | "local" | "session" | "key";
  readonly rights: ReadonlySet<Right>;
  readonly sites: readonly string[] | null;
}
