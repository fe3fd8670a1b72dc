// Which partitions a flush writes: all of them, unless that would be very many files. Then the
// small ones stay in the journal and the hot tier, where nothing of them is lost, and wait for
// more events. It stops a stream of invented sites from filling the disk with tiny files.
import type { HotPartition } from "./hot.ts";

/** A flush of so many partitions or fewer writes them all. */
export const FLUSH_FILES_MAX = 100;
/** A partition of so many events is never held back. */
const LARGE_ROWS = 100;
/** Events that may be held back; beyond, half of them are written, the largest partitions first. */
export const HELD_BACK_ROWS_MAX = 20_000;

/** Splits partitions into those to write now and those that wait. */
export type Split = (
  partitions: readonly HotPartition[],
) => { readonly write: readonly HotPartition[]; readonly wait: readonly HotPartition[] };

/** Nothing waits. */
export const writeAll: Split = (partitions) => ({ write: partitions, wait: [] });

/** At most so many partitions as one flush may write quickly, the largest ones. */
export const largestPartitions: Split = (partitions) => {
  const bySize = partitions.toSorted((a, b) => b.rows - a.rows);
  return { write: bySize.slice(0, FLUSH_FILES_MAX), wait: bySize.slice(FLUSH_FILES_MAX) };
};

/** All of few partitions, none of many. */
export const fewPartitions: Split = (partitions) =>
  partitions.length <= FLUSH_FILES_MAX
    ? { write: partitions, wait: [] }
    : { write: [], wait: partitions };

/** All of few partitions; of many only large ones, as long as not too much waits. */
export const splitPartitions: Split = (partitions) => {
  if (partitions.length <= FLUSH_FILES_MAX) return { write: partitions, wait: [] };
  const write = partitions.filter(({ rows }) => rows >= LARGE_ROWS);
  const small = partitions.filter(({ rows }) => rows < LARGE_ROWS)
    .toSorted((a, b) => b.rows - a.rows);
  let waiting = small.reduce((sum, { rows }) => sum + rows, 0);
  if (waiting <= HELD_BACK_ROWS_MAX) return { write, wait: small };
  let first = 0;
  for (const { rows } of small) {
    if (waiting <= HELD_BACK_ROWS_MAX / 2) break;
    waiting -= rows;
    first++;
  }
  return { write: [...write, ...small.slice(0, first)], wait: small.slice(first) };
};
