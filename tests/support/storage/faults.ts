// Repeats a piece of work once for each of its file operations, with that operation failing.
import type { Fault } from "./storage.ts";

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
