// The caller of a statistics request, for the budget of query time.
import { isStranger } from "../../auth/rights.ts";
import type { Context } from "../../http/route.ts";
import { rateLimitKey } from "../../net/address.ts";
import { type Caller, OWNER } from "../../query/budget/turns.ts";

/** The caller of a request: one that may see more than public sites is an owner. */
export function callerOf(
  { access, guardedAddress }: Pick<Context, "access" | "guardedAddress">,
): Caller {
  if (access.who === "nobody") {
    const key = rateLimitKey(guardedAddress);
    return { kind: "stranger", key, isPublicOnly: isStranger(access) };
  }
  return access.who === "key" ? { kind: "owner", key: "key" } : OWNER;
}
