// Which user agents are robots, and which robot each is. The only file that knows isbot. A missing
// user agent is not taken for a robot.
import { isbot } from "isbot";
import { USER_AGENT_CHARS_MAX, USER_AGENTS_MAX } from "../../core/limits.ts";
import { LruCache } from "../../core/lru_cache.ts";
import { type RobotKind, ROBOTS } from "../../reference/robots.ts";

/** A robot. Its name is in the table, or is the one for all others: a bounded set. */
export interface Robot {
  readonly name: string;
  readonly kind: RobotKind;
}

/** Any robot that is not in the table. */
const UNNAMED: Robot = { name: "Other", kind: "other" };

function namesByText(): ReadonlyMap<string, Robot> {
  const names = new Map<string, Robot>();
  for (const [kind, rows] of Object.entries(ROBOTS)) {
    for (const [name, ...texts] of rows) {
      for (const text of texts) names.set(text, { name, kind: kind as RobotKind });
    }
  }
  return names;
}

const NAMES = namesByText();

/** The longest text first, so that `googlebot-image` is not taken for `googlebot`. */
const KNOWN = new RegExp(
  "(?<![a-z])(?:" +
    [...NAMES.keys()]
      .toSorted((a, b) => b.length - a.length)
      .map((text) =>
        text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&") + (/\w$/.test(text) ? "(?![a-z])" : "")
      )
      .join("|") +
    ")",
  "i",
);

/** The robot a user agent belongs to, or null for a browser and for an empty text. */
export function robotOf(userAgent: string): Robot | null {
  const text = userAgent.slice(0, USER_AGENT_CHARS_MAX);
  const known = KNOWN.exec(text);
  if (known) return NAMES.get(known[0].toLowerCase()) ?? UNNAMED;
  return isbot(text) ? UNNAMED : null;
}

/** Remembers verdicts of `robotOf`, at most `remembered` of them. */
export class Robots {
  readonly #recent: LruCache<string, Robot | false>;

  constructor(options: { readonly remembered?: number } = {}) {
    this.#recent = new LruCache(options.remembered ?? USER_AGENTS_MAX);
  }

  /** As `robotOf`. Texts over the limit are judged each time. */
  of(userAgent: string): Robot | null {
    if (userAgent.length > USER_AGENT_CHARS_MAX) return robotOf(userAgent);
    const known = this.#recent.get(userAgent);
    if (known !== undefined) return known || null;
    const robot = robotOf(userAgent);
    this.#recent.set(userAgent, robot ?? false);
    return robot;
  }
}
