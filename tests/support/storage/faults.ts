// Repeats a piece of work once for each of its file operations, with that operation failing.
import type { FakeSystem } from "../fake_system.ts";
import { type Fault, faultySystem, withFolder } from "./storage.ts";

const FAULTS: readonly Fault[] = ["EIO", "ENOSPC", "EACCES"];
/** Opening DATA_DIR mostly waits for the disk, so more attempts than cores run side by side. */
const LANES = 3;

/**
 * Calls `attempt` with 1, 2, 3 and so on, several at a time: each must use files of its own and
 * let its `nth` operation fail with `fault`. It returns whether there was an `nth` operation;
 * the first without one is the last. Rejects with the first failure once all attempts have ended,
 * and when no operation failed at all.
 */
export async function forEachFault(
  attempt: (nth: number, fault: Fault) => Promise<boolean>,
): Promise<void> {
  let next = 1;
  let failed = 0;
  let isOver = false;
  const lane = async () => {
    while (!isOver) {
      const nth = next++;
      try {
        if (await attempt(nth, FAULTS[nth % FAULTS.length] ?? "EIO")) failed++;
        else isOver = true;
      } catch (error) {
        isOver = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const ended of lanes) if (ended.status === "rejected") throw ended.reason;
  if (failed === 0) throw new Error("No file operation was made to fail");
}

/** What an attempt in a folder of its own works with. */
export interface FaultyFolder {
  readonly folder: string;
  readonly system: FakeSystem;
  readonly nth: number;
  /** Lets the `nth` operation of a piece of work fail, and returns whether there was one. */
  failing(work: () => Promise<unknown>): Promise<boolean>;
}

/**
 * `forEachFault` with a new folder for each attempt, in which one piece of work is `failing`; each
 * of its operations is made to fail once, or those that `nthOf` chooses.
 */
export function forEachFaultInFolder(
  attempt: (at: FaultyFolder) => Promise<void>,
  nthOf = (count: number) => count,
): Promise<void> {
  return forEachFault(async (count, fault) => {
    const { system, faulty } = faultySystem(fault);
    const nth = nthOf(count);
    let hasFailed = false;
    const failing = async (work: () => Promise<unknown>) => {
      faulty.count = 0;
      faulty.nth = nth;
      await work();
      hasFailed = faulty.count >= nth;
      faulty.nth = 0;
      return hasFailed;
    };
    await withFolder((folder) => attempt({ folder, system, nth, failing }));
    return hasFailed;
  });
}
