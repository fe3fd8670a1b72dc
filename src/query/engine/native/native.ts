// The behavioral engine in plain SQL: complete, the reference for any other, and the default.
// Beside it the engine that is switched off.
import type { BehavioralEngine } from "../engine.ts";
import { funnelReached } from "./funnel.ts";
import { nextPages } from "./next_page.ts";
import { retentionCells } from "./retention.ts";
import { plainSequence } from "./sequence.ts";
import { visitEvents, visits } from "../../sql/visits.ts";

/** Answers everything without an extension. */
export const nativeEngine: BehavioralEngine = {
  name: "sql",
  visits,
  visitEvents,
  funnel: funnelReached,
  retention: retentionCells,
  sequence: plainSequence,
  next: nextPages,
};

/** `behavioral = off`: reports answer zeros and empty lists. */
export const offEngine: BehavioralEngine = { ...nativeEngine, name: "off" };
