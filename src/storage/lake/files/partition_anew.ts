// Writes a partition of a lake anew: its events leave their files and come into new ones.
import { raw, type Sql, sql } from "../../../core/sql.ts";
import type { Run } from "../../duckdb.ts";
import type { Partition } from "../../parquet/partition.ts";
import { literal } from "../../parquet/schema.ts";
import { EVENTS } from "../tables.ts";

/** The events of the partition as they become, while it is written. */
const ANEW = raw("anew");

/** What is of a partition, in the tables `events` and `imports`. */
export function ofPartition({ site_id, date }: Partition): Sql {
  return sql`site_id = ${literal(site_id)} and date = ${literal(date)}::date`;
}

/**
 * Writes a partition anew, in a commit: no statement sees it without events, or with both.
 * `columns` is what is selected of the relation `events`, and `note` is given the relation that
 * comes of it before anything is changed.
 */
export async function writePartition(
  run: Run,
  partition: Partition,
  { columns = raw("*"), note = () => Promise.resolve() }: {
    readonly columns?: Sql;
    readonly note?: (anew: Sql) => Promise<void>;
  } = {},
): Promise<void> {
  const which = ofPartition(partition);
  await run(
    sql`create or replace temp table ${ANEW} as
      select ${columns} from ${EVENTS} as events where ${which}`,
  );
  await note(ANEW);
  await run(sql`delete from ${EVENTS} where ${which}`);
  await run(sql`insert into ${EVENTS} by name select * from ${ANEW} order by timestamp`);
  await run(sql`drop table ${ANEW}`);
}
