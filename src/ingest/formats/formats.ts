// Every wire format in which events are accepted.
import { eventBody } from "./event_body.ts";
import type { FormatParts, WireFormat } from "./format.ts";
import { goatCounterFormats } from "./goatcounter.ts";
import { MALLARD_IMAGE } from "./mallard.ts";
import { umamiFormats } from "./umami.ts";

/** Where events are sent without a key, by POST. */
export const EVENT_PATHS = ["/api/event", "/api/send", "/api/batch", "/count"] as const;

/** The formats; each has a route. */
export function wireFormats(parts: FormatParts): readonly WireFormat[] {
  return [eventBody(parts), MALLARD_IMAGE, ...umamiFormats(parts), ...goatCounterFormats(parts)];
}
