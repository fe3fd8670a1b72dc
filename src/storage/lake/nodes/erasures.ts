// Erasures over a lake that several servers write to: each is recorded in the commit that deletes
// from the lake, and every server does it with what it has not brought into the lake yet.
import { type Sql, sql } from "../../../core/sql.ts";
import type { Row, Run } from "../../duckdb.ts";
import { markOf, move, type NodeName } from "../marks.ts";
import { ERASURES } from "../tables.ts";

/** What was erased: events of a site and of UTC dates, both included, of before a time. */
export interface Erasure {
  readonly number: number;
  readonly site: string;
  readonly firstDate: string;
  readonly lastDate: string;
  /** Events from this time on came after it. */
  readonly toUs: number;
}

/** Records an erasure in the commit that does it in the lake; resolves with its number. */
export async function record(
  run: Run,
  name: NodeName,
  { site, firstDate, lastDate, toUs }: Omit<Erasure, "number">,
): Promise<number> {
  const { erasedMax } = await markOf(run, name);
  const number = erasedMax + 1;
  await run(
    sql`insert into ${ERASURES} values (${number}, ${site}, ${firstDate}, ${lastDate}, ${toUs})`,
  );
  // What the highest number of all is, every server reads with the marks.
  await move(run, name, { erased_to: number });
  return number;
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
