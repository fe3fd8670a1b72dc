// What other servers have accepted and not brought into the lake yet: asked for at an interval,
// kept in tables of the DuckDB of statistics, and read beside the lake. The marks of the snapshot
// that is read decide which of these rows count: those that it has do not.
import { messageOf } from "../../../core/errors.ts";
import { ident, sql } from "../../../core/sql.ts";
import type { Clock, Log } from "../../../core/types.ts";
import type { Db } from "../../duckdb.ts";
import { createPeerTable, insertPeerEvents } from "../../parquet/schema.ts";
import type { PeerRows } from "../../tiers/snapshot.ts";
import type { Catalog } from "../../tiers/catalog.ts";
import { TableRows } from "../../duckdb/table_rows.ts";
import type { Entered } from "../marks.ts";
import type { Erasure } from "./erasures.ts";

/** An answer to a request for rows. */
export interface PeerAnswer {
  readonly status: number;
  readonly headers: Pick<Headers, "get">;
  readonly text: string;
}

/** Asks another server. Rejects where it does not answer in time. */
export type AskPeer = (
  url: string,
  headers: Readonly<Record<string, string>>,
  msMax: number,
) => Promise<PeerAnswer>;

/** How other servers are asked. */
export interface PeerOptions {
  /** What all servers of the lake know. */
  readonly secret: string;
  readonly ask: AskPeer;
}

/** Where a server gives its rows, and what its answer says beside them. */
export const HOT_PATH = "/internal/hot";
export const SEQ_HEADER = "x-journal-seq";
export const MORE_HEADER = "x-journal-more";
export const ERASED_HEADER = "x-journal-erased";

/** A server that does not answer in this time is behind. */
const ANSWER_MS_MAX = 2000;
/** Rows of one server that are kept at most: beyond them, answers say that it is behind. */
const ROWS_MAX = 500_000;

/** Rows after `afterSeq` were sent when the erasures up to `erasedTo` were done. */
interface Sent {
  readonly erasedTo: number;
  readonly afterSeq: number;
}

/** What is known of one journal. */
interface Held {
  readonly table: string;
  /** Rows up to this one were asked for. */
  seqTo: number;
  rows: number;
  /** What the server had erased when it sent rows, oldest first. */
  readonly sent: Sent[];
  /** Up to which row the table has none, for the lake has them. */
  readonly mark: number;
}

/** The rows of other servers. */
export class Peers {
  readonly #db: Db;
  readonly #catalog: Catalog;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: PeerOptions;
  readonly #held = new Map<string, Held>();
  /** By table and site the time of its first event, or an earlier one. */
  readonly #firstUs = new Map<string, Map<string, number>>();
  readonly #siteRows = new TableRows();
  /** By journal when everything was asked for, and when an answer lacked nothing of before. */
  readonly #wholeMs = new Map<string, number>();
  readonly #failing = new Map<string, string>();
  /** Sites of which an engagement was among the rows at some time. */
  readonly #engaged = new Set<string>();
  #number = 0;

  constructor(db: Db, catalog: Catalog, clock: Clock, log: Log, options: PeerOptions) {
    this.#db = db;
    this.#catalog = catalog;
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
  }

  /** Asks all of them for what came since; `erased` is what some of them have yet to erase. */
  async pull(others: readonly Entered[], erased: readonly Erasure[]): Promise<void> {
    const asked = others.filter(({ address }) => address !== null);
    await Promise.all(asked.map((other) => this.#pull(other, erased)));
  }

  /** Whether there is one that has not been asked yet. */
  hasNew(others: readonly Entered[]): boolean {
    return others.some(({ journal, address }) =>
      address !== null && !this.#wholeMs.has(journal) && !this.#failing.has(journal)
    );
  }

  /** What is to be read beside a snapshot that has these marks. */
  rowsBeside(others: readonly Entered[]): readonly PeerRows[] {
    return others.flatMap(({ journal, last_seq }) => {
      const held = this.#held.get(journal);
      return held ? [{ table: held.table, afterSeq: last_seq }] : [];
    });
  }

  /** Of before this time (ms) nothing of theirs is missing; null where there are none. */
  wholeSinceMs(others: readonly Entered[]): number | null {
    if (others.length === 0) return null;
    return Math.min(
      ...others.map(({ journal, flushed_us }) => {
        return Math.max(this.#wholeMs.get(journal) ?? 0, flushed_us / 1000);
      }),
    );
  }

  /** Time of a site's first event in some tables, or earlier; Infinity where there is none. */
  firstUs(tables: readonly PeerRows[], site: string): number {
    return Math.min(
      ...tables.map(({ table }) => this.#firstUs.get(table)?.get(site) ?? Infinity),
    );
  }

  /** Adds the rows in some tables to `counts` by site. */
  addRowsTo(counts: Map<string, number>, tables: readonly PeerRows[]): void {
    this.#siteRows.addTo(counts, tables.map(({ table }) => table));
  }

  /** Whether engagements of a site may be among them. */
  mayHoldEngagement(site: string): boolean {
    return this.#engaged.has(site);
  }

  /**
   * Makes tables without the rows that the lake has. Resolves with those that nobody reads any
   * more once the next snapshot is published.
   */
  async trim(others: readonly Entered[]): Promise<readonly string[]> {
    const gone: string[] = [];
    for (const [journal, held] of this.#held) {
      const other = others.find((one) => one.journal === journal);
      if (other !== undefined && other.last_seq <= held.mark) continue;
      gone.push(held.table);
      this.#held.delete(journal);
      if (other === undefined) {
        this.#wholeMs.delete(journal);
        this.#failing.delete(journal);
        for (const site of this.#firstUs.get(held.table)?.keys() ?? []) {
          this.#catalog.changed(site);
        }
        continue;
      }
      const next = await this.#make(held.seqTo, other.last_seq);
      next.sent.push(...held.sent);
      const [moved] = await this.#db.execute(
        sql`insert into ${ident(next.table)} select * from ${ident(held.table)}
          where seq > ${other.last_seq}`,
      );
      next.rows = Number(moved?.["Count"] ?? 0);
      const firsts = await this.#db.query(
        sql`select site_id, epoch_us(min(timestamp)) as us, count(*) as rows
          from ${ident(next.table)} group by 1`,
      );
      for (const { site_id, us, rows } of firsts) {
        this.#note(next.table, String(site_id), Number(us));
        this.#siteRows.set(next.table, String(site_id), Number(rows));
      }
      this.#held.set(journal, next);
    }
    return gone;
  }

  /** Drops tables that nobody reads any more. */
  async drop(tables: readonly string[]): Promise<void> {
    for (const table of tables) {
      this.#firstUs.delete(table);
      this.#siteRows.drop(table);
    }
    await this.#db.drop(tables);
  }

  /** How many rows of a site and of UTC dates are read beside a snapshot that has these marks. */
  async count(
    others: readonly Entered[],
    site: string,
    firstDate: string,
    lastDate: string,
  ): Promise<number> {
    const counted = this.rowsBeside(others).map(({ table, afterSeq }) =>
      this.#db.query(
        sql`select count(*)::double as rows from ${ident(table)}
          where site_id = ${site} and seq > ${afterSeq}
          and timestamp >= ${firstDate}::timestamp
          and timestamp < ${lastDate}::timestamp + interval 1 day`,
      )
    );
    const found = (await Promise.all(counted)).flat();
    return found.reduce((sum, { rows }) => sum + Number(rows), 0);
  }

  /** The UTC dates of a site's rows that are read beside a snapshot that has these marks. */
  async dates(others: readonly Entered[], site: string): Promise<readonly string[]> {
    const found = await Promise.all(
      this.rowsBeside(others).map(({ table, afterSeq }) =>
        this.#db.query(
          sql`select distinct timestamp::date::varchar as date from ${ident(table)}
            where site_id = ${site} and seq > ${afterSeq}`,
        )
      ),
    );
    return found.flat().map(({ date }) => String(date));
  }

  /** Deletes what was erased: what a server sent after it had erased was not. */
  async erase(erasure: Erasure): Promise<void> {
    for (const held of this.#held.values()) await this.#erase(held, erasure);
  }

  async #erase(
    { table, mark, sent }: Held,
    { number, site, firstDate, lastDate, toUs }: Erasure,
  ): Promise<void> {
    const lastSeq = sent.find(({ erasedTo }) => number <= erasedTo)?.afterSeq ??
      Number.MAX_SAFE_INTEGER;
    if (lastSeq <= mark) return;
    const [deleted] = await this.#db.execute(
      sql`delete from ${ident(table)} where site_id = ${site} and seq <= ${lastSeq}
        and timestamp >= ${firstDate}::timestamp
        and timestamp < least(${lastDate}::timestamp + interval 1 day, make_timestamp(${toUs}))`,
    );
    this.#siteRows.add(table, site, -Number(deleted?.["Count"] ?? 0));
    this.#catalog.changed(site);
  }

  /** Notes that DuckDB was opened again, and holds nothing. */
  forget(): void {
    for (const site of [...this.#firstUs.values()].flatMap((firsts) => [...firsts.keys()])) {
      this.#catalog.changed(site);
    }
    this.#firstUs.clear();
    this.#siteRows.clear();
    this.#held.clear();
    this.#wholeMs.clear();
  }

  async #pull(other: Entered, erased: readonly Erasure[]): Promise<void> {
    const { node, journal } = other;
    try {
      const held = this.#held.get(journal) ?? await this.#make(other.last_seq, other.last_seq);
      this.#held.set(journal, held);
      held.seqTo = Math.max(held.seqTo, other.last_seq);
      for (let isMore = true; isMore && held.rows < ROWS_MAX;) {
        const startedMs = this.#clock.nowMs();
        const answer = await this.#ask(other, held.seqTo);
        const seqTo = seqOf(answer, held.seqTo);
        const erasedTo = Number(answer.headers.get(ERASED_HEADER));
        if (erasedTo > (held.sent.at(-1)?.erasedTo ?? 0)) {
          held.sent.push({ erasedTo, afterSeq: held.seqTo });
        }
        await this.#insert(held, answer.text);
        for (const erasure of erased) await this.#erase(held, erasure);
        held.seqTo = seqTo;
        isMore = answer.headers.get(MORE_HEADER) !== null;
        if (!isMore) this.#wholeMs.set(journal, startedMs);
      }
      if (this.#failing.delete(journal)) this.#log("info", "Another server answers", { node });
    } catch (error) {
      if (!this.#failing.has(journal)) {
        this.#log("warn", "Cannot ask another server for its events", {
          node,
          reason: messageOf(error),
        });
      }
      this.#failing.set(journal, messageOf(error));
    }
  }

  async #ask({ address, journal }: Entered, after: number): Promise<PeerAnswer> {
    const query = new URLSearchParams({ journal, after: String(after) });
    const headers = { authorization: `Bearer ${this.#options.secret}` };
    const url = `${address}${HOT_PATH}?${query}`;
    const answer = await this.#options.ask(url, headers, ANSWER_MS_MAX);
    if (answer.status === 200) return answer;
    throw new Error(`${address} answers ${answer.status}: ${answer.text.slice(0, 200)}`);
  }

  async #insert(held: Held, text: string): Promise<void> {
    const rows = JSON.parse(text) as {
      readonly e: {
        readonly site_id: string;
        readonly timestamp: number;
        readonly engaged_ms?: number | null;
      };
    }[];
    if (rows.length === 0) return;
    const seen = new Map<string, { count: number; earliestUs: number }>();
    for (const { e: { site_id, timestamp, engaged_ms } } of rows) {
      const known = seen.get(site_id) ?? { count: 0, earliestUs: Infinity };
      known.count++;
      known.earliestUs = Math.min(known.earliestUs, timestamp);
      seen.set(site_id, known);
      if (typeof engaged_ms === "number") this.#engaged.add(site_id);
    }
    for (const [site, { earliestUs }] of seen) this.#note(held.table, site, earliestUs);
    await this.#db.executeEach(insertPeerEvents(held.table), [text]);
    held.rows += rows.length;
    for (const [site, { count, earliestUs }] of seen) {
      this.#siteRows.add(held.table, site, count);
      if (!this.#catalog.hasSite(site)) this.#catalog.addSite(site);
      this.#catalog.appended(site, count, earliestUs);
    }
  }

  async #make(seqTo: number, mark: number): Promise<Held> {
    const table = `peer_${++this.#number}`;
    await this.#db.execute(createPeerTable(table));
    this.#firstUs.set(table, new Map());
    return { table, seqTo, rows: 0, sent: [], mark };
  }

  #note(table: string, site: string, us: number): void {
    const firsts = this.#firstUs.get(table);
    firsts?.set(site, Math.min(firsts.get(site) ?? Infinity, us));
  }
}

/** Up to which row an answer goes. Throws where it does not say: the rows would come again. */
function seqOf({ headers }: PeerAnswer, afterSeq: number): number {
  const seq = headers.get(SEQ_HEADER) ?? "";
  if (/^\d{1,15}$/.test(seq) && Number(seq) >= afterSeq) return Number(seq);
  throw new Error(
    `its answer does not say up to which row it goes (${SEQ_HEADER}); does a proxy remove it?`,
  );
}
