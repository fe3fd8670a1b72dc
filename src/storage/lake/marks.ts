// Up to which row of a journal its events are in the lake: a row for each start of a server. The
// commit that inserts events moves the mark, so that it is right after any crash.
import { type Sql, sql } from "../../core/sql.ts";
import type { Row, Run } from "../duckdb.ts";
import { literal } from "../parquet/schema.ts";
import { LAKE } from "./connection.ts";
import { NODES } from "./tables.ts";

/** Whose journal it is. */
export interface NodeName {
  readonly node: string;
  /** The journal of one data folder from one start of a server to the next. */
  readonly journal: string;
}

/** What a data folder knows of its journal when a server starts. */
export interface Before {
  /** The name that it had at the last start; null where there was none. */
  readonly journal: string | null;
  /** Its last row. */
  readonly lastSeq: number;
}

/** What a snapshot of the lake has of a journal. */
export interface Marked {
  readonly snapshot: number;
  readonly lastSeq: number;
}

/** A row of `nodes`. */
interface Entered {
  readonly node: string;
  readonly journal: string;
  /** The journal that it goes on from, and the last row that both have. */
  readonly parent: string | null;
  readonly base_seq: number;
  readonly last_seq: number;
  readonly is_retired: boolean;
}

/**
 * Enters a journal as that of its node, after which no other data folder of the same name can
 * write. Rejects where another node is there: several do not share what they need yet. Resolves
 * with the mark: what is in the lake of the rows that the data folder has.
 */
export async function enter(
  run: Run,
  { node, journal }: NodeName,
  before: Before,
): Promise<number> {
  const rows = (await run(sql`select * from ${NODES}`)).map(enteredOf);
  const entered = rows.find((row) => row.journal === journal);
  // The answer to an earlier attempt was lost, though it was committed.
  if (entered) return entered.last_seq;
  const other = rows.find((row) => row.node !== node && !row.is_retired);
  if (other) {
    throw new Error(
      `the server ${other.node} writes to it, and a lake can have one server; if it is gone for ` +
        `good, set node_name = "${other.node}" here`,
    );
  }
  const lastSeq = before.journal === null ? 0 : broughtOf(rows, before.journal, before.lastSeq);
  if (rows.some((row) => !row.is_retired)) {
    await run(sql`update ${NODES} set is_retired = true where not is_retired`);
  }
  await run(
    sql`insert into ${NODES}
      values (${node}, ${journal}, ${before.journal}, ${before.lastSeq}, ${lastSeq}, false)`,
  );
  return lastSeq;
}

/**
 * The last row that is in the lake of the first `seqTo` of a journal: by itself, or by one that
 * goes on from it. The data folder may be a copy, or one that was put back; what came after the
 * rows that both have has the same numbers, and is something else.
 */
function broughtOf(rows: readonly Entered[], journal: string, seqTo: number): number {
  const brought = rows.filter((row) => row.journal === journal)
    .map(({ last_seq }) => Math.min(last_seq, seqTo));
  const later = rows.filter(({ parent }) => parent === journal)
    .map((row) => broughtOf(rows, row.journal, Math.min(seqTo, row.base_seq)));
  return Math.max(0, ...brought, ...later);
}

function enteredOf(row: Row): Entered {
  return {
    node: String(row["node"]),
    journal: String(row["journal"]),
    parent: row["parent"] === null ? null : String(row["parent"]),
    base_seq: Number(row["base_seq"]),
    last_seq: Number(row["last_seq"]),
    is_retired: row["is_retired"] === true,
  };
}

/** The mark, for a commit that moves it. Rejects where the journal may not write any more. */
export async function markOf(run: Run, { node, journal }: NodeName): Promise<number> {
  const [row] = await run(
    sql`select last_seq, is_retired from ${NODES} where journal = ${journal}`,
  );
  if (row === undefined || row["is_retired"] === true) {
    throw new Error(`another server writes to it as ${node}; stop one of the two`);
  }
  return Number(row["last_seq"]);
}

/** Moves the mark. */
export async function move(run: Run, { journal }: NodeName, lastSeq: number): Promise<void> {
  await run(sql`update ${NODES} set last_seq = ${lastSeq} where journal = ${journal}`);
}

/** The newest snapshot with the mark that it has. */
export function newestMark({ journal }: NodeName): Sql {
  return sql`select id as snapshot,
      (select last_seq from ${NODES} where journal = ${journal}) as last_seq
    from ducklake_current_snapshot(${literal(LAKE)})`;
}

/** What a row of it says. */
export function markedOf(row: Row | undefined): Marked {
  return { snapshot: Number(row?.["snapshot"]), lastSeq: Number(row?.["last_seq"] ?? 0) };
}
