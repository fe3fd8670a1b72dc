// The behavioral engine in plain SQL: complete, the reference for any other, and the default.
import type { BehavioralEngine } from "../engine.ts";
import { visitEvents, visits } from "../../sql/visits.ts";
import { flowNodes } from "./flow.ts";
import { funnelAttempts, funnelReached } from "./funnel.ts";
import { nextPages } from "./next_page.ts";
import { retentionCells } from "./retention.ts";
import { plainSequence, sequenceMatches } from "./sequence.ts";

/** Computes everything without an extension. */
export const nativeEngine: BehavioralEngine = {
  name: "sql",
  visits,
  visitEvents,
  funnel: funnelReached,
  funnelAttempts,
  retention: retentionCells,
  sequence: plainSequence,
  sequenceMatches,
  next: nextPages,
  flowNodes,
};
