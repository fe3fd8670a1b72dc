// The caller of a request and its rights, as one value that is made once and passed on with the
// request. How the caller was authenticated is not known here.

/** What a route needs of its caller. */
export type Right = "public" | "ingest" | "read" | "admin";

/** How closely a site is read: `totals` can be made public, single `visits` need a login. */
export type ReadLevel = "totals" | "visits";

/** The caller of a request. `sites` null means every site. */
export interface Access {
  readonly who: "nobody" | "local" | "session" | "key";
  readonly rights: ReadonlySet<Right>;
  readonly sites: readonly string[] | null;
  /** The id under which a site is known that the caller may have written in another case. */
  readonly siteIdOf?: (site: string) => string;
  /** What the caller has left of the rate of its requests; missing where there is no limit. */
  readonly rateLeft?: () => {
    readonly limit: number;
    readonly left: number;
    readonly resetSecs: number;
  };
}

/** The peer of a request through the local socket of DATA_DIR. No address reads like it. */
export const OWNER_PEER = "owner";
