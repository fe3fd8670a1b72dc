// The fields of an engagement: how long a page view was visible, and how far it was seen.
import { ENGAGED_MS_MAX } from "../../core/limits.ts";
import { readNumber } from "./revenue.ts";

/** What an engagement says; `engaged_ms` is 0 where it says no time. */
export interface Engagement {
  readonly engaged_ms: number;
  readonly scroll_depth: number | null;
}

/** Of a row that tells only how a page loaded: it says nothing of the visit. */
export const NO_ENGAGEMENT: Engagement = { engaged_ms: 0, scroll_depth: null };

/** A longer time is an error of the sender. */
const SENT_MS_MAX = 30 * 86_400_000;
/** Stands for a depth that is not known. */
const NO_DEPTH = 255;

/** An engagement, or null where neither of its fields can be read. */
export function readEngagement(ms: unknown, depth: unknown): Engagement | null {
  const sentMs = readNumber(ms);
  const hasTime = sentMs !== null && sentMs >= 0 && sentMs < SENT_MS_MAX;
  const sentDepth = readNumber(depth);
  const hasDepth = sentDepth !== null && sentDepth >= 0 && sentDepth !== NO_DEPTH;
  if (!hasTime && !hasDepth) return null;
  return {
    engaged_ms: hasTime ? Math.round(Math.min(sentMs, ENGAGED_MS_MAX)) : 0,
    scroll_depth: hasDepth ? Math.round(Math.min(sentDepth, 100)) : null,
  };
}
