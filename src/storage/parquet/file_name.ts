// Names of the Parquet files of a partition. The thread of mallard.sqlite needs them, so nothing
// is imported that would take time at each of its starts.

/** Suffix of a file that is being written. */
export const TEMPORARY = ".tmp";

/** Name of the n-th file of a partition: `0001.parquet`. */
export function fileName(number: number): string {
  return `${String(number).padStart(4, "0")}.parquet`;
}

/** Number in a file's name; 0 when it has none. */
export function numberOfFile(name: string): number {
  return Number(/(?:^|\/)(\d+)\.parquet(?:\.tmp)?$/.exec(name)?.[1] ?? 0);
}
