// The behavioural engine in plain SQL: complete, the reference for any other, and the default.
import type { BehavioralEngine } from "./engine.ts";
import { visitEvents, visits } from "./visits.ts";

/** Answers everything without an extension. */
export const nativeEngine: BehavioralEngine = { name: "sql", visits, visitEvents };
