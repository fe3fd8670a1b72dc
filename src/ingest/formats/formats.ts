// Every wire format in which events are accepted.
import { EVENT_BODY } from "./event_body.ts";
import type { WireFormat } from "./format.ts";
import { MALLARD_IMAGE } from "./mallard.ts";

/** The formats; each has a route. */
export const FORMATS: readonly WireFormat[] = [EVENT_BODY, MALLARD_IMAGE];
