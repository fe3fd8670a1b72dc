// Numbers of partition files: each is handed out once, above every number the partition ever had
// and every file in its folder, so that no file can take the name of another.
import { LruCache } from "../../core/lru_cache.ts";
import type { Files } from "../../core/types.ts";
import { numberOfFile } from "./file_name.ts";
import { type Partition, partitionFolder } from "./partition.ts";
import type { Store } from "../state/store.ts";

const REMEMBERED_MAX = 10_000;

/** Hands out file numbers. */
export class PartitionNumbers {
  readonly #store: Store;
  readonly #files: Files;
  readonly #eventsFolder: string;
  readonly #last = new LruCache<string, number>(REMEMBERED_MAX);

  constructor(store: Store, files: Files, options: { eventsFolder: string }) {
    this.#store = store;
    this.#files = files;
    this.#eventsFolder = options.eventsFolder;
  }

  /** The next number of a partition, from 1. Rejects with the error of the store or the disk. */
  async next(partition: Partition): Promise<number> {
    const folder = partitionFolder(partition);
    const known = await this.#store.run("lastNumber", partition);
    const present = await this.#files.list(`${this.#eventsFolder}/${folder}`);
    const highest = present.reduce((max, { name }) => Math.max(max, numberOfFile(name)), known);
    // Read again after the waits: another step may have taken a number meanwhile.
    const number = Math.max(highest, this.#last.get(folder) ?? 0) + 1;
    this.#last.set(folder, number);
    return number;
  }
}
