// A long comparison of the statistics with the independent count: random requests with every
// dimension, operator, metric, segment, goal, comparison and zone in each other. Reports
// differences, and stalls of the event loop while a request was answered.
//
//   deno task compare:long --minutes 60 --seed 1
import { parseArgs } from "node:util";
import { compareSeed, type Measure } from "../../tests/support/numbers/compare_run.ts";
import { readRank } from "../../tests/support/numbers/rank.ts";

/** Longer stalls are listed. */
const STALL_MS = 50;
const TICK_MS = 5;
const STALLS_LISTED_MAX = 20;
const QUESTIONS = 100;

interface Stall {
  readonly ms: number;
  readonly target: string;
}

/**
 * How long the main thread has had a processor, in milliseconds: on a busy machine the time on the
 * clock would count what other programs took. Null where the system does not tell.
 */
function threadMs(): number | null {
  try {
    const [ns] = Deno.readTextFileSync(`/proc/self/task/${Deno.pid}/schedstat`).split(" ");
    return Number(ns) / 1e6;
  } catch {
    return null;
  }
}

/** Pauses of the event loop while a request runs, for the requests of a run. */
class StallWatch {
  readonly stalls: Stall[] = [];
  longestMs = 0;

  readonly measure: Measure = async (target, ask) => {
    // The count that shares this process leaves much behind: that is no request's pause.
    Reflect.get(globalThis, "gc")?.();
    const now = () => threadMs() ?? performance.now();
    let last = now();
    let longest = 0;
    const look = () => {
      const current = now();
      longest = Math.max(longest, current - last);
      last = current;
    };
    const timer = setInterval(look, TICK_MS);
    try {
      return await ask();
    } finally {
      look();
      clearInterval(timer);
      this.longestMs = Math.max(this.longestMs, longest);
      if (longest > STALL_MS) this.stalls.push({ ms: Math.round(longest), target });
    }
  };
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    visitors: { type: "string", default: "150" },
  },
});
const rank = await readRank();
const watch = new StallWatch();
const total = { answered: 0, refused: 0, differences: 0 };
const until = performance.now() + Number(values.minutes) * 60_000;
let seed = Number(values.seed);
for (; performance.now() < until; seed++) {
  const options = { seed, visitors: Number(values.visitors), questions: QUESTIONS, rank };
  try {
    const { answered, refused } = await compareSeed(options, watch.measure);
    total.answered += answered;
    total.refused += refused;
  } catch (error) {
    total.differences++;
    console.log(`Difference or failure, seed=${seed}:`, error);
  }
}
const { stalls, longestMs } = watch;
for (const { ms, target } of stalls.toSorted((a, b) => b.ms - a.ms).slice(0, STALLS_LISTED_MAX)) {
  console.log(`Stall ms=${ms} ${decodeURIComponent(target)}`);
}
console.log(
  `Compared seeds=${values.seed}-${seed - 1} answered=${total.answered} refused=${total.refused} ` +
    `differences=${total.differences} stalls_over_${STALL_MS}_ms=${stalls.length} ` +
    `longest_stall_ms=${Math.round(longestMs)}`,
);
if (total.differences > 0) Deno.exitCode = 1;
