// Up to which row of a journal its events are in the lake: a row for each start of a server. The
// commit that inserts events moves the mark, so that it is right after any crash.
import { ident, join, type Sql, sql } from "../../core/sql.ts";
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

/** What a snapshot of the lake has of a journal, and of those of other servers. */
export interface Marked {
  readonly snapshot: number;
  readonly lastSeq: number;
  /** The last erasure of which others know that it was done here; Infinity where none can. */
  readonly erasedTo: number;
  /** The journals that other servers write to. */
  readonly others: readonly Entered[];
  /** The number of the last erasure of all. */
  readonly erasedMax: number;
  /** Why this journal is no longer its server's; null where it is. */
  readonly fault: string | null;
}

/** A row of `nodes`. */
export interface Entered {
  readonly node: string;
  readonly journal: string;
  /** The journal that it goes on from, and the last row that both have. */
  readonly parent: string | null;
  readonly base_seq: number;
  readonly last_seq: number;
  readonly is_retired: boolean;
  /** The server that writes to it in the place of its own; null where none does. */
  readonly taken_by: string | null;
  /** Where other servers ask it for what is not in the lake yet; null where they cannot. */
  readonly address: string | null;
  /** What it accepted before this time, by its own clock, is in the lake. */
  readonly flushed_us: number;
  /** The last erasure that it has done. */
  readonly erased_to: number;
  /** The last erasure that it was asked for itself, done or not. */
  readonly recorded_to: number;
}

/** In the place of a server's name and its journal's. */
const NO_SERVER = "erasures";

/** What a server says of itself when it enters its journal. */
export interface Entering {
  readonly before: Before;
  readonly address: string | null;
  readonly nowUs: number;
  /** The last erasure that its data folder has done; null where it cannot have missed one. */
  readonly erasedTo: number | null;
}

/**
 * Enters a journal as that of its node, after which no other data folder of the same name can
 * write, and no copy of this one that has the same rows to bring; other nodes go on. Resolves with
 * its row: what is in the lake of the rows that the data folder has.
 */
export async function enter(
  run: Run,
  { node, journal }: NodeName,
  { before, address, nowUs, erasedTo }: Entering,
): Promise<Entered> {
  const rows = (await run(sql`select * from ${NODES}`)).map(enteredOf);
  const known = rows.find((row) => row.journal === journal);
  // The answer to an earlier attempt was lost, though it was committed.
  if (known) return known;
  const shared = before.journal === null
    ? new Map<string, number>()
    : sharedRows(rows, before.journal, before.lastSeq);
  const sharedOf = (row: Entered) => shared.get(row.journal) ?? 0;
  const lastSeq = Math.max(0, ...rows.map((row) => Math.min(row.last_seq, sharedOf(row))));
  const ended = rows.filter((row) =>
    row.taken_by === null &&
    ((row.node === node && !row.is_retired) || row.journal === before.journal ||
      // What both have and the lake has not, both would bring.
      sharedOf(row) > lastSeq)
  );
  if (ended.length > 0) {
    const journals = join(ended.map((row) => sql`${row.journal}`));
    await run(
      sql`update ${NODES} set is_retired = true, taken_by = ${node} where journal in (${journals})`,
    );
  }
  const isWaiting = before.journal !== null && lastSeq < before.lastSeq;
  const parent = rows.find((row) => row.journal === before.journal);
  const entered = {
    node,
    journal,
    parent: before.journal,
    base_seq: before.lastSeq,
    last_seq: lastSeq,
    is_retired: false,
    taken_by: null,
    address,
    flushed_us: isWaiting ? parent?.flushed_us ?? 0 : nowUs,
    erased_to: erasedTo ?? erasedMaxOf(rows),
    recorded_to: 0,
  };
  await insert(run, entered);
  return entered;
}

async function insert(run: Run, row: Partial<Entered>): Promise<void> {
  const values = Object.values(row).map((value) => sql`${value}`);
  await run(
    sql`insert into ${NODES} (${join(Object.keys(row).map(ident))}) values (${join(values)})`,
  );
}

function erasedMaxOf(rows: readonly Entered[]): number {
  return Math.max(0, ...rows.map(({ erased_to, recorded_to }) => Math.max(erased_to, recorded_to)));
}

/**
 * By journal how many rows it has in common with the first `seqTo` of one: with those that it goes
 * on from, and with all that go on from them. The data folder may be a copy, or one that was put
 * back; what came after the rows that both have has the same numbers, and is something else.
 */
function sharedRows(
  rows: readonly Entered[],
  journal: string,
  seqTo: number,
): ReadonlyMap<string, number> {
  const known = new Map(rows.map((row) => [row.journal, row]));
  const later = Map.groupBy(rows, ({ parent }) => parent);
  const shared = new Map([[journal, seqTo]]);
  const share = (name: string, seq: number) => shared.has(name) || shared.set(name, seq);
  // What is added meanwhile is visited too.
  for (const [name, seq] of shared) {
    const { parent = null, base_seq = 0 } = known.get(name) ?? {};
    if (parent !== null) share(parent, Math.min(seq, base_seq));
    for (const row of later.get(name) ?? []) share(row.journal, Math.min(seq, row.base_seq));
  }
  return shared;
}

function enteredOf(row: Row): Entered {
  const textOf = (name: string) => typeof row[name] === "string" ? row[name] : null;
  return {
    node: String(row["node"]),
    journal: String(row["journal"]),
    parent: textOf("parent"),
    base_seq: Number(row["base_seq"]),
    last_seq: Number(row["last_seq"]),
    is_retired: row["is_retired"] === true,
    taken_by: textOf("taken_by"),
    address: textOf("address"),
    flushed_us: Number(row["flushed_us"] ?? 0),
    erased_to: Number(row["erased_to"] ?? 0),
    recorded_to: Number(row["recorded_to"] ?? 0),
  };
}

/**
 * The mark, and the number of the last erasure, for a commit that moves the mark. A journal that
 * was retired by mistake counts again. Rejects where another server has its name, or went on from
 * what the journal has: it has brought that.
 */
export async function markOf(
  run: Run,
  { node, journal }: NodeName,
): Promise<{ readonly lastSeq: number; readonly erasedMax: number }> {
  const rows = (await run(sql`select * from ${NODES}`)).map(enteredOf);
  const own = rows.find((row) => row.journal === journal);
  const fault = faultOf(rows, { node, journal });
  if (own === undefined || fault !== null) throw new Error(fault ?? "it knows no such journal");
  if (own.is_retired) {
    await run(sql`update ${NODES} set is_retired = false where journal = ${journal}`);
  }
  return { lastSeq: own.last_seq, erasedMax: erasedMaxOf(rows) };
}

/** Why a journal is no longer its server's: another has its name, or its rows. */
function faultOf(rows: readonly Entered[], { node, journal }: NodeName): string | null {
  // Those of before `taken_by` have nothing there.
  const taker = rows.find((row) => row.journal === journal)?.taken_by ??
    rows.find((row) => row.parent === journal)?.node ??
    rows.find((row) => row.node === node && !row.is_retired && row.journal !== journal)?.node;
  return taker === undefined
    ? null
    : `another server writes to it as ${taker}, in the place of this one; stop one of the two`;
}

/** What a commit may change in the row of its journal. */
export type Moved = Partial<
  Pick<Entered, "last_seq" | "flushed_us" | "erased_to" | "recorded_to" | "is_retired">
>;

/** Changes the row of a journal. */
export async function move(run: Run, { journal }: NodeName, moved: Moved): Promise<void> {
  const changes = Object.entries(moved).map(([name, value]) => sql`${ident(name)} = ${value}`);
  await run(sql`update ${NODES} set ${join(changes)} where journal = ${journal}`);
}

/**
 * Notes the number of the last erasure in a row that is no server's: servers of before
 * `recorded_to` look for the highest `erased_to` of all rows, and bring nothing that was erased
 * where they find it. In that of a server it would say that the server has done the erasure.
 */
export async function noteNumber(run: Run, number: number): Promise<void> {
  const name = { node: NO_SERVER, journal: NO_SERVER };
  const found = await run(sql`select 1 from ${NODES} where journal = ${NO_SERVER}`);
  if (found.length > 0) return await move(run, name, { erased_to: number });
  const unused = { parent: null, base_seq: 0, last_seq: 0, is_retired: true };
  await insert(run, { ...name, ...unused, erased_to: number });
}

/** Retires the journals of a server that is gone for good; resolves with how many it had. */
export async function retire(run: Run, node: string): Promise<number> {
  const where = sql`where node = ${node} and not is_retired`;
  const [row] = await run(sql`select count(*) as found from ${NODES} ${where}`);
  const found = Number(row?.["found"] ?? 0);
  if (found > 0) await run(sql`update ${NODES} set is_retired = true ${where}`);
  return found;
}

/** The newest snapshot with the rows of `nodes` that it has. */
export function newestMarks(): Sql {
  return sql`select s.id as snapshot, n.*
    from ducklake_current_snapshot(${literal(LAKE)}) s left join ${NODES} n on true`;
}

/** What its rows say to the server that writes to `journal`. */
export function markedOf(rows: readonly Row[], name: NodeName): Marked {
  const { journal } = name;
  const entered = rows.filter((row) => row["journal"] !== null).map(enteredOf);
  const own = entered.find((row) => row.journal === journal);
  return {
    snapshot: Number(rows[0]?.["snapshot"]),
    lastSeq: own?.last_seq ?? 0,
    erasedTo: own?.erased_to ?? Infinity,
    others: entered.filter((row) => row.journal !== journal && !row.is_retired),
    erasedMax: erasedMaxOf(entered),
    fault: faultOf(entered, name),
  };
}

/** What other servers accepted before this time (ms) is in the lake; null where there are none. */
export function flushedSinceMs(others: readonly Entered[]): number | null {
  return others.length === 0
    ? null
    : Math.min(...others.map(({ flushed_us }) => flushed_us / 1000));
}
