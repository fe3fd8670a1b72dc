// The sums of days that imports have brought: which there are of a site, and what they add up to.
// They are asked in a thread of their own, so that no question keeps events waiting.
import type { Store } from "../state/store.ts";
import { FIRST_DATE, type SumGroup, type SummedImport, type SumsQuestion } from "./sums_ops.ts";

/** Sums that several servers share, of which mallard.sqlite has a copy. */
export interface CommonSums {
  /** Brings the copy to what is shared. Never rejects: what fails is tried again. */
  follow(): Promise<void>;
  /**
   * Removes days of a site from what is shared; resolves with the number of days of imports.
   * Rejects with `unavailable`.
   */
  remove(site: string, firstDate: string, lastDate: string): Promise<number>;
  /** Hides days from the copy that another server has removed. */
  hide(site: string, firstDate: string, lastDate: string): Promise<void>;
}

/** Reads sums of imports. */
export class Sums {
  readonly #store: Store;
  #common: CommonSums | null = null;
  readonly #openReader: () => Promise<Store>;
  readonly #known = new Map<string, Promise<readonly SummedImport[]>>();
  #reader: Promise<Store> | undefined;

  /** `openReader` opens mallard.sqlite in another thread. */
  constructor(store: Store, openReader: () => Promise<Store>) {
    this.#store = store;
    this.#openReader = openReader;
  }

  /** What imports have of a site, the oldest import first. */
  async of(site: string): Promise<readonly SummedImport[]> {
    const known = this.#known.get(site) ?? this.#store.run("summedImports", site);
    this.#known.set(site, known);
    try {
      return await known;
    } catch (error) {
      this.#known.delete(site);
      throw error;
    }
  }

  /** The groups of a question, in no order. */
  async ask(question: SumsQuestion): Promise<readonly SumGroup[]> {
    this.#reader ??= this.#openReader();
    try {
      return await (await this.#reader).run("askSums", question);
    } catch (error) {
      // The next question opens it again.
      const failed = this.#reader;
      this.#reader = undefined;
      await failed?.then((reader) => reader.close()).catch(() => {});
      throw error;
    }
  }

  /** Names what several servers share. */
  shareBy(common: CommonSums): void {
    this.#common = common;
  }

  /** Brings a copy of what is shared up to date; here alone there is nothing to do. */
  async follow(): Promise<void> {
    await this.#common?.follow();
  }

  /**
   * Removes days from what is shared, before they are hidden here; resolves with the number of
   * days of imports, null where nothing is shared. Rejects with `unavailable`.
   */
  async remove(site: string, firstDate: string, lastDate: string): Promise<number | null> {
    return await this.#common?.remove(site, firstDate, lastDate) ?? null;
  }

  /** Hides what was removed elsewhere from a copy of what is shared. */
  async hide(site: string, firstDate: string, lastDate: string): Promise<void> {
    await this.#common?.hide(site, firstDate, lastDate);
  }

  /** Deletes days of a site that are too old; resolves with the number of days of imports. */
  async expire(site: string, lastDate: string): Promise<number> {
    const range = { site_id: site, firstDate: FIRST_DATE, lastDate };
    const days = await this.#store.run("countSummedDays", range);
    if (days === 0) return 0;
    await this.remove(site, FIRST_DATE, lastDate);
    await this.#store.run("expireSums", range);
    return days;
  }

  /** Call it whenever the sums of a site have changed. */
  changed(site: string): void {
    this.#known.delete(site);
  }

  /** Deletes the rows that nobody sees any more. */
  async sweep(): Promise<void> {
    while (await this.#store.run("sweepSums", undefined));
  }

  /** Closes what was opened. */
  async close(): Promise<void> {
    await this.#reader?.then((reader) => reader.close()).catch(() => {});
  }
}
