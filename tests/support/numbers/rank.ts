// The order of events of one microsecond as DuckDB has it, for the independent counts.
import { sql } from "../../../src/core/sql.ts";
import { openTestReader } from "../events.ts";
import type { Rank } from "./brute.ts";
import { NAMES, PAGES } from "./random_questions.ts";

/** Reads the database's own order of the random events' names and pages. */
export async function readRank(): Promise<Rank> {
  const test = await openTestReader([]);
  const rows = await test.db.query(
    sql`select name, page, (hash(name, page) & 2047)::integer as rank
      from (select unnest(${NAMES}) as name), (select unnest(${PAGES}) as page)`,
  );
  await test.close();
  const ranks = new Map(rows.map((row) => [`${row["name"]} ${row["page"]}`, Number(row["rank"])]));
  return (event) => ranks.get(`${event.event_name} ${event.pathname}`) ?? 0;
}
