// The events and sums of imports in a lake. Days of events are written on this machine first and go
// up some at a time: each commit inserts those of some days, with the import that they are of, and
// notes these days. After a kill at any instant the notes say what is there, and the import goes on
// from that. What several servers know of imports is in PostgreSQL, and so are sums of days, which
// enter all at once.
import { AppError } from "../../../core/errors.ts";
import type { Mutex } from "../../../core/mutex.ts";
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";
import type { Clock, Files } from "../../../core/types.ts";
import type { Db, Run } from "../../duckdb.ts";
import {
  type Brought,
  type FreeDays,
  freeDaysOf,
  type ImportCommit,
  type ImportHistory,
  keptSums,
} from "../../history/history.ts";
import type { DayChoice } from "../../history/history.ts";
import { isOpen } from "../../history/history_ops.ts";
import type { SumRow } from "../../history/sum_kinds.ts";
import { TEMPORARY } from "../../parquet/file_name.ts";
import type { CatalogFile } from "../../parquet/partition.ts";
import { writeTemporary } from "../../parquet/partition_file.ts";
import { ALL_COLUMNS, literal } from "../../parquet/schema.ts";
import type { SharedState } from "../../shared/shared_state.ts";
import type { Store } from "../../state/store.ts";
import { isPassing } from "../faults.ts";
import type { LakeFlusher } from "../flushing.ts";
import { storedRows } from "../importing.ts";
import type { LakeNode } from "../node.ts";
import { type Erasure, erasureOf, erasuresAfter } from "../nodes/erasures.ts";
import {
  EVENTS,
  IMPORT_ID,
  IMPORTS,
  type Measure,
  measureOf,
  MEASURES,
  sourceOfImport,
} from "../tables.ts";
import { broughtAtAll, broughtBy, broughtInto, forgetBrought } from "./brought.ts";
import type { SumsCopy } from "./sums_copy.ts";

/** What the history in a lake works on. */
export interface LakeHistoryParts {
  /** This server's own rows. */
  readonly store: Pick<Store, "run">;
  /** What the servers share. */
  readonly owned: Pick<Store, "run">;
  readonly shared: Pick<SharedState, "pastImport">;
  readonly sums: SumsCopy;
  readonly files: Files;
  readonly clock: Clock;
  readonly node: LakeNode;
  readonly flusher: LakeFlusher;
  readonly mutex: Mutex;
}

/** What is brought, after an erasure of this number and before any later one. */
interface Bringing extends ImportCommit {
  readonly erasedTo: number;
}

/** Days of one commit: it is over soon, and few go up again where another server commits first. */
const DAYS_AT_ONCE = 16;
const BYTES_AT_ONCE = 32 * 1024 * 1024;

/** Adds the events of imports to a lake, and deletes them from it. */
export class LakeHistory implements ImportHistory {
  readonly #parts: LakeHistoryParts;
  readonly #folder: string;
  /** How many rows of sums an import has added here. */
  readonly #added = new Map<string, number>();

  /** `folder` is that of all imports; `mutex` keeps flushes apart. */
  constructor(parts: LakeHistoryParts, { folder }: { readonly folder: string }) {
    this.#parts = parts;
    this.#folder = folder;
  }

  /** Throws `unavailable` while the lake is out of reach. */
  requirePossible(): void {
    this.#parts.node.requireWell();
  }

  /** Which days the import `id` may fill now; sums are of days in `zone`. */
  freeDays(site: string, choice: DayChoice, zone: string, id: string): Promise<FreeDays> {
    return this.#alone(async () => {
      // An undo or an erasure at another server may have freed some since.
      await this.#parts.flusher.settle();
      return await this.#freeDays(site, choice, zone, id);
    });
  }

  async #freeDays(
    site: string,
    choice: DayChoice,
    zone: string,
    id: string,
  ): Promise<FreeDays> {
    const { store, node, flusher, sums } = this.#parts;
    node.requireWell();
    const lake = await node.lake();
    const tried = "Cannot read what was imported";
    const brought = new Map(
      (await lake.ask(tried, broughtInto(site)))
        .map(({ date, events }) => [String(date), Number(events)]),
    );
    const own = await lake.ask(tried, broughtBy(id));
    const here = await store.run("datesOfSite", site);
    const isOwn = ({ date, rows }: { readonly date: string; readonly rows: number }) =>
      rows > (brought.get(date) ?? 0);
    const owned = node.stockOf(site).filter(isOwn).map(({ date }) => date);
    for (const { date } of own) brought.delete(String(date));
    return freeDaysOf(
      {
        own: [...new Set([...owned, ...here.own, ...await flusher.datesElsewhere(site)])].sort(),
        imported: [...brought.keys()],
        summed: await sums.datesBeside(site, id),
      },
      choice,
      zone,
    );
  }

  /** Writes rows of sums to where all servers have them; none counts before the commit. */
  async addSums(id: string, rows: readonly SumRow[]): Promise<void> {
    await this.#parts.owned.run("addSums", { id, rows });
    this.#added.set(id, (this.#added.get(id) ?? 0) + rows.length);
  }

  /** Removes rows of sums that were written and not committed. */
  async discardSums(id: string): Promise<void> {
    await this.#parts.owned.run("discardSums", id);
    this.#added.delete(id);
  }

  /** Nothing is hidden here that the copy does not sweep itself. */
  async sweepSums(): Promise<void> {}

  /** Writes the events of one day on this machine, where an import of local files would. */
  async write(
    db: Db,
    id: string,
    ...[partition, { source, columns, isLarge, signal }]: Parameters<ImportHistory["write"]> extends
      [unknown, unknown, ...infer Rest] ? Rest : never
  ): Promise<CatalogFile> {
    return await writeTemporary(db, this.#parts.files, this.#daysOf(id), partition, {
      number: 1,
      source,
      columns,
      order: isLarge ? "asRead" : "byVisitor",
      origin: { import: id },
      signal,
    });
  }

  /** Removes what was written on this machine. */
  async discard(id: string): Promise<void> {
    await this.#parts.files.removeTree(this.#daysOf(id));
  }

  /**
   * Brings written days into the lake, some at a time, and ends the import. Days that others have
   * filled meanwhile are left out. When it rejects, some may be there: it can be called again, or
   * `takeOut`.
   */
  async commit(id: string, written: readonly CatalogFile[], given: ImportCommit): Promise<void> {
    if (given.sums) return await this.#commitSums(id, given, given.sums);
    const { owned, clock, flusher, node } = this.#parts;
    const added = new Set<string>();
    const erasedTo = await this.#alone(async () => {
      await flusher.settle();
      return node.marked.erasedMax;
    });
    for (const some of batchesOf(written)) {
      const dates = await this.#alone(() => this.#bring(id, some, { ...given, erasedTo }));
      for (const date of dates) added.add(date);
    }
    await this.discard(id);
    await owned.run("commitImport", {
      id,
      files: [],
      late: [],
      report: given.report(added),
      atMs: clock.nowMs(),
      sums: null,
    });
  }

  /** All days of sums at once. */
  async #commitSums(
    id: string,
    { site, zone, choice, signal, report }: ImportCommit,
    given: NonNullable<ImportCommit["sums"]>,
  ): Promise<void> {
    const { owned, clock, sums } = this.#parts;
    const free = await this.freeDays(site, choice, zone, id);
    await this.#requireWanted(id, signal);
    const kept = keptSums(site, given, free);
    const expected = { rows: this.#added.get(id) ?? 0, isAlone: choice !== "all" };
    await owned.run("commitImport", {
      id,
      files: [],
      late: [],
      report: report(new Set(kept.dates)),
      atMs: clock.nowMs(),
      sums: { ...kept, expected },
    });
    this.#added.delete(id);
    await sums.follow();
  }

  /**
   * Deletes the events and sums of an import; resolves with the number of events. Rejects with
   * `conflict` where its events came into the lake with a data folder.
   */
  async undo(id: string, site: string): Promise<number> {
    const { owned, clock, sums } = this.#parts;
    this.requirePossible();
    const found = await owned.run("findPastImport", id);
    const isOfEvents = found && JSON.parse(found.report).sums === undefined;
    if (isOfEvents && JSON.parse(found.options).node === undefined) {
      throw new AppError(
        "conflict",
        "Cannot undo the import: its events came into the lake with a data folder, and cannot be " +
          "told from others",
      );
    }
    const events = await this.#delete(id, site);
    await owned.run("undoImport", { id, atMs: clock.nowMs() });
    await sums.follow();
    return events;
  }

  async takeOut(id: string, site: string): Promise<void> {
    await this.#delete(id, site);
    await this.discardSums(id);
  }

  async brought(): Promise<readonly Brought[]> {
    const { node, sums } = this.#parts;
    node.requireWell();
    const rows = await (await node.lake()).ask("Cannot read what was imported", broughtAtAll());
    const ofEvents = rows.map(({ id, site_id }) => ({ id: String(id), site: String(site_id) }));
    return [...ofEvents, ...await sums.brought()];
  }

  /** Does work apart from flushes. Rejects with `unavailable` where it may succeed later. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#parts.mutex.run(work);
    } catch (error) {
      if (!(error instanceof Error) || error.cause === undefined) throw error;
      if (error.cause instanceof AppError) throw error.cause;
      if (!isPassing(error.cause)) throw error;
      throw new AppError("unavailable", error.message, { "retry-after": "60" });
    }
  }

  #daysOf(id: string): string {
    return `${this.#folder}/${id}/work/days`;
  }

  /**
   * Brings some days into the lake; resolves with those that are there. Nothing comes after an
   * erasure of the site. The caller holds the mutex.
   */
  async #bring(
    id: string,
    some: readonly CatalogFile[],
    given: Bringing,
  ): Promise<readonly string[]> {
    // While it waited for the mutex, the site may have been erased.
    await this.#requireWanted(id, given.signal);
    const { flusher } = this.#parts;
    await flusher.settle();
    const dates = await this.#insert(id, some, given);
    await flusher.settle();
    return dates;
  }

  async #insert(
    id: string,
    some: readonly CatalogFile[],
    { site, choice, zone, signal, erasedTo }: Bringing,
  ): Promise<readonly string[]> {
    const { node, flusher } = this.#parts;
    const lake = await node.lake();
    const free = await this.#freeDays(site, choice, zone, id);
    const measured = new Map<CatalogFile, Measure>();
    for (const file of some) {
      const [row] = await lake.query(
        "Cannot read what was written",
        sql`select ${MEASURES} from ${this.#rowsOf(id, file)}`,
      );
      measured.set(file, measureOf(row));
    }
    return await flusher.commit("Cannot write an import into the lake", async (run) => {
      const there = new Set((await run(broughtBy(id))).map(({ date }) => String(date)));
      // Whoever erases all of a site has cancelled its imports before: it is asked in this order.
      await requireNotErased(run, site, some, erasedTo);
      await this.#requireWanted(id, signal);
      const taken = choice === "all" ? new Set() : await datesWithEvents(run, site, some);
      const isNew = ({ date }: CatalogFile) =>
        !there.has(date) && !taken.has(date) && free.reason(date) === null;
      const fresh = some.filter(isNew);
      for (const file of fresh) await run(this.#insertion(id, file));
      if (fresh.length > 0) await this.#note(run, id, fresh, measured);
      const isThere = (file: CatalogFile) => there.has(file.date) || fresh.includes(file);
      return some.filter(isThere).map(({ date }) => date);
    });
  }

  /** Rejects with `conflict` where an import is over or to be cancelled. */
  async #requireWanted(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Not the copy here, which may not know yet that it was cancelled before an erasure.
    const found = await this.#parts.shared.pastImport(id);
    if (found && isOpen(found) && found.wish !== "cancel") return;
    throw new AppError("conflict", `Cannot go on with the import ${id}: it is over or cancelled`);
  }

  #rowsOf(id: string, { path, site_id }: CatalogFile): Sql {
    return storedRows([`${this.#daysOf(id)}/${path}${TEMPORARY}`], site_id);
  }

  /** The statement that inserts a day: a file of the lake. */
  #insertion(id: string, file: CatalogFile): Sql {
    return sql`insert into ${EVENTS} by name
      select ${ALL_COLUMNS}, ${literal(file.date)}::date as date,
        ${literal(id)} as ${ident(IMPORT_ID)}
      from ${this.#rowsOf(id, file)}`;
  }

  async #note(
    run: Run,
    id: string,
    fresh: readonly CatalogFile[],
    measured: ReadonlyMap<CatalogFile, Measure>,
  ): Promise<void> {
    const at = sql`make_timestamp(${Math.floor(this.#parts.clock.nowMs()) * 1000})`;
    const values = fresh.map((file) => {
      const { events = 0, checksum = 0n } = measured.get(file) ?? {};
      return sql`(${sourceOfImport(id)}, ${file.site_id}, ${file.date}::date, ${events},
        ${String(checksum)}, ${at})`;
    });
    await run(sql`insert into ${IMPORTS} values ${join(values)}`);
  }

  /** Deletes what an import has brought; resolves with the number of its events. */
  async #delete(id: string, site: string): Promise<number> {
    const { node, flusher } = this.#parts;
    const lake = await node.lake();
    return await this.#alone(async () => {
      const tried = "Cannot take an import out of the lake";
      const events = await lake.commit(tried, async (run) => {
        const dates = (await run(broughtBy(id))).map(({ date }) => String(date));
        const [first, last] = [dates.at(0), dates.at(-1)];
        if (first === undefined || last === undefined) return 0;
        const [row] = await run(
          sql`delete from ${EVENTS} where site_id = ${literal(site)}
            and date between ${literal(first)}::date and ${literal(last)}::date
            and ${ident(IMPORT_ID)} = ${literal(id)}`,
        );
        await forgetBrought(run, sql`source = ${literal(sourceOfImport(id))}`);
        return Number(row?.["Count"] ?? 0);
      });
      await flusher.settle();
      return events;
    });
  }
}

/** Files of a commit at a time. */
function batchesOf(written: readonly CatalogFile[]): CatalogFile[][] {
  const batches: CatalogFile[][] = [];
  let bytesLeft = 0;
  for (const file of written.toSorted((a, b) => a.date < b.date ? -1 : 1)) {
    const last = batches.at(-1);
    if (last && last.length < DAYS_AT_ONCE && file.bytes <= bytesLeft) last.push(file);
    else {
      batches.push([file]);
      bytesLeft = BYTES_AT_ONCE;
    }
    bytesLeft -= file.bytes;
  }
  return batches;
}

/** Rejects with `conflict` where days of a site were erased after a number of the erasures. */
async function requireNotErased(
  run: Run,
  site: string,
  some: readonly CatalogFile[],
  erasedTo: number,
): Promise<void> {
  const isOfDays = ({ site: erased, firstDate, lastDate }: Erasure) =>
    erased === site && some.some(({ date }) => date >= firstDate && date <= lastDate);
  if (!(await run(erasuresAfter(erasedTo))).map(erasureOf).some(isOfDays)) return;
  throw new AppError(
    "conflict",
    `Cannot go on with the import: events of ${site} were erased meanwhile; import them again`,
  );
}

/** Of some days those that have events in the lake already. */
async function datesWithEvents(
  run: Run,
  site: string,
  some: readonly CatalogFile[],
): Promise<ReadonlySet<string>> {
  const dates = some.map(({ date }) => sql`${literal(date)}::date`);
  const rows = await run(
    sql`select date::varchar as date from ${EVENTS}
      where site_id = ${literal(site)} and date in (${join(dates)})
      group by date having ${raw("count(*) > 0")}`,
  );
  return new Set(rows.map(({ date }) => String(date)));
}
