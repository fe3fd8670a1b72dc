// What the visits of the running day add up to by the values of a dimension, in a table beside
// theirs: made when a list is first asked for, and right as long as that table is.
import { Mutex } from "../../core/mutex.ts";
import { ident, type Sql, sql } from "../../core/sql.ts";
import type { Db } from "../../storage/duckdb.ts";
import type { DimensionRef } from "../dimensions.ts";

/** A list of the sums: by a dimension, or of all visits. */
export interface RecentList {
  /** Null: all visits, as one value. */
  readonly ref: DimensionRef | null;
  /** The text of its NULL. */
  readonly missing: string;
}

/** Where the sums of some lists are: rows of list, k0, visitors, pageviews and events. */
export interface RecentListSums {
  readonly table: string;
  /** The number of each list. */
  readonly numbers: readonly number[];
}

/**
 * Rows of list, k0, visitor_id, pageviews and events of visits `visits`, a relation: those of the
 * numbered lists.
 */
export type RowsOfLists = (
  lists: readonly (RecentList & { readonly number: number })[],
  visits: Sql,
) => Sql;

/** Most rows of a table of sums; lists of more values are asked for one by one. */
const ROWS_MAX = 40_000;
/** Ends the name of the table of sums. */
const SUMS = "_sums";

/** The name of the table of sums beside a table of visits. */
export const sumsNameOf = (table: string) => `${table}${SUMS}`;

/** The sums of one table of visits. */
export class RecentSums {
  /** The table of visits. */
  readonly visits: string;
  readonly #db: Pick<Db, "query">;
  readonly #numbers = new Map<string, number>();
  readonly #mutex = new Mutex();
  #isMade = false;
  #rows = 0;
  readonly #rowsMax: number;

  constructor(db: Pick<Db, "query">, visits: string, rowsMax = ROWS_MAX) {
    this.#db = db;
    this.visits = visits;
    this.#rowsMax = rowsMax;
  }

  /** The sums of visits from a day on; null where they are not made, or too many. */
  find(lists: readonly RecentList[], first: number): RecentListSums | null {
    const numbers = lists.map((list) => this.#numbers.get(keyOf(list, first)));
    const isWhole = numbers.every((number) => number !== undefined);
    return isWhole ? { table: sumsNameOf(this.visits), numbers } : null;
  }

  /**
   * Makes those that are not there, unless all have too many rows: then none is found any more.
   * Resolves with the number of rows.
   */
  make(lists: readonly RecentList[], first: number, rowsOf: RowsOfLists): Promise<number> {
    return this.#mutex.run(async () => {
      // The same list may be asked for twice.
      const wanted = new Map(lists.map((list) => [keyOf(list, first), list]));
      const missing = [...wanted].filter(([key]) => !this.#numbers.has(key));
      if (missing.length === 0 || this.#rows > this.#rowsMax) return this.#rows;
      const from = this.#numbers.size;
      const numbered = missing.map(([key, list], at) => ({ ...list, key, number: from + at }));
      const name = ident(sumsNameOf(this.visits));
      if (!this.#isMade) {
        await this.#db.query(sql`create table if not exists ${name} (
          list integer, k0 varchar, visitors bigint, pageviews bigint, events bigint)`);
        this.#isMade = true;
      }
      const visits = sql`(select * from ${ident(this.visits)} where day >= ${first})`;
      await this.#db.query(sql`insert into ${name}
        select list, k0, count(*), sum(pageviews), sum(events)
        from (
          select list, k0, visitor_id, sum(pageviews) as pageviews, sum(events) as events
          from (${rowsOf(numbered, visits)})
          group by list, k0, visitor_id
        )
        group by list, k0
        limit ${this.#rowsMax + 1 - this.#rows}`);
      const [row] = await this.#db.query(sql`select count(*) as rows from ${name}`);
      this.#rows = Number(row?.["rows"]);
      // What others read stays; nothing is found any more.
      if (this.#rows > this.#rowsMax) {
        this.#numbers.clear();
        return this.#rows;
      }
      for (const { key, number } of numbered) this.#numbers.set(key, number);
      return this.#rows;
    });
  }
}

function keyOf({ ref, missing }: RecentList, first: number): string {
  return JSON.stringify([ref, missing, first]);
}
