// Every wire format that events are taken in.
import type { WireFormat } from "./format.ts";
import { MALLARD_BODY, MALLARD_IMAGE } from "./mallard.ts";

/** The formats; each has a route. */
export const FORMATS: readonly WireFormat[] = [MALLARD_BODY, MALLARD_IMAGE];
