// A server over a lake: the connection that it writes through, which snapshot its statistics read,
// and which rows of its journal that snapshot has. Statistics read one snapshot by its number, and
// the hot tables that it lacks: both change in the same step, here.
import { AppError, messageOf } from "../../core/errors.ts";
import { endsWithin } from "../../core/timings/within.ts";
import type { System } from "../../core/types.ts";
import type { Db, OutsideOptions } from "../duckdb.ts";
import { mayBeCorruption } from "../parquet/corruption.ts";
import { isFull } from "../shared/faults.ts";
import { Postgres } from "../shared/postgres.ts";
import type { LakeStockChange } from "../state/ops/rollup_ops.ts";
import type { Store } from "../state/store.ts";
import type { Catalog } from "../tiers/catalog.ts";
import { datesOf, type SpanUs } from "../tiers/event_rows.ts";
import { deleteFlushed } from "../tiers/flush.ts";
import type { PeerRows } from "../tiers/snapshot.ts";
import { isBucket, type LakeOptions } from "./connection.ts";
import { isPassing, isUnreadable, withoutNames } from "./faults.ts";
import {
  type CatalogedFile,
  fileOf,
  filesAt,
  unreadableError,
  unreadableOf,
} from "./files/unreadable.ts";
import { clockFaultOf, hiding, Lake, type LakeHost, opening, probe } from "./lake.ts";
import {
  type Before,
  enter,
  flushedSinceMs,
  type Marked,
  markedOf,
  move,
  newestMarks,
  type NodeName,
} from "./marks.ts";
import { Duty } from "./nodes/duty.ts";
import type { PeerOptions } from "./nodes/peers.ts";
import { OPTIONS } from "./tables.ts";
import { type Known, lookOf, type StockedPartition, stockQuery } from "./stock.ts";

/** What stands in the way of the lake, since when. */
export interface OutOfReach {
  readonly sinceMs: number;
  readonly reason: string;
}

/** What a server needs for a lake. */
export interface NodeOptions extends LakeOptions {
  /** The name of this server. */
  readonly node: string;
  /** Where others ask it for what is not in the lake yet; null where they cannot. */
  readonly address?: string | null;
  /** How it asks others; missing where it asks none. */
  readonly peers?: PeerOptions;
  /** Whether it answers questions; yes when missing. */
  readonly answers?: boolean;
  /** Whether it does what is to be done by one server; yes when missing. */
  readonly works?: boolean;
}

const RETRY_SECS = "5";
const NOTHING: readonly StockedPartition[] = [];
/** Names of facts in mallard.sqlite. */
const JOURNAL = "lake_journal";
const SEQ_AT_START = "lake_seq_at_start";
const ERASED_TO = "lake_erased_to";

/** Errors of statements that read the lake. */
const OF_LAKE =
  /^(IO|HTTP|Connection|Transaction\w*) Error|ducklake|postgres|Failed to (execute|commit)/i;
/** A stop does not wait for longer until others know of it. */
const LEAVE_MS_MAX = 5000;
/** Nor for longer until what asks the lake has ended. */
const END_MS_MAX = 5000;
/** Nor for longer until a statement that was interrupted has ended. */
const CLOSE_MS_MAX = 500;
/** A snapshot or a file that was cleaned up since it was chosen. */
const VANISHED = /No snapshot found|HTTP 404|\(404\)|No files found|Cannot open file/i;

/** What a statement has read of the lake. */
export interface AskedOfLake {
  readonly db: Pick<Db, "query">;
  /** What it asked of each site. */
  readonly spans: ReadonlyMap<string, SpanUs>;
  /** The number of the lake's snapshot. */
  readonly snapshot: number;
}

/** The lake of a server. */
export class LakeNode {
  /** Whose journal it is, until the process ends. */
  readonly name: NodeName;
  readonly #system: System;
  readonly #host: LakeHost;
  readonly #options: NodeOptions;
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #before: Before;
  #isNew: boolean;
  #lake: Lake | null = null;
  #out: OutOfReach | null = null;
  /** The same of a PostgreSQL that is asked beside work that hangs: it takes back its own only. */
  #unanswered: OutOfReach | null = null;
  #clockOffMs: number | null = null;
  /** Whether the DuckDB of statistics has the lake attached. */
  #isAttached = false;
  /** Whether the hot tables hold nothing of what was in the lake when it was connected. */
  #isFilled = false;
  #hasLeft = false;
  /** Files that could not be read, as far as statistics have found. */
  readonly #unreadablePaths = new Set<string>();
  /** What the newest snapshot has; null before the first look. */
  #known: Known | null = null;
  /** The same of the snapshot that statistics read. */
  #shown: Known | null = null;
  /** What has changed since the snapshot that statistics read, and what is not kept yet. */
  #changes: LakeStockChange[] = [];
  #unkept: LakeStockChange[] = [];
  #follow = () => Promise.resolve();
  #marked: Marked = {
    snapshot: 0,
    lastSeq: 0,
    erasedTo: 0,
    others: [],
    erasedMax: 0,
    fault: null,
  };
  /** The last erasure that was done with what is here; null before the first connection. */
  #erasedTo: number | null;

  private constructor(
    system: System,
    host: LakeHost,
    options: NodeOptions,
    store: Store,
    catalog: Catalog,
    before: Before,
    erasedTo: number | null,
  ) {
    this.#erasedTo = erasedTo;
    this.#system = system;
    this.#host = host;
    this.#options = options;
    this.#store = store;
    this.#catalog = catalog;
    this.name = { node: options.node, journal: system.random.uuid() };
    this.#before = before;
    this.#isNew = before.journal === null;
  }

  /** Reads what is known of the lake here, before an event is taken. */
  static async open(
    system: System,
    host: LakeHost,
    options: NodeOptions,
    store: Store,
    catalog: Catalog,
  ): Promise<LakeNode> {
    const known = await store.run("getMeta", JOURNAL);
    // Rows that come later than this are in no lake, whatever a mark says.
    let value = await store.run("getMeta", SEQ_AT_START) ?? "";
    if (value === "") {
      value = String(await store.run("lastSeq", undefined));
      await store.run("setMeta", { name: SEQ_AT_START, value });
    }
    const before = { journal: known, lastSeq: Number(value) };
    const erased = await store.run("getMeta", ERASED_TO);
    const erasedTo = erased === null ? null : Number(erased);
    return new LakeNode(system, host, options, store, catalog, before, erasedTo);
  }

  /**
   * Connects, where the lake can be reached. A server that has been connected before starts
   * without it; rejects with a sentence where this is the first time.
   */
  async start(): Promise<void> {
    try {
      await this.connect();
      this.filled();
    } catch (error) {
      if (this.#isNew) throw error;
      this.lost(error);
    }
  }

  /** What stands in the way; null where nothing does. */
  get outOfReach(): OutOfReach | null {
    const [out, unanswered] = [this.#out, this.#unanswered];
    if (out === null || unanswered === null) return out ?? unanswered;
    return { sinceMs: Math.min(out.sinceMs, unanswered.sinceMs), reason: unanswered.reason };
  }

  /** Whether statistics can be answered. */
  get isReadable(): boolean {
    return this.outOfReach === null && this.#isAttached && this.#isFilled && this.answers;
  }

  /**
   * Rejects a commit that moves the mark after it was told that nothing is left here: others would
   * wait for this server again.
   */
  requireHere(): void {
    if (this.#hasLeft) throw new Error("This server has left the lake");
  }

  /** Whether the lake was reached since the start. */
  get isConnected(): boolean {
    return this.#lake !== null;
  }

  /** Whether statistics need a DuckDB that is opened again. */
  get needsAttaching(): boolean {
    return this.answers && !this.#isAttached;
  }

  /** Whether this server answers questions. */
  get answers(): boolean {
    return this.#options.answers ?? true;
  }

  /** Whether it may do what is to be done by one server. */
  get works(): boolean {
    return this.#options.works ?? true;
  }

  /** By how much this clock is ahead of PostgreSQL's (ms), at the last look; null before it. */
  get clockOffMs(): number | null {
    return this.#clockOffMs;
  }

  /** Whether the clock is as wrong as keeps a server from starting. */
  get isClockOff(): boolean {
    return this.#clockOffMs !== null && clockFaultOf(this.#clockOffMs) !== null;
  }

  /** Compares the clock with PostgreSQL's; a change for the worse is logged once. Never rejects. */
  async checkClock(): Promise<void> {
    if (this.#lake === null) return;
    const wasOff = this.isClockOff;
    try {
      this.#clockOffMs = await this.#lake.clockOffMs();
    } catch {
      // That the lake is out of reach is found and told by what follows it.
      return;
    }
    const fault = clockFaultOf(this.#clockOffMs);
    if (fault !== null && !wasOff) this.#system.log("error", `Cannot trust the clock: ${fault}`);
    if (fault === null && wasOff) this.#system.log("info", "The clock is that of PostgreSQL again");
  }

  /** How other servers are asked. */
  get peers(): PeerOptions | null {
    return this.answers ? this.#options.peers ?? null : null;
  }

  /** The last erasure that was done with what is here. */
  get erasedTo(): number {
    return this.#erasedTo ?? 0;
  }

  /** Notes that erasures up to one were done with what is here. */
  async noteErased(number: number): Promise<void> {
    this.#erasedTo = number;
    await this.#store.run("setMeta", { name: ERASED_TO, value: String(number) });
  }

  /** What the snapshot that statistics read has of this journal. */
  get marked(): Marked {
    return this.#marked;
  }

  /** The lake that is written to. Rejects where it cannot be reached. */
  async lake(): Promise<Lake> {
    if (this.#lake === null) await this.connect();
    if (this.#lake === null) throw new Error("Cannot reach the lake");
    return this.#lake;
  }

  /**
   * Connects, and drops from the journal what is in the lake: call it where nothing of that is hot,
   * or fill the hot tables anew after it. Rejects with a sentence.
   */
  async connect(): Promise<void> {
    const lake = await Lake.open(this.#system, this.#host, this.#options, { mayMake: true });
    try {
      const tried = "Cannot use the lake";
      await new Duty(this.postgres()).mendCatalog();
      if (this.#isNew) {
        for (const option of OPTIONS) await lake.commit(tried, (run) => run(option));
      }
      const entering = {
        before: this.#before,
        address: this.#options.address ?? null,
        nowUs: this.#nowUs(),
        erasedTo: this.#erasedTo,
      };
      const entered = await lake.commit(tried, (run) => enter(run, this.name, entering));
      await this.#store.run("setMeta", { name: JOURNAL, value: this.name.journal });
      await this.noteErased(entered.erased_to);
      await this.forgetJournal(entered.last_seq);
      this.#lake = lake;
      this.publish(await this.newest());
      await this.keepStock();
      await this.#store.run("setMeta", { name: SEQ_AT_START, value: "" });
      this.#isNew = false;
    } catch (error) {
      this.#lake = null;
      await lake.close();
      throw error;
    }
  }

  /** Notes that the hot tables were filled since the lake was connected, or that there are none. */
  filled(): void {
    this.#isFilled = true;
  }

  /** Rejects with a sentence where the bucket does not answer. */
  async requireBucket(): Promise<void> {
    const { dataPath } = this.#options;
    const lake = await this.lake();
    if (isBucket(dataPath)) await lake.ask("Cannot read the bucket", probe(dataPath));
  }

  /**
   * Rejects with a sentence where PostgreSQL does not answer in time; that it takes no further
   * session is an answer.
   */
  async requirePostgres(): Promise<void> {
    try {
      (await this.postgres().session()).close();
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }

  /** Removes from the journal what the lake has. */
  async forgetJournal(
    seqTo: number,
    { lastTimestampUs = 0, atMs = null }: {
      readonly lastTimestampUs?: number;
      readonly atMs?: number | null;
    } = {},
  ): Promise<void> {
    const commit = { files: [], except: [], seqTo, lastTimestampUs, atMs };
    if (await this.#store.run("commitFlush", commit)) await deleteFlushed(this.#store);
  }

  /**
   * The newest snapshot, with this journal's mark in it. Rejects with a sentence, also where
   * another server has its place: what is hot here may be in the lake, and the others lack what is
   * not.
   */
  async newest(): Promise<Marked> {
    const lake = await this.lake();
    // Whoever waits for it is told at once that it is out of reach, and it is asked again soon.
    const found = await lake.ask("Cannot read the lake's snapshot", newestMarks());
    const marked = markedOf(found, this.name);
    if (marked.fault !== null) throw new Error(`Cannot read the lake: ${marked.fault}`);
    if (marked.snapshot !== this.#marked.snapshot) await this.#look(lake, marked.snapshot);
    this.#out = this.#unanswered = null;
    return marked;
  }

  async #look(lake: Lake, snapshot: number): Promise<void> {
    const before = this.#known ?? {
      stock: new Map(),
      kept: await this.#store.run("lakeStock", undefined),
      importedToUs: 0,
    };
    const query = stockQuery(snapshot, before.kept?.moment ?? null);
    const rows = await lake.ask("Cannot list what is in the lake", query);
    const { known, change } = lookOf(rows, snapshot, before);
    this.#known = known;
    this.#changes.push(change);
  }

  /**
   * Lets statistics read a snapshot, and these hot tables beside it. `isOwn` says that nobody else
   * has changed anything since the last one. `keepStock` must follow.
   */
  publish(
    marked: Marked,
    {
      hotTables,
      peers = [],
      behindSinceMs = flushedSinceMs(marked.others),
      dispose,
      isOwn = false,
    }: {
      readonly hotTables?: readonly string[];
      readonly peers?: readonly PeerRows[];
      readonly behindSinceMs?: number | null;
      readonly dispose?: () => void;
      readonly isOwn?: boolean;
    } = {},
  ): void {
    const { current } = this.#catalog;
    this.#marked = marked;
    // What is counted beside what is hot is of the same snapshot.
    if (this.#known?.kept?.moment.snapshot === marked.snapshot) this.#shown = this.#known;
    for (const site of this.#known?.stock.keys() ?? []) {
      if (!this.#catalog.hasSite(site)) this.#catalog.addSite(site);
    }
    const changes = this.#changes.splice(0);
    this.#unkept.push(...changes);
    const added = changes.flatMap((change) => change.added);
    const removed = changes.flatMap((change) => change.removed);
    this.#catalog.publish(
      {
        ...current,
        hotTables: hotTables ?? current.hotTables,
        lake: marked.snapshot,
        peers,
        behindSinceMs,
      },
      dispose,
      { added, removed },
    );
    const changed = isOwn ? removed : [...added, ...removed];
    for (const site of new Set(changed.map(({ site_id }) => site_id))) this.#catalog.changed(site);
  }

  /**
   * Keeps on disk what the published snapshot has, without the rollups of what has changed. Before
   * that has succeeded no rollup may be kept: whoever publishes holds the mutex until then.
   */
  async keepStock(): Promise<void> {
    for (let [change] = this.#unkept; change; [change] = this.#unkept) {
      await this.#store.run("changeLakeStock", change);
      this.#unkept.shift();
    }
  }

  /** Notes that the lake cannot be reached. */
  lost(error: unknown): void {
    this.#out = this.#noted(error, this.#out);
  }

  /** Notes that PostgreSQL does not answer, until `answered` follows. */
  unanswered(error: unknown): void {
    this.#unanswered = this.#noted(error, this.#unanswered);
  }

  /** Notes that PostgreSQL answers; what `lost` was told stays. */
  answered(): void {
    this.#unanswered = null;
  }

  #noted(error: unknown, before: OutOfReach | null): OutOfReach {
    const reason = messageOf(error);
    const isKnown = [before?.reason, this.outOfReach?.reason].includes(reason);
    if (!isKnown) this.#system.log("error", reason);
    return { sinceMs: before?.sinceMs ?? this.#system.clock.nowMs(), reason };
  }

  /** Names what brings statistics to the newest snapshot. */
  followBy(follow: () => Promise<void>): void {
    this.#follow = follow;
  }

  /** Brings statistics to the newest snapshot. Never rejects. */
  follow(): Promise<void> {
    return this.#follow();
  }

  /** The PostgreSQL of the lake, beside DuckDB's connections. */
  postgres(): Postgres {
    return new Postgres(this.#options, "mallard duty", this.#system.clock);
  }

  /** How the DuckDB of statistics reads the lake. */
  outside(version: string): OutsideOptions {
    return {
      statements: () => opening(this.#system, this.#options, version, false),
      places: [this.#options.dataPath],
      onReached: (error) => {
        this.#isAttached = error === null;
        if (error !== null) this.lost(hiding(error, this.#options));
      },
    };
  }

  /** Whether the lake can be reached, and read where this server answers questions. */
  get isWell(): boolean {
    return this.answers ? this.isReadable : this.outOfReach === null && this.isConnected;
  }

  /** Throws `unavailable` where it is not known what is in the lake. */
  requireWell(): void {
    if (!this.isWell) throw this.#unavailable();
  }

  /** Throws `unavailable` where statistics cannot be answered now. */
  requireReadable(): void {
    if (!this.isReadable) throw this.#unavailable();
  }

  /**
   * What to throw for an error of a statement that read the lake; null where it may be asked once
   * more, of the newest snapshot. `asked` says what it has read, and by what its files are looked
   * through for one that cannot be read.
   */
  async judged(error: unknown, isFirst: boolean, asked: AskedOfLake): Promise<unknown> {
    // The statement follows, which may name anything.
    const [message = ""] = messageOf(error).split(/\n| in: /);
    if (error instanceof AppError) return error;
    const isOfLake = OF_LAKE.test(withoutNames(message));
    if (isOfLake && isFirst && (VANISHED.test(message) || isPassing(error))) return null;
    if (isOfLake ? isUnreadable(error) : mayBeCorruption(error)) {
      // Where that is not found out, it is told what failed first.
      const unreadable = await this.#unreadable(message, asked).catch((stopped) =>
        stopped instanceof AppError || stopped instanceof DOMException ? stopped : null
      );
      if (unreadable !== null) return unreadable;
    }
    if (!isOfLake) return error;
    this.lost(hiding(error, this.#options));
    return this.#unavailable();
  }

  /** What to say of a file that a statement failed on; null where there is none. */
  async #unreadable(message: string, { db, spans, snapshot }: AskedOfLake) {
    const { dataPath } = this.#options;
    const lake = await this.lake();
    const all = await lake.ask("Cannot list files of the lake", filesAt(snapshot, dataPath));
    const files = all.map(fileOf).filter(({ site, date }) => {
      const span = spans.get(site);
      if (span === undefined) return false;
      const { first, last } = datesOf(span);
      return date >= first && date <= last;
    });
    // The one that DuckDB names, or that failed before, comes first.
    const isLikely = ({ path }: CatalogedFile) =>
      this.#unreadablePaths.has(path) || message.includes(path.split("/").at(-1) ?? path);
    const likely = files.filter(isLikely);
    const others = files.filter((file) => !isLikely(file));
    const [found] = await unreadableOf(db, [...likely, ...others], 1);
    if (found === undefined) return null;
    const { file, reason } = found;
    if (!this.#unreadablePaths.has(file.path)) {
      this.#unreadablePaths.add(file.path);
      const said = hiding(new Error(reason), this.#options).message;
      this.#system.log("error", "Cannot read a file of the lake", {
        path: file.path,
        reason: said,
      });
    }
    return unreadableError(file, dataPath);
  }

  /**
   * The files of the newest snapshot that statistics have found unreadable, and that are so still.
   * Rejects with a sentence where the lake cannot say.
   */
  async unreadableFiles(): Promise<readonly CatalogedFile[]> {
    if (this.#unreadablePaths.size === 0) return [];
    const lake = await this.lake();
    const listed = filesAt(this.#marked.snapshot, this.#options.dataPath);
    const all = await lake.query("Cannot list files of the lake", listed);
    const known = all.map(fileOf).filter(({ path }) => this.#unreadablePaths.has(path));
    return (await unreadableOf(lake.db, known)).map(({ file }) => file);
  }

  #unavailable(): AppError {
    const { sinceMs } = this.outOfReach ?? { sinceMs: this.#system.clock.nowMs() };
    const since = new Date(sinceMs).toISOString().slice(0, 19);
    return new AppError(
      "unavailable",
      `Cannot read the events now: the lake is out of reach since ${since}Z; new events are kept`,
      { "retry-after": RETRY_SECS },
    );
  }

  /** What the snapshot that statistics read has of a site, oldest first. */
  stockOf(site: string): readonly StockedPartition[] {
    return this.#shown?.stock.get(site) ?? NOTHING;
  }

  /** Up to when ids of visitors may be from elsewhere, in microseconds. */
  get importedToUs(): number {
    return this.#shown?.importedToUs ?? 0;
  }

  /** The same of a span. */
  stockWithin(site: string, span: SpanUs): readonly StockedPartition[] {
    const { first, last } = datesOf(span);
    return this.stockOf(site).filter(({ date }) => date >= first && date <= last);
  }

  /** The most files that a partition has. */
  filesMax(): number {
    let most = 0;
    for (const { files } of this.#partitions()) if (files > most) most = files;
    return most;
  }

  fileCount(): number {
    return this.#partitions().reduce((sum, { files }) => sum + files, 0);
  }

  #partitions(): readonly StockedPartition[] {
    return [...this.#shown?.stock.values() ?? []].flat();
  }

  /**
   * Tells the other servers that nothing is left here which the lake has not. Where that cannot be
   * told, their answers say that they are behind.
   */
  async leave(): Promise<void> {
    if (this.#lake === null || this.outOfReach !== null) return;
    this.#hasLeft = true;
    const moved = { is_retired: true, flushed_us: this.#nowUs() };
    const { clock, log } = this.#system;
    const tried = "Cannot tell other servers that nothing is left here";
    const told = this.#lake.commit(tried, (run) => move(run, this.name, moved));
    const isTold = await endsWithin(clock, LEAVE_MS_MAX, told).catch((error) => {
      log("warn", messageOf(error));
      return true;
    });
    if (!isTold) log("warn", `${tried} in time`);
  }

  /**
   * Waits for the end of work. What a lake that answers nothing keeps from ending goes on by
   * itself: it changes nothing that the next start does not find.
   */
  async end(work: Promise<unknown>): Promise<void> {
    const { clock, log } = this.#system;
    if (await endsWithin(clock, END_MS_MAX, work)) return;
    log("warn", "Stopped while the lake did not answer: events stay in the journal");
  }

  #nowUs(): number {
    return Math.floor(this.#system.clock.nowMs() * 1000);
  }

  /** Disconnects. A statement that the lake does not answer is not waited for. */
  async close(): Promise<void> {
    if (this.#lake === null) return;
    await endsWithin(this.#system.clock, CLOSE_MS_MAX, this.#lake.close());
  }
}
