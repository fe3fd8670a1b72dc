// What imports of other programs' data have brought into a lake: rows of its table `imports`, which
// are written and deleted in the commits that insert and delete the events themselves.
import { raw, type Sql, sql } from "../../../core/sql.ts";
import type { Run } from "../../duckdb.ts";
import { literal } from "../../parquet/schema.ts";
import { IMPORTS, sourceOfImport } from "../tables.ts";

/** Tells the rows of imports of other programs' data from those of data folders. */
const OF_IMPORTS: Sql = sql`starts_with(source, ${literal(sourceOfImport(""))})`;

/** UTC dates of which imports have brought events of a site, with how many. */
export function broughtInto(site: string): Sql {
  return sql`select date::varchar as date, sum(events)::double as events from ${IMPORTS}
    where ${OF_IMPORTS} and site_id = ${literal(site)} group by date`;
}

/** UTC dates that one import has brought. */
export function broughtBy(id: string): Sql {
  return sql`select date::varchar as date from ${IMPORTS}
    where source = ${literal(sourceOfImport(id))} order by date`;
}

/** The imports that have brought something. */
export function broughtAtAll(): Sql {
  const id = sql`substr(source, ${sourceOfImport("").length + 1})`;
  return sql`select distinct ${id} as id, site_id from ${IMPORTS} where ${OF_IMPORTS} order by all`;
}

/** Forgets what imports have brought, in the commit that deletes it. */
export async function forgetBrought(run: Run, where: Sql): Promise<void> {
  // A deletion that deletes nothing would still change the table.
  const found = await run(
    sql`select 1 from ${IMPORTS} where ${OF_IMPORTS} and ${where} ${raw("limit 1")}`,
  );
  if (found.length > 0) await run(sql`delete from ${IMPORTS} where ${OF_IMPORTS} and ${where}`);
}
