// Every wire format in which events are accepted.
import type { WireFormat } from "./format.ts";
import { MALLARD_BODY, MALLARD_IMAGE } from "./mallard.ts";

/** The formats; each has a route. */
export const FORMATS: readonly WireFormat[] = [MALLARD_BODY, MALLARD_IMAGE];
