// The sums of days that imports have brought, where several servers share them: this server's copy
// in its mallard.sqlite follows what PostgreSQL has. What a server has from before it shared
// anything is given to all once.
import { Mutex } from "../../../core/mutex.ts";
import type { Brought } from "../../history/history.ts";
import type { CommonSums, Sums } from "../../history/sums.ts";
import { bringImport, inPortions } from "../../shared/bringing.ts";
import {
  importsWithSums,
  listSums,
  portionsOf,
  readSums,
  summedElsewhere,
} from "../../shared/past_sums.ts";
import type { SharedState } from "../../shared/shared_state.ts";
import type { SummedDays } from "../../shared/sums_copy_ops.ts";
import type { Store } from "../../state/store.ts";
import type { Catalog } from "../../tiers/catalog.ts";

/** What the copy works on. */
export interface SumsCopyParts {
  readonly store: Pick<Store, "run">;
  readonly shared: Pick<SharedState, "run" | "ask" | "transaction" | "tellAgain">;
  readonly sums: Pick<Sums, "changed" | "sweep">;
  readonly catalog: Pick<Catalog, "addSite" | "changed">;
}

/** Rows that enter mallard.sqlite at once: events wait meanwhile. */
const ROWS_AT_ONCE = 2000;
/** A fact of mallard.sqlite: by which installation all that was here before is shared. */
const SHARED = "sums_shared";
const TRIED = "Cannot read the sums of imports";

/** The copy of one server. */
export class SumsCopy implements CommonSums {
  readonly #parts: SumsCopyParts;
  /** Keeps what is shown apart from what is removed. */
  readonly #mutex = new Mutex();
  #following: Promise<void> | null = null;
  #isAsked = false;
  #isShared = false;
  /** How often something was hidden: rows that were being copied may be gone then. */
  #hidden = 0;

  constructor(parts: SumsCopyParts) {
    this.#parts = parts;
  }

  async follow(): Promise<void> {
    this.#isAsked = true;
    this.#following ??= this.#followAll();
    try {
      await this.#following;
    } catch (error) {
      this.#parts.shared.tellAgain(["past_imports"], error);
    }
  }

  async #followAll(): Promise<void> {
    try {
      while (this.#isAsked) {
        this.#isAsked = false;
        await this.#followOnce();
      }
    } finally {
      this.#following = null;
    }
  }

  async #followOnce(): Promise<void> {
    await this.#shareOwn();
    const { sums } = this.#parts;
    let missing = await this.#take(false);
    while (missing.length > 0) {
      const hidden = this.#hidden;
      await sums.sweep();
      for (const days of missing) await this.#copy(days);
      missing = await this.#take(() => hidden === this.#hidden);
    }
    await sums.sweep();
  }

  /** Shows and hides days; resolves with those that lack a copy. */
  async #take(isCopied: (() => boolean) | false): Promise<readonly SummedDays[]> {
    const { store, shared, sums, catalog } = this.#parts;
    return await this.#mutex.run(async () => {
      const listed = await shared.transaction(TRIED, listSums);
      const copied = isCopied !== false && isCopied();
      const { sites, missing } = await store.run("takeListed", { listed, isCopied: copied });
      for (const site of sites) {
        catalog.addSite(site);
        catalog.changed(site);
        sums.changed(site);
      }
      return missing;
    });
  }

  async #copy({ import_id: id, dates }: SummedDays): Promise<void> {
    const { store, shared } = this.#parts;
    for (const some of await shared.transaction(TRIED, (run) => portionsOf(run, id, dates))) {
      const rows = await shared.transaction(TRIED, (run) => readSums(run, id, some));
      for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
        await store.run("addSums", { id, rows: rows.slice(at, at + ROWS_AT_ONCE) });
      }
    }
  }

  async remove(site: string, firstDate: string, lastDate: string): Promise<number> {
    const range = { site_id: site, firstDate, lastDate };
    const days = await this.#parts.shared.run("expireSums", range);
    // What was listed before is shown by now, and hidden with all else.
    await this.#mutex.run(() => Promise.resolve(this.#hidden++));
    return days;
  }

  async hide(site: string, firstDate: string, lastDate: string): Promise<void> {
    const { store } = this.#parts;
    await this.#mutex.run(async () => {
      this.#hidden++;
      await store.run("expireSums", { site_id: site, firstDate, lastDate });
    });
    // Of the same days there may be others by now.
    void this.follow();
  }

  /** Dates of a site of which other imports have sums. Rejects with `unavailable`. */
  datesBeside(site: string, id: string): Promise<readonly string[]> {
    return this.#parts.shared.ask(TRIED, (run) => summedElsewhere(run, site, id));
  }

  /** Imports of which sums are in PostgreSQL, whatever has become of them. */
  brought(): Promise<readonly Brought[]> {
    return this.#parts.shared.transaction(TRIED, importsWithSums);
  }

  /** Gives to all what this server has from before it shared anything. */
  async #shareOwn(): Promise<void> {
    const { store, shared } = this.#parts;
    if (this.#isShared) return;
    const mark = await store.run("readMark", undefined);
    if (mark === null) throw new Error("Cannot share the sums of imports: no lake was joined");
    if (await store.run("getMeta", SHARED) === mark.lake) {
      this.#isShared = true;
      return;
    }
    for (const { import_id: id, dates } of await store.run("summedDays", undefined)) {
      const record = await store.run("findPastImport", id);
      if (record === null) continue;
      const read = (date: string) => store.run("readSums", { id, date });
      await shared.transaction(
        "Cannot share the sums of an import",
        (run) => bringImport(run, record, inPortions(dates, read)),
      );
    }
    await store.run("setMeta", { name: SHARED, value: mark.lake });
    this.#isShared = true;
  }
}
