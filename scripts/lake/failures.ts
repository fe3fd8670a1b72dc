// What the tests that make the parts of a lake fail have in common: numbers of a seed, which
// failure comes in which round, ends of PostgreSQL and of the S3 server, what is counted, and the
// comparison of what was acknowledged with what plain DuckDB finds in the lake.
import type { S3Fault } from "./faulty_s3.ts";
import { type Parts, startPostgres, startS3, stopPostgres, stopS3 } from "./parts.ts";
import { plainRows } from "./plain.ts";

/** What is counted of every run. */
export interface FailuresReport {
  rounds: number;
  kills: number;
  postgresEnds: number;
  s3Faults: number;
  s3Ends: number;
  acknowledged: number;
  unanswered: number;
  /** Right answers of statistics, and those that said that there is none now. */
  answers: number;
  refusals: number;
  readonly faults: string[];
}

/** Nothing counted yet. */
export function emptyReport(): FailuresReport {
  return {
    rounds: 0,
    kills: 0,
    postgresEnds: 0,
    s3Faults: 0,
    s3Ends: 0,
    acknowledged: 0,
    unanswered: 0,
    answers: 0,
    refusals: 0,
    faults: [],
  };
}

/** How the S3 server fails without being ended. */
export const S3_FAULTS: readonly S3Fault[] = ["some", "all", "slow", "hangs"];

/** The numbers of a seed. */
export class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
    // The first numbers of small seeds are small.
    for (let skipped = 0; skipped < 20; skipped++) this.next();
  }

  /** The next number, from 0 to 1. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / 2 ** 32;
  }

  /** One of some. */
  any<T>(choices: readonly T[]): T {
    const choice = choices[Math.floor(this.next() * choices.length)];
    if (choice === undefined) throw new Error("Cannot choose among nothing");
    return choice;
  }

  /** Deals all of some, in random order, then all of them again: n come once in n calls. */
  deck<T>(choices: readonly T[]): () => T {
    let left: T[] = [];
    return () => {
      if (left.length === 0) left = [...choices];
      const [choice] = left.splice(Math.floor(this.next() * left.length), 1);
      if (choice === undefined) throw new Error("Cannot choose among nothing");
      return choice;
    };
  }
}

const DOWN_MS_MAX = 3000;

/** Ends PostgreSQL as a crash does, and starts it a while later. */
export async function endPostgres(parts: Parts, draws: Draws): Promise<void> {
  const downMs = draws.next() * DOWN_MS_MAX;
  await stopPostgres(parts, "immediate");
  await pause(downMs);
  await startPostgres(parts);
}

/** Kills the S3 server, and starts it a while later. */
export async function endS3(parts: Parts, draws: Draws): Promise<void> {
  const downMs = draws.next() * DOWN_MS_MAX;
  await stopS3(parts);
  await pause(downMs);
  await startS3(parts);
}

/** The pages in a lake, without the program, and what is wrong with them. */
export async function compareLake(
  parts: Parts,
  env: Readonly<Record<string, string>>,
  acknowledged: Iterable<string>,
): Promise<{ readonly stored: ReadonlySet<string>; readonly faults: readonly string[] }> {
  // Not through a proxy that fails.
  const direct = { ...env, MALLARD_S3_ENDPOINT: parts.env["MALLARD_S3_ENDPOINT"] ?? "" };
  const read = "select pathname, count(*) from lake.events group by 1 order by 1";
  const counts = new Map(await plainRows(parts, direct, read) as [string, number][]);
  const faults = [...counts].filter(([, count]) => count > 1)
    .map(([path, count]) => `${path} is in the lake ${count} times`);
  for (const path of acknowledged) {
    if (!counts.has(path)) faults.push(`${path} is not in the lake`);
  }
  return { stored: new Set(counts.keys()), faults };
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
