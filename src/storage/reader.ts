// Runs the statement of every statistic over one consistent view of all tiers. It must not know
// what the statement computes.
import { AppError, messageOf } from "../core/errors.ts";
import { utcDate } from "../core/event.ts";
import { type Sql, sql } from "../core/sql.ts";
import type { Catalog, Seal } from "./tiers/catalog.ts";
import type { Files } from "../core/types.ts";
import type { Db, QueryLimits, Row } from "./duckdb.ts";
import type { ParquetTier } from "./tiers/parquet_tier.ts";
import type { CatalogFile, Partition } from "./parquet/partition.ts";
import { findCorruptFiles, mayBeCorruption } from "./parquet/corruption.ts";
import { EngagedFiles } from "./parquet/engaged_files.ts";
import {
  eventsFor,
  type EventsOf,
  eventsOfSites,
  filesFor,
  hotRowsFor,
  type RowKind,
  type SpanUs,
} from "./tiers/event_rows.ts";
import { literal } from "./parquet/schema.ts";
import { isOfRollups, type Rollups } from "./rollups/rollups.ts";
import type { SiteRollups } from "./state/ops/rollup_ops.ts";
import type { Snapshot } from "./tiers/snapshot.ts";
import type { Recovery } from "./tiers/recovery.ts";
import type { Hot } from "./tiers/hot.ts";
import type { LakeNode } from "./lake/node.ts";
import type { Peers } from "./lake/nodes/peers.ts";

/** What a statement may read, all of one moment. */
export interface Sources {
  /** The site's events. */
  readonly events: EventsOf;
  /** The same of engagements, which are no events; null where the site has none. */
  readonly engagements: EventsOf | null;
  /** The same of both. */
  readonly rows: EventsOf;
  /** The site's rollups; null where it has none that hold. */
  readonly rollups: SiteRollups | null;
  /** The path on disk of a file of rollups. The statement reads it. */
  rollupFile(path: string): string;
  /** The rows of some splits in files of sums: those of other splits may be there, too. */
  sums(shapes: readonly string[], paths: readonly string[]): Sql;
  /** Events before this time are all in Parquet files, in microseconds. */
  readonly hotFromUs: number;
}

/** A statement over a snapshot, what it needs in memory, and what mends it where it failed. */
interface Asking {
  readonly load?: () => Promise<void>;
  readonly statementOf: (snapshot: Snapshot) => Sql | Promise<Sql>;
  readonly isMended?: (error: unknown) => Promise<boolean>;
}

/** Every event of a site in files, for a DuckDB that has no tables. */
export interface LeasedFiles {
  readonly paths: readonly string[];
  /** Whether engagements may be among the rows. */
  readonly isEngaged: boolean;
  /** The files may be deleted from now on. Called once. */
  release(): void;
}

const EVER: SpanUs = { fromUs: -Number.MAX_SAFE_INTEGER, toUs: Number.MAX_SAFE_INTEGER };
/** Rows of the lake that are copied for a statement of an owner. */
const COPIED_ROWS_MAX = 5_000_000;
const NO_FILES: readonly CatalogFile[] = [];

/** Reads events of one site over a span of time. */
export class Reader {
  readonly #db: Db;
  readonly #files: Files;
  readonly #catalog: Catalog;
  readonly #hot: Hot;
  readonly #parquet: ParquetTier;
  readonly #eventsFolder: string;
  readonly #spillFolder: string;
  readonly #recovery: Recovery;
  readonly #rollups: Rollups;
  readonly #engaged: EngagedFiles;
  readonly #lake: LakeNode | null;
  readonly #peers: Peers | null;

  constructor(
    db: Db,
    files: Files,
    catalog: Catalog,
    hot: Hot,
    parquet: ParquetTier,
    recovery: Recovery,
    rollups: Rollups,
    options: {
      eventsFolder: string;
      spillFolder: string;
      lake: LakeNode | null;
      peers: Peers | null;
    },
  ) {
    this.#lake = options.lake;
    this.#peers = options.peers;
    this.#db = db;
    this.#files = files;
    this.#catalog = catalog;
    this.#hot = hot;
    this.#parquet = parquet;
    this.#eventsFolder = options.eventsFolder;
    this.#spillFolder = options.spillFolder;
    this.#recovery = recovery;
    this.#rollups = rollups;
    this.#engaged = new EngagedFiles(db);
  }

  /**
   * Rows of one statement; files proven corrupt are quarantined, and the others answer. A shortage
   * of the machine rejects with `unavailable`.
   * `build` gets a parenthesised relation of the stored columns but
   * site_id, every event accepted before this call included. Rejects as `Db.query` does.
   */
  query(
    site: string,
    span: SpanUs,
    build: (events: Sql) => Sql,
    limits: QueryLimits = {},
  ): Promise<Row[]> {
    return this.queryOf(site, span, ({ events }) => build(events(span)), limits);
  }

  /** The same for a statement that may read rollups; `span` holds all that it asks about. */
  async queryOf(
    site: string,
    span: SpanUs,
    build: (sources: Sources) => Sql,
    limits: QueryLimits = {},
  ): Promise<Row[]> {
    const read = new Set<string>();
    const statementOf = async (snapshot: Snapshot) => {
      read.clear();
      // Of the same moment.
      const rollups = this.#rollupsOf(site);
      const isWhole = this.incompleteDates(site, span).length === 0;
      const isEngaged = await this.#hasEngagement(snapshot, site, span);
      const of = (kind: RowKind): EventsOf => (part, columns) =>
        sql`(${eventsFor(snapshot, this.#eventsFolder, site, part, { kind, columns })})`;
      const rollupFile = (path: string) => {
        read.add(path);
        return this.#rollups.absolute(path);
      };
      return build({
        events: of(isEngaged ? "events" : "all"),
        engagements: isEngaged ? of("engagements") : null,
        rows: of("all"),
        rollups: isWhole ? rollups : null,
        rollupFile,
        sums: (_shapes, paths) => sql`read_parquet(${paths.map(rollupFile)})`,
        hotFromUs: Math.min(
          this.#hot.firstUs(snapshot.hotTables, site),
          this.#peers?.firstUs(snapshot.peers ?? [], site) ?? Infinity,
        ),
      });
    };
    const load = () => this.#rollups.load(site);
    const isMended = async (error: unknown) => {
      if (read.size === 0 || !isOfRollups(error)) return false;
      await this.#rollups.forget(site, [...read]);
      return true;
    };
    return await this.#ask(new Map([[site, span]]), { load, statementOf, isMended }, limits);
  }

  /**
   * The same of several sites at once, each with its span. `build` gets a relation of `site`,
   * `visitor_id`, `timestamp` and `event_name`, which may hold events beyond the spans.
   */
  async queryOfSites(
    spans: ReadonlyMap<string, SpanUs>,
    build: (events: Sql) => Sql,
    limits: QueryLimits = {},
  ): Promise<Row[]> {
    const statementOf = (snapshot: Snapshot) =>
      build(sql`(${eventsOfSites(snapshot, this.#eventsFolder, spans)})`);
    return await this.#ask(spans, { statementOf }, limits);
  }

  /** Whether events are in a lake, where those of several sites are not asked for at once. */
  get isOverLake(): boolean {
    return this.#lake !== null;
  }

  /** Asks over one snapshot; where what failed could be mended, again. */
  async #ask(
    spans: ReadonlyMap<string, SpanUs>,
    { load, statementOf, isMended }: Asking,
    limits: QueryLimits,
  ): Promise<Row[]> {
    for (let [hasMadeSpillFolder, attempt] = [false, 1];; attempt++) {
      this.#lake?.requireReadable();
      await this.#hot.sync();
      await load?.();
      // DuckDB may have been opened again since.
      this.#hot.requireWhole();
      const lease = this.#catalog.lease();
      const { snapshot } = lease;
      try {
        return await this.#db.query(await statementOf(snapshot), limits);
      } catch (error) {
        if (await isMended?.(error)) continue;
        if (!hasMadeSpillFolder && messageOf(error).includes(this.#spillFolder)) {
          // DuckDB makes it once only: without it all large questions would fail for ever.
          hasMadeSpillFolder = true;
          await this.#files.makeDir(this.#spillFolder);
          continue;
        }
        if (this.#lake) {
          await this.#askAgain(this.#lake, error, attempt, { spans, snapshot, limits });
        } else if (!await this.#quarantineCause(error, snapshot, spans)) throw error;
      } finally {
        lease.release();
      }
    }
  }

  #rollupsOf(site: string): SiteRollups | null {
    const known = this.#rollups.view(site) ?? null;
    if (known === null || this.#lake === null) return known;
    return { ...known, foreignToUs: Math.max(known.foreignToUs, this.#lake.importedToUs) };
  }

  /** Resolves where a statement about the lake may be asked again. */
  async #askAgain(
    lake: LakeNode,
    error: unknown,
    attempt: number,
    { spans, snapshot, limits }: {
      readonly spans: ReadonlyMap<string, SpanUs>;
      readonly snapshot: Snapshot;
      readonly limits: QueryLimits;
    },
  ): Promise<void> {
    const db = { query: (query: Sql) => this.#db.query(query, limits) };
    const asked = { db, spans, snapshot: snapshot.lake ?? 0 };
    const judged = await lake.judged(error, attempt === 1, asked);
    if (judged !== null) throw judged;
    await lake.follow();
  }

  /**
   * Leases the files of a site, with what is in none written to `hotPath`: the caller's, in the
   * data folder. Rejects as `query` does.
   */
  async leaseFiles(site: string, hotPath: string, limits: QueryLimits): Promise<LeasedFiles> {
    if (this.#lake) return await this.#copyOfLake(site, hotPath, limits);
    await this.#hot.sync();
    this.#hot.requireWhole();
    const lease = this.#catalog.lease();
    const { snapshot } = lease;
    try {
      const paths = filesFor(snapshot, site, EVER).map(({ path }) =>
        `${this.#eventsFolder}/${path}`
      );
      const isEngaged = await this.#hasEngagement(snapshot, site, EVER);
      if (this.#hot.firstUs(snapshot.hotTables, site) < Infinity) {
        const rows = hotRowsFor(snapshot, site);
        const copy = sql`copy (${rows}) to ${literal(hotPath)} (format parquet)`;
        await this.#db.query(copy, limits);
        paths.push(hotPath);
      }
      return { paths, isEngaged, release: () => lease.release() };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** All of a site in one file, as far as one may be that large. */
  async #copyOfLake(
    site: string,
    path: string,
    limits: QueryLimits,
  ): Promise<LeasedFiles> {
    const rows = this.storedEvents(site);
    if (rows > COPIED_ROWS_MAX) {
      throw new AppError(
        "conflict",
        `Cannot run SQL here: ${site} has ${rows} events in the lake, and ${COPIED_ROWS_MAX} ` +
          "can be copied for it; ask the lake itself, as docs/scale-out.md says",
      );
    }
    await this.queryOf(
      site,
      EVER,
      ({ rows }) => sql`copy ${rows(EVER)} to ${literal(path)} (format parquet)`,
      limits,
    );
    return { paths: [path], isEngaged: true, release: () => {} };
  }

  /** Quarantines corrupt files that an error may come from; resolves with whether any was. */
  async quarantineCause(error: unknown, site: string): Promise<boolean> {
    const lease = this.#catalog.lease();
    try {
      return await this.#quarantineCause(error, lease.snapshot, new Map([[site, EVER]]));
    } finally {
      lease.release();
    }
  }

  async #quarantineCause(
    error: unknown,
    snapshot: Snapshot,
    spans: ReadonlyMap<string, SpanUs>,
  ): Promise<boolean> {
    if (!mayBeCorruption(error)) return false;
    const suspects = [...spans].flatMap(([site, span]) => filesFor(snapshot, site, span));
    const corrupt = await findCorruptFiles(this.#db, this.#files, this.#eventsFolder, suspects);
    if (corrupt.length > 0) await this.#parquet.quarantine(corrupt);
    return corrupt.length > 0;
  }

  /** Whether the site may have engagements within a span. */
  async #hasEngagement(snapshot: Snapshot, site: string, span: SpanUs): Promise<boolean> {
    if (this.#hot.mayHoldEngagement(site)) return true;
    if (this.#peers?.mayHoldEngagement(site)) return true;
    if (this.#lake) return this.#lake.stockWithin(site, span).some(({ isEngaged }) => isEngaged);
    const files = filesFor(snapshot, site, span);
    return await this.#engaged.anyOf(files.map(({ path }) => `${this.#eventsFolder}/${path}`));
  }

  /** UTC dates within a span whose answers lack the events of a file, sorted. */
  incompleteDates(site: string, span: SpanUs): string[] {
    const last = utcDate(Math.max(span.fromUs, span.toUs - 1));
    const first = utcDate(span.fromUs);
    const lacking = [
      ...this.#recovery.quarantinedOf(site, first, last),
      ...this.#recovery.missing.of(site, first, last),
    ];
    return [...new Set(lacking.map(({ date }) => date))].sort();
  }

  /**
   * Of before this time (ms) nothing is missing that other servers over the lake accepted; null
   * where there are none.
   */
  behindSinceMs(): number | null {
    return this.#catalog.current.behindSinceMs ?? null;
  }

  /** Changes whenever an event of the site is accepted, and when its events change otherwise. */
  version(site: string): string {
    return this.#catalog.version(site);
  }

  /** Watches whether a site's events up to a time stay what they are, until `unseal`. */
  seal(site: string, toUs: number): Seal {
    return this.#catalog.seal(site, toUs);
  }

  /** Ends a watch. */
  unseal(seal: Seal): void {
    this.#catalog.unseal(seal);
  }

  /** Known site ids, sorted. */
  sites(): readonly string[] {
    return this.#catalog.sites();
  }

  /** The known site ids that differ in case alone. */
  get spellings(): Catalog["spellings"] {
    return this.#catalog.spellings;
  }

  /** How many events of a site are in files. */
  storedEvents(site: string): number {
    const files = this.#lake?.stockOf(site) ?? this.#catalog.current.files.get(site) ?? [];
    return files.reduce((sum, { rows }) => sum + rows, 0);
  }

  /**
   * How many events each site has that are in no file and not in the lake yet, other servers' over
   * the lake included; sites without any are missing.
   */
  waitingEvents(): ReadonlyMap<string, number> {
    const { hotTables, peers = [] } = this.#catalog.current;
    const counts = new Map<string, number>();
    this.#hot.addRowsTo(counts, hotTables);
    this.#peers?.addRowsTo(counts, peers);
    return counts;
  }

  /** Whether the site has ever had an event. */
  hasSite(site: string): boolean {
    return this.#catalog.hasSite(site);
  }

  /**
   * The visits that visitors of a site had within a span (ms): runs of their events without a pause
   * over `gapMs`, each with its first and last time (ms).
   */
  async visitsOf(
    site: string,
    visitorIds: readonly string[],
    { fromMs, toMs, gapMs }: { fromMs: number; toMs: number; gapMs: number },
  ): Promise<(readonly [visitorId: string, firstMs: number, lastMs: number])[]> {
    const span = { fromUs: Math.floor(fromMs) * 1000, toUs: Math.floor(toMs) * 1000 + 1000 };
    const rows = await this.query(site, span, (events) =>
      sql`
      with seen as (
        select visitor_id, epoch_ms(timestamp) as at_ms from ${events}
        where visitor_id in (select unnest(${visitorIds}))
      ), pauses as (
        select visitor_id, at_ms, at_ms - lag(at_ms, 1, at_ms) over visitor > ${gapMs} as begins
        from seen window visitor as (partition by visitor_id order by at_ms)
      ), numbered as (
        select visitor_id, at_ms, sum(begins::int) over (
          partition by visitor_id order by at_ms rows unbounded preceding
        ) as visit from pauses
      )
      select visitor_id, min(at_ms) as first_ms, max(at_ms) as last_ms
      from numbered group by visitor_id, visit order by visitor_id, first_ms`);
    return rows.map((row) => [
      String(row["visitor_id"]),
      Number(row["first_ms"]),
      Number(row["last_ms"]),
    ]);
  }

  /**
   * Whether a site has nothing within a span, as it can be told without a statement: no over a
   * lake. Rejects as `query` does.
   */
  async hasNothing(site: string, span: SpanUs): Promise<boolean> {
    if (this.#lake || this.#peers) return false;
    await this.#hot.sync();
    this.#hot.requireWhole();
    const { current } = this.#catalog;
    return filesFor(current, site, span).length === 0 &&
      this.#hot.firstUs(current.hotTables, site) >= span.toUs;
  }

  /** Events of the files that may hold events of a span. */
  rowsBetween(site: string, span: SpanUs): number {
    const files = this.#lake?.stockWithin(site, span) ??
      filesFor(this.#catalog.current, site, span);
    return files.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** The Parquet files of a site, oldest first: the same list until they change. */
  filesOf(site: string): readonly CatalogFile[] {
    return this.#catalog.current.files.get(site) ?? NO_FILES;
  }

  /** The same, or the partitions of the lake. */
  storedOf(site: string): readonly Partition[] {
    return this.#lake?.stockOf(site) ?? this.filesOf(site);
  }

  /** UTC date of the site's oldest Parquet file or partition of the lake; null without any. */
  firstDate(site: string): string | null {
    return this.storedOf(site)[0]?.date ?? null;
  }
}
