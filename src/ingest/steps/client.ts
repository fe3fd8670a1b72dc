// Steps about the client: whether it opted out, is ignored, or is a robot.
import type { Draft, Drop, StepContext } from "./draft.ts";

/** Drops events of browsers that send Sec-GPC, where the owner respects it. */
export function checkOptOut(
  { payload, gpc }: Draft,
  { parts, options }: StepContext,
): Drop | null {
  if (!gpc || !options.respect_gpc) return null;
  parts.drops.count({ site_id: payload.site_id, reason: "opted_out" });
  return { dropped: "opted_out" };
}

/** Drops events from addresses that the site's owner ignores, such as the owner's own. */
export function checkIgnored(
  { payload, parsedAddress }: Draft,
  { parts }: StepContext,
): Drop | null {
  const { site_id } = payload;
  if (parsedAddress === null || !parts.policy.ignores(site_id, parsedAddress)) return null;
  parts.drops.count({ site_id, reason: "ignored_address" });
  return { dropped: "ignored_address" };
}

/**
 * Drops events of robots. Those of the past are not counted. A library with an API key sends for
 * people, on purpose.
 */
export function checkRobot(
  { payload, userAgent, past, mayBeTool }: Draft,
  { parts, options }: StepContext,
): Drop | null {
  if (!options.filter_bots) return null;
  const robot = parts.robots.of(userAgent);
  if (!robot || robot.kind === "tool" && mayBeTool && past === null) return null;
  if (past === null) {
    parts.drops.count({ site_id: payload.site_id, reason: "robot", name: robot.name });
  }
  return { dropped: "robot" };
}
