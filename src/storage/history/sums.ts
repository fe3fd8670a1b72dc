// The sums of days that imports have brought: which there are of a site, and what they add up to.
// They are asked in a thread of their own, so that no question keeps events waiting.
import type { Store } from "../state/store.ts";
import type { SumGroup, SummedImport, SumsQuestion } from "./sums_ops.ts";

/** Reads sums of imports. */
export class Sums {
  readonly #store: Store;
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
