// Erasures over a lake that several servers write to: each is recorded in the commit that deletes
// from the lake, and every server does it with what it has not brought into the lake yet.
import { type Sql, sql } from "../../../core/sql.ts";
import type { Row, Run } from "../../duckdb.ts";
import { markOf, move, type NodeName, noteNumber } from "../marks.ts";
import { ERASURES, NODES } from "../tables.ts";

/** What was erased: events of a site and of UTC dates, both included, of before a time. */
export interface Erasure {
  readonly number: number;
  readonly site: string;
  readonly firstDate: string;
  readonly lastDate: string;
  /** Events from this time on came after it. */
  readonly toUs: number;
}

/**
 * Records an erasure in the commit that does it in the lake, but for the dates in `left`; resolves
 * with its number. It takes the place of earlier ones of the same or less of which dates are left:
 * whatever they have left is left of it, or done with it.
 */
export async function record(
  run: Run,
  name: NodeName,
  { site, firstDate, lastDate, toUs }: Omit<Erasure, "number">,
  left: readonly string[] = [],
): Promise<number> {
  const { erasedMax } = await markOf(run, name);
  const number = erasedMax + 1;
  const replaced = (await withLeft(run, site)).filter((one) =>
    one.firstDate >= firstDate && one.lastDate <= lastDate
  );
  for (const one of replaced) await run(sql`delete from ${ERASURES} where number = ${one.number}`);
  await run(
    sql`insert into ${ERASURES} (number, site_id, first_date, last_date, to_us, left_dates)
      values (${number}, ${site}, ${firstDate}, ${lastDate}, ${toUs}, ${textOf(left)})`,
  );
  // What the highest number of all is, every server reads with the marks. Until this one has done
  // it too, it holds what was erased, and others ask it for that.
  await move(run, name, { recorded_to: number });
  await noteNumber(run, number);
  return number;
}

/**
 * Notes, in all erasures of a site of which dates are left in the lake, that those of some dates
 * are erased, but for `left`.
 */
export async function noteLeft(
  run: Run,
  { site, firstDate, lastDate }: Pick<Erasure, "site" | "firstDate" | "lastDate">,
  left: readonly string[],
): Promise<void> {
  for (const { number, dates } of await withLeft(run, site)) {
    const stay = dates.filter((date) => date < firstDate || date > lastDate || left.includes(date));
    if (stay.length === dates.length) continue;
    await run(
      sql`update ${ERASURES} set left_dates = ${textOf(stay)} where number = ${number}`,
    );
  }
}

async function withLeft(run: Run, site: string): Promise<readonly LeftErasure[]> {
  return (await run(sql`${LEFT_ERASURES} and site_id = ${site}`)).map(leftErasureOf);
}

/** An erasure of which dates are in the lake still. */
export interface LeftErasure extends Erasure {
  /** UTC dates of which a file cannot be read, oldest first. */
  readonly dates: readonly string[];
}

/** The erasures of which dates are left, of all sites. */
export const LEFT_ERASURES: Sql = sql`select * from ${ERASURES} where left_dates is not null`;

/** What a row of it says. */
export function leftErasureOf(row: Row): LeftErasure {
  return { ...erasureOf(row), dates: datesOf(row) };
}

/** The dates in a row of it that are left, oldest first. */
function datesOf(row: Row): readonly string[] {
  const text = row["left_dates"];
  return typeof text === "string" ? text.split(",") : [];
}

function textOf(dates: readonly string[]): string | null {
  return dates.length === 0 ? null : dates.join();
}

/** The erasures after one, in order. */
export function erasuresAfter(number: number): Sql {
  return sql`select * from ${ERASURES} where number > ${number} order by number`;
}

/** What a row of it says. */
export function erasureOf(row: Row): Erasure {
  return {
    number: Number(row["number"]),
    site: String(row["site_id"]),
    firstDate: String(row["first_date"]),
    lastDate: String(row["last_date"]),
    toUs: Number(row["to_us"]),
  };
}

/** A server that has yet to do an erasure. */
export interface MissingServer {
  readonly server: string;
  /** What it accepted before this time (ms) is in the lake; 0 where that is not known. */
  readonly flushedMs: number;
}

/** How far the servers of a lake are with an erasure. */
export interface ErasureState extends Erasure {
  /** Names of the servers that hold nothing of it any more, sorted. */
  readonly doneBy: readonly string[];
  /** The others, sorted by name. */
  readonly missing: readonly MissingServer[];
  /** UTC dates whose events are in the lake still, for a file of theirs cannot be read. */
  readonly left: readonly string[];
}

/** An erasure beside each server that is not retired; no row where there is no such erasure. */
export function erasureStates(number: number): Sql {
  return sql`select e.*, n.node, n.flushed_us, n.erased_to
    from ${ERASURES} e left join ${NODES} n on not n.is_retired
    where e.number = ${number} order by n.node`;
}

/** What these rows say; null where there are none. */
export function erasureStateOf(rows: readonly Row[]): ErasureState | null {
  const [first] = rows;
  if (!first) return null;
  const erasure = erasureOf(first);
  const servers = rows.filter(({ node }) => typeof node === "string");
  const isDone = (row: Row) => Number(row["erased_to"] ?? 0) >= erasure.number;
  return {
    ...erasure,
    doneBy: servers.filter(isDone).map(({ node }) => String(node)),
    missing: servers.filter((row) => !isDone(row)).map(({ node, flushed_us }) => ({
      server: String(node),
      flushedMs: Number(flushed_us ?? 0) / 1000,
    })),
    left: datesOf(first),
  };
}
