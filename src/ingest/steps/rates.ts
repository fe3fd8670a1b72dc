// Steps that limit how many events an address and a site may send.
import { keyOfAddress, parseAddress } from "../../net/address.ts";
import { isSpecialPurpose } from "../../net/ranges.ts";
import type { Draft, Drop, StepContext } from "./draft.ts";

/** Limits the events of one address. */
export function checkAddressRate(
  { payload, address, parsedAddress, senderAddress }: Draft,
  { parts }: StepContext,
): Drop | null {
  const { addressRates } = parts;
  if (addressRates === null) return null;
  const parsed = senderAddress === address ? parsedAddress : parseAddress(senderAddress);
  // Behind a proxy that is not trusted, all clients share the proxy's private address.
  if (!parsed || isSpecialPurpose(parsed)) return null;
  const waitSecs = addressRates.take(keyOfAddress(parsed));
  if (waitSecs === 0) return null;
  parts.drops.count({ site_id: payload.site_id, reason: "address_limited" });
  return { dropped: "address_limited", retrySecs: waitSecs };
}

/** Limits the events of one site. */
export function checkSiteRate({ payload }: Draft, { parts }: StepContext): Drop | null {
  const { siteRates, policy } = parts;
  const own = policy.rateLimit(payload.site_id);
  const waitSecs = siteRates.take(payload.site_id, own ?? undefined);
  if (waitSecs === 0) return null;
  parts.drops.count({ site_id: payload.site_id, reason: "rate_limited" });
  return { dropped: "rate_limited", retrySecs: waitSecs };
}
