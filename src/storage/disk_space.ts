// How much room is left where DATA_DIR is: free bytes and inodes. Too little of either is told
// before events are refused.
import type { Files, FreeSpace, Log } from "../core/types.ts";

/** With less than this, space is low. */
export const FREE_BYTES_MIN = 256 * 1024 * 1024;
/** With fewer than this, inodes are low. A file system without a fixed number tells 0 in all. */
export const FREE_INODES_MIN = 1000;

/** Whether bytes or inodes are low. */
export function isLow({ bytes, inodes, inodesTotal }: FreeSpace): boolean {
  return bytes < FREE_BYTES_MIN || (inodesTotal > 0 && inodes < FREE_INODES_MIN);
}

/** Looks at the free space of a folder. */
export class DiskSpace {
  readonly #files: Pick<Files, "space">;
  readonly #log: Log;
  readonly #folder: string;
  #free: FreeSpace | null = null;

  constructor(files: Pick<Files, "space">, log: Log, folder: string) {
    this.#files = files;
    this.#log = log;
    this.#folder = folder;
  }

  /** What was free at the last check; null before it, and where the system does not tell. */
  get free(): FreeSpace | null {
    return this.#free;
  }

  /** Whether space was low at the last check. */
  get isLow(): boolean {
    return this.#free !== null && isLow(this.#free);
  }

  /** Looks again. Never rejects. */
  async check(): Promise<void> {
    const wasLow = this.isLow;
    this.#free = await this.#files.space(this.#folder).catch(() => null);
    if (this.isLow && !wasLow) {
      this.#log("warn", "The disk of data_dir is nearly full", {
        free_bytes: this.#free?.bytes,
        free_inodes: this.#free?.inodes,
      });
    }
  }
}
