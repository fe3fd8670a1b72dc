// The visitor of an event: a keyed hash, or a random id where visitors are not told apart.
import type { Visitor } from "../identity/visitor_id.ts";
import type { Payload } from "../payload.ts";
import type { Draft, StepContext } from "./draft.ts";

const VISITOR_ID_BYTES = 32;

/** The visitor's id. `timestamp` is the event's, in microseconds. */
export function visitorId(
  { payload, address, userAgent, nowMs, isAlone, past }: Draft,
  timestamp: number,
  { parts: { random, identity }, options }: StepContext,
): string {
  if (isAlone || options.suppress_visitor_id) return random.bytes(VISITOR_ID_BYTES).toHex();
  const visitor = visitorOf(payload, address, userAgent);
  const timestampMs = Math.floor(timestamp / 1000);
  return past ? past.idOf(visitor, nowMs) : identity.idOf(visitor, timestampMs, nowMs);
}

/** No address is called so. */
const BY_USER_ID = "user";

/** An address and a browser, or where the site tells whose they are, a person on any of them. */
function visitorOf({ site_id, userId }: Payload, address: string, userAgent: string): Visitor {
  if (userId === null) return { site: site_id, address, userAgent };
  return { site: site_id, address: BY_USER_ID, userAgent: `${site_id}|${userId}` };
}
