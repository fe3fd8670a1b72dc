// Flushes hot events into the lake: one commit inserts them and moves this journal's mark, after
// which the journal and the hot tables let them go. A commit whose answer is lost is found by the
// mark: events are in the lake once, and are read once at every moment.
import { HOUR_MS } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import { ident, join, sql } from "../../core/sql.ts";
import type { Mutex } from "../../core/mutex.ts";
import type { Clock, Files, Log } from "../../core/types.ts";
import type { Db, Run } from "../duckdb.ts";
import { ALL_COLUMNS, literal, literalPath } from "../parquet/schema.ts";
import type { Rollups } from "../rollups/rollups.ts";
import type { Store } from "../state/store.ts";
import type { FlushCounts, Flushing } from "../tiers/flush.ts";
import { type Hot, type HotTable, unionOf } from "../tiers/hot.ts";
import { isCollision } from "./faults.ts";
import { flushedSinceMs, type Marked, markOf, move } from "./marks.ts";
import type { LakeNode } from "./node.ts";
import { type Erasure, erasureOf, erasuresAfter } from "./nodes/erasures.ts";
import type { Peers } from "./nodes/peers.ts";
import type { Turns } from "./nodes/turns.ts";
import { EVENTS } from "./tables.ts";

/** Under load, the time from the begin of one flush to the next at least: few and larger files. */
const FLUSH_MS_MIN = 10_000;
/** A server to which nothing comes tells the others so, no more often than this. */
const IDLE_MS_MIN = 30_000;
/** Most tables that wait for a lake which takes none. */
const FROZEN_TABLES_MAX = 8;

/** A commit that writes for longer is given up: an hour later its files may be taken for lost. */
const WRITING_MS_MAX = HOUR_MS / 2;
/** Erasures that may come between a flush and its commit before it gives up for now. */
const ERASURES_BETWEEN_MAX = 3;

/** Name of a fact in mallard.sqlite. */
const LOST = "lake_lost_ms";

/** PostgreSQL is asked whether it answers at all where a look at the lake takes longer; twice. */
const ANSWER_MS_MAX = 15_000;

/** Somebody has erased since: what is to be written has to be looked through first. */
class ErasedSince extends Error {}

/** What a flusher of a lake works on. */
export interface FlushingParts {
  readonly db: Db;
  readonly store: Store;
  readonly files: Files;
  readonly hot: Hot;
  readonly clock: Clock;
  readonly log: Log;
  readonly mutex: Mutex;
  readonly rollups: Rollups;
  /** What other servers have not brought into the lake yet; null where they are not asked. */
  readonly peers: Peers | null;
  /** Keeps its commits from those of other servers. */
  readonly turns: Pick<Turns, "inTurn">;
}

/** How it works. */
export interface FlushingOptions {
  /** A folder in DATA_DIR for the rows on their way. */
  readonly folder: string;
  /** The time of the last flush to record; null while the clock is in doubt. */
  readonly recordMs: () => number | null;
  /** Runs each flush, and notes how long it took. */
  readonly timed: (work: () => Promise<void>) => Promise<void>;
}

/** Erases of what is here and not in the lake. The caller holds the mutex. */
export type EraseHere = (erasure: Erasure) => Promise<void>;

/** Opens the DuckDB of statistics again, and fills its hot tables from the journal. */
export type Refill = () => Promise<void>;

/** Writes into the lake; never twice at a time. */
export class LakeFlusher implements Flushing {
  readonly counts: FlushCounts = { flushes: 0, failures: 0, events: 0 };
  readonly heldBackRows = 0;
  readonly #parts: FlushingParts;
  readonly #node: LakeNode;
  readonly #options: FlushingOptions;
  #refill: Refill = () => Promise.resolve();
  #eraseHere: EraseHere = () => Promise.resolve();
  /** What others have to erase yet, as far as is known. */
  #erasures: readonly Erasure[] = [];
  /** Those that this server has begun. */
  readonly #erasing = new Set<number>();
  #asked: Promise<void> | undefined;
  #isFailing = false;
  /** Up to which time others know that everything of here is in the lake, in microseconds. */
  #toldUs = 0;
  #startedMs = -Infinity;
  #isScheduled = false;
  #cancel = () => {};
  /** The mark up to which hot tables hold nothing. */
  #floor: number;
  /** Whether they hold what they should not, until they are filled anew. */
  #mustFill = false;
  #isFilling = false;
  /** When a write began that is not known to have been committed; null where there is none. */
  #lostMs: number | null = null;

  private constructor(parts: FlushingParts, node: LakeNode, options: FlushingOptions) {
    this.#parts = parts;
    this.#node = node;
    this.#options = options;
    this.#floor = node.marked.lastSeq;
    node.followBy(() => this.follow());
  }

  /** A flusher over the journal that `node` knows. */
  static async open(
    parts: FlushingParts,
    node: LakeNode,
    options: FlushingOptions,
  ): Promise<LakeFlusher> {
    const flusher = new LakeFlusher(parts, node, options);
    const lost = await parts.store.run("getMeta", LOST) ?? "";
    if (lost !== "") flusher.#lostMs = Number(lost);
    await parts.files.removeTree(options.folder);
    return flusher;
  }

  /** Names what fills the hot tables. */
  fillBy(refill: Refill): void {
    this.#refill = refill;
  }

  /** Names what erases of what is here. */
  eraseBy(erase: EraseHere): void {
    this.#eraseHere = erase;
  }

  /** Notes that the DuckDB of statistics was opened again, and holds nothing. */
  forgetPeers(): void {
    const { peers } = this.#parts;
    if (peers === null) return;
    peers.forget();
    this.#publish(this.#node.marked);
  }

  /** When files went up that no commit may ever name. */
  get lostMs(): number | null {
    return this.#lostMs;
  }

  /** Notes that they are gone. */
  forgetLost(): Promise<void> {
    return this.#noteLost(null);
  }

  /**
   * Commits what writes files of events. What takes so long that another server may take its files
   * for lost ones is not committed. `isMerge`: what merges files leaves those that it has written
   * where another commit came first, too. The caller holds the mutex.
   */
  async commit<T>(
    tried: string,
    work: (run: Run) => Promise<T>,
    { isMerge = false } = {},
  ): Promise<T> {
    const { clock } = this.#parts;
    const lake = await this.#node.lake();
    return await this.writing((lost) => {
      let isWritten = false;
      return lake.commit(tried, async (run) => {
        isWritten = false;
        const startedMs = clock.nowMs();
        const result = await work(run);
        if (clock.nowMs() - startedMs > WRITING_MS_MAX) {
          throw new Error("it took too long; is this machine asleep at times?");
        }
        isWritten = true;
        return result;
      }, (error) => {
        if (isMerge || !isWritten || !isCollision(error)) lost();
      });
    });
  }

  /**
   * Runs what writes files of events. Until it has ended well, it is noted that some may be lost,
   * and afterwards where `lost` was called. The caller holds the mutex.
   */
  async writing<T>(work: (lost: () => void) => Promise<T>): Promise<T> {
    const before = this.#lostMs;
    const startedMs = this.#parts.clock.nowMs();
    let isLost = false;
    await this.#noteLost(startedMs);
    const result = await work(() => isLost = true);
    await this.#noteLost(isLost ? startedMs : before);
    return result;
  }

  get failing(): boolean {
    return this.#isFailing;
  }

  /** Writes what is hot. Never rejects: failures are logged, counted, and tried again. */
  flush(): Promise<void> {
    this.#asked ??= this.#parts.mutex.run(async () => {
      this.#asked = undefined;
      await this.flushNow();
    });
    return this.#asked;
  }

  /** The same for a caller that holds the mutex. */
  async flushNow(): Promise<void> {
    this.#startedMs = this.#parts.clock.uptimeMs();
    this.#isFailing = !await this.#tried(() => this.#options.timed(() => this.#flush()));
  }

  flushLargest(): Promise<void> {
    return this.flush();
  }

  /** What came since waits in the journal: a commit for few events is a file for each site. */
  flushRest(): Promise<void> {
    return Promise.resolve();
  }

  flushSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const { clock } = this.#parts;
    const afterMs = Math.max(0, this.#startedMs + FLUSH_MS_MIN - clock.uptimeMs());
    this.#cancel = clock.after(afterMs, () => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  cancel(): void {
    this.#cancel();
    this.#isScheduled = false;
  }

  /**
   * Looks for the lake where it was out of reach, and lets statistics read its newest snapshot.
   * Never rejects.
   */
  follow(): Promise<void> {
    const end = this.#watch();
    return this.#parts.mutex.run(() => this.#follow()).finally(end);
  }

  /**
   * Says that PostgreSQL does not answer where work that needs it hangs, which may hold the mutex
   * without end, and takes it back when it answers. Returns what ends the watch.
   */
  #watch(): () => void {
    let [failures, isOver, cancel] = [0, false, () => {}];
    const ask = async () => {
      const error: unknown = await this.#node.requirePostgres().then(() => null, (error) => error);
      if (isOver) return;
      failures = error === null ? 0 : failures + 1;
      if (failures > 1) this.#node.unanswered(error);
      if (failures === 0) this.#node.answered();
      askLater();
    };
    const askLater = () => cancel = this.#parts.clock.after(ANSWER_MS_MAX, ask);
    askLater();
    return () => {
      isOver = true;
      cancel();
    };
  }

  async #follow(): Promise<void> {
    try {
      if (!this.#node.isConnected) {
        await this.#node.connect();
        await this.#fillAgain();
      } else {
        await this.#pull();
        await this.settle();
        // A server that has just started is asked at once.
        if (this.#parts.peers?.hasNew(this.#node.marked.others)) {
          await this.#pull();
          await this.settle();
        }
        if (!this.#node.needsAttaching && !this.#mustFill) return;
        // Opening DuckDB again is for nothing where the bucket does not answer.
        await this.#node.requireBucket();
        await this.#fillAgain();
      }
    } catch (error) {
      this.#node.lost(error);
    }
  }

  /**
   * Erases of what was filled from the journal what others have erased since this server was
   * stopped. Never rejects: where the lake is out of reach, nothing is answered before it is done.
   */
  async catchUp(): Promise<void> {
    if (!this.#node.isConnected) return;
    await this.#parts.mutex.run(() => this.settle()).catch((error) => this.#node.lost(error));
  }

  async #pull(): Promise<void> {
    if (!this.#node.isReadable) return;
    await this.#parts.peers?.pull(this.#node.marked.others, this.#erasures);
  }

  /** Lets statistics read what the marks say, and what other servers hold beside it. */
  #publish(
    marked: Marked,
    options: Omit<Parameters<LakeNode["publish"]>[1], "peers" | "behindSinceMs"> = {},
  ): void {
    const { peers } = this.#parts;
    this.#node.publish(marked, {
      ...options,
      peers: peers?.rowsBeside(marked.others) ?? [],
      behindSinceMs: peers ? peers.wholeSinceMs(marked.others) : flushedSinceMs(marked.others),
    });
  }

  async #tried(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.counts.failures++;
      const reason = messageOf(error);
      this.#parts.log("error", "Cannot flush events to the lake: they stay in the journal", {
        reason,
      });
      return false;
    }
  }

  async #flush(): Promise<void> {
    const { hot } = this.#parts;
    if (!this.#node.isConnected) throw new Error("Cannot open the lake yet");
    if (this.#mustFill && !this.#isFilling) await this.#fillAgain();
    await this.settle();
    const frozen = hot.tables.slice(0, -1);
    // Each failure leaves a table more behind, and every statistic reads them all.
    const isAll = frozen.length < FROZEN_TABLES_MAX;
    // While a journal from before is read, more of it is in no table yet.
    const isWhole = isAll && !hot.isLoading;
    const flushedUs = isWhole ? Math.floor(this.#parts.clock.nowMs() * 1000) : null;
    const tables = isAll ? await hot.freeze() : frozen;
    if (tables.length === 0) return await this.#tellIdle(flushedUs);
    for (let attempt = 1;; attempt++) {
      try {
        await this.#write(tables, flushedUs);
        break;
      } catch (error) {
        const isErased = error instanceof Error && error.cause instanceof ErasedSince;
        if (!isErased || attempt === ERASURES_BETWEEN_MAX) throw error;
        await this.settle();
      }
    }
    this.#toldUs = flushedUs ?? this.#toldUs;
    await this.settle();
    this.counts.flushes++;
    this.counts.events += tables.reduce((sum, { rows }) => sum + rows, 0);
    this.#parts.log("debug", "Flushed", { tables: tables.length });
  }

  async #write(tables: readonly HotTable[], flushedUs: number | null): Promise<void> {
    const { folder } = this.#options;
    const { files } = this.#parts;
    await files.makeDir(folder);
    try {
      const paths = new Map<HotTable, string>();
      for (const table of tables) {
        const path = `${folder}/${table.name}.parquet`;
        await this.#parts.db.query(
          sql`copy (select ${ALL_COLUMNS} from ${ident(table.name)})
            to ${literal(path)} (format parquet)`,
        );
        paths.set(table, path);
      }
      await this.inTurn(() =>
        this.commit(
          "Cannot write events into the lake",
          (run) => this.#insert(run, paths, flushedUs),
        )
      );
    } finally {
      await files.removeTree(folder);
    }
  }

  /** Commits in this server's turn; one without others waits for nobody. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#node.marked.others.length === 0 ? work() : this.#parts.turns.inTurn(work);
  }

  /** Lets servers that do not ask this one know that nothing came to it. */
  async #tellIdle(flushedUs: number | null): Promise<void> {
    if (this.#node.marked.others.length === 0) return;
    if (flushedUs === null || flushedUs - this.#toldUs < IDLE_MS_MIN * 1000) return;
    const lake = await this.#node.lake();
    await this.inTurn(() =>
      lake.commit("Cannot tell other servers that nothing came", async (run) => {
        this.#node.requireHere();
        await markOf(run, this.#node.name);
        await move(run, this.#node.name, { flushed_us: flushedUs });
      })
    );
    this.#toldUs = flushedUs;
  }

  async #noteLost(ms: number | null): Promise<void> {
    this.#lostMs = ms;
    const value = ms === null ? "" : String(Math.floor(ms));
    await this.#parts.store.run("setMeta", { name: LOST, value });
  }

  /** The one transaction by which events change tier. */
  async #insert(
    run: Run,
    paths: ReadonlyMap<HotTable, string>,
    flushedUs: number | null,
  ): Promise<void> {
    this.#node.requireHere();
    const { lastSeq: mark, erasedMax } = await markOf(run, this.#node.name);
    if (erasedMax > this.#node.erasedTo) throw new ErasedSince("Somebody has erased since");
    const left = [...paths].filter(([table]) => !this.#isIn(table, mark));
    // The answer to an earlier attempt was lost, though it was committed.
    if (left.length === 0) return;
    const list = join(left.map(([, path]) => literal(literalPath(path))));
    await run(
      sql`insert into ${EVENTS} by name select ${ALL_COLUMNS}, timestamp::date as date
        from read_parquet([${list}], hive_partitioning = false)
        order by site_id, date, timestamp`,
    );
    const last = Math.max(mark, ...left.map(([{ seqTo }]) => seqTo));
    const { erasedTo } = this.#node;
    await move(run, this.#node.name, {
      last_seq: last,
      erased_to: erasedTo,
      ...flushedUs === null ? {} : { flushed_us: flushedUs },
    });
  }

  /** Whether the rows of a table are in the lake, by a mark in it. */
  #isIn({ seqTo }: HotTable, mark: number): boolean {
    return mark > this.#floor && seqTo <= mark;
  }

  /**
   * Brings the journal and the hot tables to what the newest snapshot has, and lets statistics read
   * that. Rejects where the lake cannot be asked. The caller holds the mutex.
   */
  async settle(): Promise<void> {
    try {
      await this.#settle();
    } finally {
      await this.#node.keepStock();
    }
    // What was made of erased events must not stay.
    await this.#parts.rollups.sweep();
  }

  async #settle(): Promise<void> {
    const { hot } = this.#parts;
    const before = this.#node.marked;
    const marked = await this.#node.newest();
    await this.#eraseMissed(marked);
    const gone = await this.#parts.peers?.trim(marked.others) ?? [];
    const dispose = gone.length === 0 ? undefined : () => void this.#dropTables(gone);
    if (marked.lastSeq === this.#floor) {
      if (marked.snapshot !== before.snapshot || this.#parts.peers !== null) {
        this.#publish(marked, {
          ...dispose && { dispose },
          isOwn: marked.snapshot === before.snapshot,
        });
      }
      return;
    }
    const frozen = hot.tables.slice(0, -1);
    const done = frozen.filter((table) => this.#isIn(table, marked.lastSeq));
    await this.#node.forgetJournal(marked.lastSeq, {
      lastTimestampUs: await this.#lastUs(done),
      atMs: this.#options.recordMs(),
    });
    const isBeyond = ({ rows, seqFrom }: HotTable) =>
      rows === 0 || Math.max(seqFrom, this.#floor + 1) > marked.lastSeq;
    // After DuckDB was filled anew, a table can hold rows of both sides of the mark.
    if (
      ![...frozen, ...hot.tables.slice(-1)].every((table) =>
        done.includes(table) || isBeyond(table)
      )
    ) {
      this.#publish(marked, { ...dispose && { dispose } });
      return await this.#fillAgain();
    }
    this.#floor = marked.lastSeq;
    this.#publish(marked, {
      hotTables: hot.release(done, null),
      dispose: () => {
        dispose?.();
        void this.#drop(done);
      },
      isOwn: marked.snapshot === before.snapshot + 1,
    });
  }

  /** Erases of what is here what was erased elsewhere since, and tells that. */
  async #eraseMissed(marked: Marked): Promise<void> {
    const { erasedMax, others } = marked;
    const { erasedTo } = this.#node;
    const lowest = Math.min(erasedTo, ...others.map(({ erased_to }) => erased_to));
    if (lowest < erasedMax) {
      const lake = await this.#node.lake();
      const rows = await lake.ask("Cannot read what was erased", erasuresAfter(lowest));
      const erasures = rows.map(erasureOf);
      for (const erasure of erasures.filter(({ number }) => !this.#erasing.has(number))) {
        const isMissed = erasure.number > erasedTo;
        if (isMissed) await this.#eraseHere(erasure);
        // Servers may have been asked for it before this one knew.
        if (isMissed || !this.#knows(erasure)) await this.#parts.peers?.erase(erasure);
      }
      this.#erasures = erasures;
    } else {
      this.#erasures = [];
    }
    if (this.#erasing.size > 0) return;
    if (erasedMax > erasedTo) await this.#node.noteErased(erasedMax);
    // Where this fails it is told later.
    if (this.#node.erasedTo > marked.erasedTo) await this.#tellErased();
  }

  #knows({ number }: Erasure): boolean {
    return this.#erasures.some((erasure) => erasure.number === number);
  }

  async #tellErased(): Promise<void> {
    const lake = await this.#node.lake();
    await lake.commit(
      "Cannot tell other servers of an erasure",
      (run) => move(run, this.#node.name, { erased_to: this.#node.erasedTo }),
    );
  }

  /** How many events of a site and of UTC dates other servers hold, as far as is known here. */
  async heldElsewhere(site: string, firstDate: string, lastDate: string): Promise<number> {
    const { peers } = this.#parts;
    return await peers?.count(this.#node.marked.others, site, firstDate, lastDate) ?? 0;
  }

  /** The UTC dates of a site's events that other servers hold, as far as is known here. */
  async datesElsewhere(site: string): Promise<readonly string[]> {
    const { peers } = this.#parts;
    return await peers?.dates(this.#node.marked.others, site) ?? [];
  }

  /** Whether the lake or another server has events of a site; yes where nobody knows. */
  async holds(site: string): Promise<boolean> {
    await this.follow();
    if (!this.#node.isWell || this.#node.stockOf(site).length > 0) return true;
    return (await this.datesElsewhere(site)).length > 0;
  }

  /** Notes that this server does an erasure of its own, until it is done. */
  beginErasing(number: number): void {
    this.#erasing.add(number);
  }

  /** Notes that it was done, and tells it. */
  async endErasing(number: number): Promise<void> {
    const own = this.#erasures.find((erasure) => erasure.number === number);
    if (own) await this.#parts.peers?.erase(own);
    this.#erasing.delete(number);
    if (number > this.#node.erasedTo) await this.#node.noteErased(number);
    // The next look at the lake tells it otherwise.
    await this.#tellErased().catch((error) => this.#parts.log("warn", messageOf(error)));
  }

  /** Notes that it failed: what is here is erased as for another server. */
  abandonErasing(number: number): void {
    this.#erasing.delete(number);
  }

  async #lastUs(tables: readonly HotTable[]): Promise<number> {
    if (tables.length === 0) return 0;
    const [row] = await this.#parts.db.query(
      sql`select epoch_us(max(timestamp)) as last from (${unionOf(tables)})`,
    );
    return Number(row?.["last"] ?? 0);
  }

  /** Fills the hot tables from a journal that has nothing of what is in the lake. */
  async #fillAgain(): Promise<void> {
    this.#mustFill = true;
    this.#isFilling = true;
    this.#floor = this.#node.marked.lastSeq;
    try {
      await this.#refill();
    } finally {
      this.#isFilling = false;
    }
    // What others have erased since the journal was written must be in no answer.
    await this.#eraseMissed(await this.#node.newest());
    this.#mustFill = false;
    this.#node.filled();
  }

  async #drop(tables: readonly HotTable[]): Promise<void> {
    await this.#tryDrop(() => this.#parts.hot.drop(tables));
  }

  async #dropTables(tables: readonly string[]): Promise<void> {
    await this.#tryDrop(() => this.#parts.peers?.drop(tables) ?? Promise.resolve());
  }

  async #tryDrop(drop: () => Promise<void>): Promise<void> {
    const { db, log } = this.#parts;
    try {
      await drop();
    } catch (error) {
      if (!db.isClosing && !db.hasFailed) {
        log("error", "Cannot drop flushed hot tables", { reason: messageOf(error) });
      }
    }
  }
}
