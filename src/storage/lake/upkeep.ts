// What changes the lake beside flushes: erasure, which leaves no byte, and the merging of files.
import { AppError, messageOf } from "../../core/errors.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../core/durations.ts";
import type { Mutex } from "../../core/mutex.ts";
import { raw, type Sql, sql } from "../../core/sql.ts";
import type { Clock, Log } from "../../core/types.ts";
import type { Row, Run } from "../duckdb.ts";
import { literal } from "../parquet/schema.ts";
import type { CompactionCounts } from "../tiers/compact.ts";
import { CATALOG, LAKE } from "./connection.ts";
import { CLOCK_MS_MAX, type Lake } from "./lake.ts";
import { isUnreadable } from "./faults.ts";
import { expire, EXPIRED_NOW_MS, timeOf } from "./files/expiring.ts";
import { type CatalogedFile, type Unerased, unerasedError } from "./files/unreadable.ts";
import { writePartition } from "./files/partition_anew.ts";
import type { LakeFlusher } from "./flushing.ts";
import { forgetBrought } from "./history/brought.ts";
import type { LakeNode } from "./node.ts";
import type { Duty } from "./nodes/duty.ts";
import {
  type ErasureState,
  erasureStateOf,
  erasureStates,
  LEFT_ERASURES,
  type LeftErasure,
  leftErasureOf,
  noteLeft,
  record,
} from "./nodes/erasures.ts";
import type { StockedPartition } from "./stock.ts";
import { EVENTS } from "./tables.ts";

/** A partition of more files is merged. */
const FILES_MAX = 12;
/** Files that a step of merging makes: a commit of the catalog stays open for so long. */
const MERGED_AT_ONCE = 4;
/** Statements that read an old snapshot have ended by then. */
const KEPT_MS = 15 * MINUTE_MS;
/** A file of a commit that never came is removed after this: an import may be uploading others. */
const ORPHAN_MS = HOUR_MS;
/** The same of servers that are not asked, one of which may have been asleep meanwhile. */
const ANY_ORPHAN_MS = DAY_MS;
/** More of them, and more than a tenth of all files, are somebody else's. */
const ORPHANS_MAX = 1000;

/**
 * Clocks of two servers differ by no more: one may be ahead of PostgreSQL's, the other behind it.
 * What another server accepted before the erasure is erased for sure.
 */
const APART_MS_MAX = 2 * CLOCK_MS_MAX;
/** How long the answer to an erasure waits for other servers. */
const OTHERS_MS_MAX = 15_000;
const OTHERS_POLL_MS = 500;

/** Events of one UTC date. */
export interface ErasedPartition {
  readonly date: string;
  readonly rows: number;
}

/** What an erasure removed from the lake. */
export interface Erased {
  readonly partitions: readonly ErasedPartition[];
  /** How many events other servers had not brought into the lake, as far as is known here. */
  readonly elsewhere: number;
  /** By what number other servers know of it; null where they do it themselves. */
  readonly number: number | null;
  /** Notes that the same is done with what is not in the lake. */
  readonly ended: () => Promise<void>;
  /** Notes that it failed, so that it is done later. */
  readonly abandoned: () => void;
}

/** What needs somebody to act. */
export interface LakeFaults {
  /** Files that cannot be read, as far as statistics have found. */
  readonly files: readonly CatalogedFile[];
  /** Erasures that wait for files that cannot be read, oldest first. */
  readonly erasures: readonly LeftErasure[];
}

/** More files are in no catalog than servers leave. */
class TooMany extends Error {}

const ERASING = "Cannot erase from the lake";

/** Keeps a lake in order. */
export class LakeUpkeep {
  readonly counts: CompactionCounts = { merged: 0, written: 0, failures: 0 };
  readonly #node: LakeNode;
  readonly #flusher: LakeFlusher;
  readonly #duty: Duty;
  #isExpiring = false;
  /** When the bucket was last looked through for what any server has left. */
  #sweptMs = -Infinity;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #mutex: Mutex;

  /** `mutex` keeps flushes apart. */
  constructor(
    node: LakeNode,
    flusher: LakeFlusher,
    duty: Duty,
    clock: Clock,
    log: Log,
    mutex: Mutex,
  ) {
    this.#duty = duty;
    this.#mutex = mutex;
    this.#node = node;
    this.#flusher = flusher;
    this.#clock = clock;
    this.#log = log;
  }

  /** Runs the work of expiry; the lake's part of it where no other server is at that. */
  async whileExpiring(work: () => Promise<void>): Promise<void> {
    let isBegun = false;
    const expiring = async () => {
      isBegun = this.#isExpiring = true;
      try {
        await work();
      } finally {
        this.#isExpiring = false;
      }
    };
    try {
      if (this.#node.works) await this.#duty.once("expiry", expiring);
    } catch (error) {
      if (isBegun) throw error;
      // What is here expires all the same.
      this.#failed(error);
    }
    if (!isBegun) await work();
  }

  /** Whether events of the lake are to be expired here and now. */
  get isExpiring(): boolean {
    return this.#isExpiring;
  }

  /** What the lake has of a site and UTC dates. Throws `unavailable` where nobody knows. */
  within(site: string, firstDate: string, lastDate: string): readonly StockedPartition[] {
    this.#node.requireWell();
    return this.#node.stockOf(site).filter(({ date }) => date >= firstDate && date <= lastDate);
  }

  /** How many events of a site and UTC dates other servers have not brought into the lake yet. */
  heldElsewhere(site: string, firstDate: string, lastDate: string): Promise<number> {
    return this.#flusher.heldElsewhere(site, firstDate, lastDate);
  }

  /**
   * Removes events of some dates from the lake and from its bucket, old snapshots included, and,
   * where `isRecorded` says so, lets other servers do it with what they hold. Resolves with the
   * partitions that are gone; `ended` must follow when the same is done with what is here, and
   * `abandoned` where it is not. Rejects with `unavailable` where that failed, and can be called
   * again. The caller holds the mutex.
   */
  async erase(
    site: string,
    firstDate: string,
    lastDate: string,
    { isRecorded }: { readonly isRecorded: boolean },
  ): Promise<Erased> {
    let number: number | null = null;
    const abandoned = () => {
      if (number !== null) this.#flusher.abandonErasing(number);
    };
    try {
      // What is hot and in the lake at once would be seen again.
      await this.#flusher.settle();
      const elsewhere = await this.heldElsewhere(site, firstDate, lastDate);
      const lake = await this.#node.lake();
      let partitions: readonly ErasedPartition[] = [];
      let unreadable: Unerased | null = null;
      if (isRecorded || this.within(site, firstDate, lastDate).length > 0) {
        await this.#duty.prepareErasing();
        const toUs = Math.floor((this.#clock.nowMs() + APART_MS_MAX) * 1000);
        const range = { site, firstDate, lastDate };
        const noted = async (run: Run, left: readonly string[]) => {
          if (!isRecorded) return;
          this.#node.requireHere();
          number = await record(run, this.#node.name, { ...range, toUs }, left);
        };
        let isWhole = true;
        try {
          await lake.commit(ERASING, async (run) => {
            // Another server may have flushed since this one looked, and between two attempts.
            partitions = await deleteWhere(run, site, firstDate, lastDate);
            await noted(run, []);
            await noteLeft(run, range, []);
          });
        } catch (error) {
          if (!isUnreadable(error)) throw error;
          // Until it is known which of them can be erased, all are left.
          const left = this.within(site, firstDate, lastDate).map(({ date }) => date);
          await lake.commit(ERASING, (run) => noted(run, left));
          isWhole = false;
        }
        if (number !== null) this.#flusher.beginErasing(number);
        await this.#flusher.settle();
        if (!isWhole) {
          const done = await this.#eraseByDate(lake, site, firstDate, lastDate);
          ({ partitions, unreadable } = done);
        }
      }
      // After an erasure that failed halfway there is nothing to delete, and files to clean up.
      await this.#cleanUp(lake, this.#clock.nowMs() + EXPIRED_NOW_MS);
      if (unreadable !== null) throw unerasedError(unreadable, number);
      const ended = async () => {
        if (number !== null) await this.#flusher.endErasing(number);
      };
      return { partitions, elsewhere, number, ended, abandoned };
    } catch (error) {
      abandoned();
      if (error instanceof AppError) throw error;
      this.#log("error", "Cannot erase from the lake", { reason: messageOf(error) });
      throw new AppError(
        "unavailable",
        "Cannot erase now: the lake failed; what is left of it is erased by trying again",
        { "retry-after": "60" },
      );
    }
  }

  /**
   * Erases of each date what can be: a file that is gone fails the deletion of all that is deleted
   * with it. Resolves with what was erased, and what could not be.
   */
  async #eraseByDate(
    lake: Lake,
    site: string,
    firstDate: string,
    lastDate: string,
  ): Promise<{ partitions: readonly ErasedPartition[]; unreadable: Unerased | null }> {
    const partitions: ErasedPartition[] = [];
    const dates: string[] = [];
    let reason = "";
    for (const { date } of this.within(site, firstDate, lastDate)) {
      try {
        const erased = await lake.commit(ERASING, async (run) => {
          const deleted = await deleteWhere(run, site, date, date);
          await noteLeft(run, { site, firstDate: date, lastDate: date }, []);
          return deleted;
        });
        partitions.push(...erased);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        dates.push(date);
        reason = messageOf(error);
      }
    }
    await this.#flusher.settle();
    return { partitions, unreadable: dates.length === 0 ? null : { dates, reason } };
  }

  /** Waits for other servers to erase of what they hold, for a while. Never rejects. */
  async othersErased(): Promise<void> {
    const endMs = this.#clock.uptimeMs() + OTHERS_MS_MAX;
    while (this.#lagging().length > 0 && this.#clock.uptimeMs() < endMs) {
      await this.#clock.sleep(OTHERS_POLL_MS);
      await this.#flusher.follow();
    }
  }

  /**
   * How far the servers are with an erasure, and when it was made (ms); null where there is none of
   * that number. Throws `unavailable` where the lake is out of reach.
   */
  async erasure(number: number): Promise<(ErasureState & { readonly madeMs: number }) | null> {
    this.#node.requireWell();
    try {
      const lake = await this.#node.lake();
      const rows = await lake.query("Cannot read the erasure", erasureStates(number));
      const state = erasureStateOf(rows);
      return state && { ...state, madeMs: state.toUs / 1000 - APART_MS_MAX };
    } catch (error) {
      this.#log("error", messageOf(error));
      throw new AppError("unavailable", "Cannot read the erasure now: the lake failed", {
        "retry-after": "5",
      });
    }
  }

  /**
   * What needs somebody to act: files that cannot be read, and erasures that wait for such files.
   * Rejects with a sentence where the lake is out of reach or fails.
   */
  async faults(): Promise<LakeFaults> {
    this.#node.requireWell();
    const lake = await this.#node.lake();
    const rows = await lake.query(
      "Cannot read the erasures",
      sql`${LEFT_ERASURES} order by number`,
    );
    return { files: await this.#node.unreadableFiles(), erasures: rows.map(leftErasureOf) };
  }

  /** What an erasure leaves for a while, in words. */
  notErased(): readonly string[] {
    const lostMs = this.#flusher.lostMs;
    return [
      ...lostMs !== null ? ["lake: files of a commit that failed, for two hours"] : [],
      ...this.#lagging().map((node) => `server ${node}: what it has not brought into the lake yet`),
    ];
  }

  /** The servers that have yet to do an erasure. */
  #lagging(): readonly string[] {
    const { others, erasedMax } = this.#node.marked;
    return others.filter(({ erased_to }) => erased_to < erasedMax).map(({ node }) => node);
  }

  /**
   * Merges the files of partitions that have many, some at a time, and removes what nothing names
   * any more. Never rejects: failures are logged, counted, and tried again.
   */
  async run(stopping: AbortSignal): Promise<void> {
    if (!this.#node.isWell) return;
    try {
      const lake = await this.#node.lake();
      if (this.#flusher.lostMs !== null) await this.#mutex.run(() => this.#deleteOrphans(lake));
      if (!this.#node.works) return;
      await this.#duty.once("upkeep", async (isHeld) => {
        const goesOn = () => isHeld() && !stopping.aborted;
        // Where merging fails, snapshots expire all the same.
        const merging = this.#node.filesMax() > FILES_MAX ? this.#mergeAll(lake, goesOn) : null;
        await merging?.catch((error) => this.#failed(error));
        if (!goesOn()) return;
        await this.#mutex.run(() => this.#cleanUp(lake, this.#clock.nowMs() - KEPT_MS));
        await this.#sweep(lake);
      });
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.counts.failures++;
    this.#log("error", messageOf(error));
  }

  /** Flushes and erasures come in between, and a partition that fails keeps no other from it. */
  async #mergeAll(lake: Lake, goesOn: () => boolean): Promise<void> {
    const failed = new Map<string, unknown>();
    const writeAll = async (which: Sql) => {
      for (const partition of await lake.query("Cannot list files of the lake", which)) {
        const key = JSON.stringify([partition["site_id"], partition["date"]]);
        if (!goesOn()) return;
        if (failed.has(key)) continue;
        await this.#mutex.run(() => this.#writeAnew(partition))
          .catch((error) => failed.set(key, error));
      }
    };
    await writeAll(REGISTERED);
    const mergeAll = async () => {
      let isLeft = true;
      while (isLeft && goesOn()) isLeft = await this.#mutex.run(() => this.#merge());
    };
    // The extension merges nothing while there is one partition that it cannot merge.
    if (failed.size === 0) await mergeAll().catch((error) => failed.set("", error));
    if (failed.size === 0) return;
    await writeAll(CROWDED);
    throw [...failed.values()][0];
  }

  /**
   * Writes a partition anew: of files that an import has registered and files that were inserted
   * the extension makes none, and no other of the lake either.
   */
  async #writeAnew({ site_id, date }: Row): Promise<void> {
    const partition = { site_id: String(site_id), date: String(date) };
    await this.#commitInTurn((run) => writePartition(run, partition));
    await this.#flusher.settle();
  }

  /** Flushes of others wait for it for a while: each commit lets it begin again. */
  #commitInTurn<T>(work: (run: Run) => Promise<T>, { isMerge = false } = {}): Promise<T> {
    const tried = "Cannot merge files of the lake";
    return this.#flusher.inTurn(() => this.#flusher.commit(tried, work, { isMerge }));
  }

  /** Makes some files of many; resolves with whether more may be left. */
  async #merge(): Promise<boolean> {
    // By itself it would choose the files in one transaction and replace them in another: what was
    // deleted in between would be back.
    let [atOnce, next] = [0, MERGED_AT_ONCE];
    const merge = (run: Run) => {
      atOnce = next;
      // What commits meanwhile lets it begin again: less is sooner done.
      next = Math.max(1, Math.floor(next / 2));
      return run(
        sql`call ducklake_merge_adjacent_files(${literal(LAKE)}, 'events',
          max_compacted_files => ${raw(String(atOnce))})`,
      );
    };
    const rows = await this.#commitInTurn(merge, { isMerge: true });
    let written = 0;
    for (const { files_processed, files_created } of rows) {
      this.counts.merged += Number(files_processed);
      written += Number(files_created);
    }
    this.counts.written += written;
    await this.#flusher.settle();
    return written >= atOnce;
  }

  /** Removes the snapshots of before a time, and the files that only they name. */
  async #cleanUp(lake: Lake, beforeMs: number): Promise<void> {
    await expire(lake, this.#clock, beforeMs);
    if (this.#flusher.lostMs !== null) await this.#deleteOrphans(lake);
  }

  /** Removes, once a day, what servers have left that may never come back. */
  async #sweep(lake: Lake): Promise<void> {
    const nowMs = this.#clock.nowMs();
    if (Math.abs(nowMs - this.#sweptMs) < DAY_MS) return;
    try {
      await this.#mutex.run(() => this.#removeLeft(lake, nowMs - ANY_ORPHAN_MS));
    } catch (error) {
      // What failed otherwise is tried again at the next upkeep.
      if (error instanceof TooMany) this.#sweptMs = nowMs;
      throw error;
    }
    this.#sweptMs = nowMs;
  }

  /**
   * Removes files of this server's commits that never came. It lists the whole bucket. What is
   * refused is logged, and the note of them stays.
   */
  async #deleteOrphans(lake: Lake): Promise<void> {
    const { lostMs } = this.#flusher;
    const orphansMs = this.#clock.nowMs() - ORPHAN_MS;
    try {
      await this.#removeLeft(lake, orphansMs);
    } catch (error) {
      if (!(error instanceof TooMany)) throw error;
      return this.#failed(error);
    }
    // The last of them may have gone up a while after it was noted.
    if (lostMs !== null && lostMs < orphansMs - ORPHAN_MS) await this.#flusher.forgetLost();
  }

  /** Removes files of before a time that no snapshot names. Throws where there are too many. */
  async #removeLeft(lake: Lake, beforeMs: number): Promise<void> {
    const left = await countOrphans(lake, beforeMs);
    const most = Math.max(ORPHANS_MAX, this.#node.fileCount() / 10);
    if (left > most) {
      throw new TooMany(
        `Cannot clean the lake up: ${left} files of before ${new Date(beforeMs).toISOString()} ` +
          "are in no catalog, more than servers leave; lake_data_path belongs to one lake, and " +
          "to its newest catalog",
      );
    }
    if (left === 0) return;
    await removeOrphans(lake, beforeMs);
    this.#log("info", "Removed files that servers had left", { files: left });
  }
}

/** How many files there are that no snapshot names, from before a time. */
async function countOrphans(lake: Lake, beforeMs: number): Promise<number> {
  const [name, time] = [literal(LAKE), timeOf(beforeMs)];
  const [row] = await lake.query(
    "Cannot look through the bucket",
    sql`select count(*) as files
      from ducklake_delete_orphaned_files(${name}, dry_run => true, older_than => ${time})`,
  );
  return Number(row?.["files"] ?? 0);
}

/** Removes files that no snapshot names, from before a time. Rejects with a sentence. */
async function removeOrphans(lake: Lake, beforeMs: number): Promise<void> {
  const [name, time] = [literal(LAKE), timeOf(beforeMs)];
  const removal = sql`call ducklake_delete_orphaned_files(${name}, older_than => ${time})`;
  await lake.attempt("Cannot clean the lake up", () => lake.db.execute(removal));
}

/** Deletes events of some dates, in a commit; resolves with how many there were of each. */
async function deleteWhere(
  run: Run,
  site: string,
  firstDate: string,
  lastDate: string,
): Promise<readonly ErasedPartition[]> {
  const dates = sql`date between ${literal(firstDate)}::date and ${literal(lastDate)}::date`;
  const which = sql`site_id = ${literal(site)} and ${dates}`;
  const found = await run(
    sql`select date::varchar as date, count(*)::bigint as rows from ${EVENTS}
      where ${which} group by 1 order by 1`,
  );
  if (found.length > 0) {
    await run(sql`delete from ${EVENTS} where ${which}`);
    await forgetBrought(run, which);
  }
  return found.map(({ date, rows }) => ({ date: String(date), rows: Number(rows) }));
}

/** Partitions by what their files, `f`, have. */
function partitionsOf(having: Sql): Sql {
  return sql`select s.partition_value as site_id, d.partition_value as date
    from ${CATALOG}.ducklake_data_file f
    join ${CATALOG}.ducklake_table t on t.table_id = f.table_id and t.end_snapshot is null
      and t.table_name = 'events'
    join ${CATALOG}.ducklake_file_partition_value s on s.data_file_id = f.data_file_id
      and s.partition_key_index = 0
    join ${CATALOG}.ducklake_file_partition_value d on d.data_file_id = f.data_file_id
      and d.partition_key_index = 1
    where f.end_snapshot is null
    group by all having ${having} order by all`;
}

/** Those of several files of which an import has registered some. */
const REGISTERED = partitionsOf(raw("count(*) > 1 and count(f.mapping_id) > 0"));
const CROWDED = partitionsOf(raw(`count(*) > ${FILES_MAX}`));
