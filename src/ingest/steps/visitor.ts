// The visitor of an event: a keyed hash, or a random id where visitors are not told apart.
import type { Draft, StepContext } from "./draft.ts";

const VISITOR_ID_BYTES = 32;

/** The visitor's id. `timestamp` is the event's, in microseconds. */
export function visitorId(
  { payload, address, userAgent, nowMs, isAlone, past }: Draft,
  timestamp: number,
  { parts: { random, identity }, options }: StepContext,
): string {
  if (isAlone || options.suppress_visitor_id) return random.bytes(VISITOR_ID_BYTES).toHex();
  const visitor = { site: payload.site_id, address, userAgent };
  const timestampMs = Math.floor(timestamp / 1000);
  return past ? past.idOf(visitor, nowMs) : identity.idOf(visitor, timestampMs, nowMs);
}
