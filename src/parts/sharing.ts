// Brings what another server of the lake has changed into the parts that keep it in memory.
import type { SharedState } from "../storage/shared/shared_state.ts";
import type { CopiedTable } from "../storage/shared/tables.ts";
import type { Sums } from "../storage/history/sums.ts";
import type { Parts } from "./parts.ts";

/** The parts that keep what servers share in memory. */
export interface FollowingParts {
  readonly storage: {
    readonly shared: Pick<SharedState, "onChange" | "tellAgain"> | null;
    readonly sums: Pick<Sums, "follow">;
  };
  readonly sites: Pick<Parts["sites"], "reload" | "takeGone" | "declared">;
  readonly newSites: Pick<Parts["newSites"], "deleted" | "acceptDeclared" | "takeUpRefusals">;
  readonly keys: Pick<Parts["keys"], "reload">;
  readonly auth: Pick<Parts["auth"], "takeUpPassword" | "takeUpLogins">;
  readonly identity: Pick<Parts["identity"], "rotate">;
}

/** Follows the changes of other servers, where there may be some, until storage is closed. */
export function followOthers(
  { storage: { shared, sums }, sites, newSites, keys, auth, identity }: FollowingParts,
): void {
  if (shared === null) return;
  const unforgotten = new Set<string>();
  /** It waits for the lake, which nothing else has to wait for. */
  const forgetGone = () => {
    for (const site of sites.takeGone()) unforgotten.add(site);
    for (const site of unforgotten) {
      unforgotten.delete(site);
      if (sites.declared(site)) continue;
      newSites.deleted(site).catch((error) => {
        unforgotten.add(site);
        shared.tellAgain(["site_settings"], error);
      });
    }
  };
  const takeUpSites = async (tables: ReadonlySet<CopiedTable>) => {
    if (tables.has("site_settings") || tables.has("site_items")) await sites.reload();
    forgetGone();
    if (tables.has("site_settings")) await newSites.acceptDeclared();
    if (tables.has("refused_sites")) await newSites.takeUpRefusals();
  };
  shared.onChange(async (tables) => {
    // What fails or takes long keeps nothing else back: a key that was revoked is one at once.
    if (tables.has("past_imports")) void sums.follow();
    const takenUp = await Promise.allSettled([
      tables.has("api_keys") && keys.reload(),
      tables.has("owner_password") && auth.takeUpPassword(),
      tables.has("facts") && auth.takeUpLogins(),
      takeUpSites(tables),
    ]);
    for (const taken of takenUp) if (taken.status === "rejected") throw taken.reason;
  }, async () => {
    void sums.follow();
    await auth.takeUpLogins();
    await identity.rotate();
  });
}
