// Which tables of sums can be kept together: where a tool exports one at a time, the same days
// may be given twice, by other dimensions or in another file. Nothing is counted twice.
import { join, type Sql, sql } from "../../../core/sql.ts";
import type { SumColumn } from "../../../storage/history/sum_kinds.ts";
import { literal } from "../../../storage/parquet/schema.ts";
import { ImportFault, type ReadContext, type SumTable } from "../../importer.ts";

/** A table with the columns that its rows are split by. */
export interface ShapedTable extends SumTable {
  readonly split: readonly string[];
}

/**
 * Of each kind the tables that are split most closely, or count most; the names of the other files
 * are added to `unread`. Throws an ImportFault where two files have the same rows.
 */
export async function together(
  tables: readonly ShapedTable[],
  { db }: Pick<ReadContext, "db">,
  unread: Set<string>,
): Promise<SumTable[]> {
  const kept: ShapedTable[] = [];
  const own = tables.filter(({ isRepeated }) => !isRepeated);
  for (const kind of new Set(own.map((table) => table.kind))) {
    const alike = own.filter((table) => table.kind === kind);
    const shape = shapeOf(alike.reduce((best, one) => size(one) > size(best) ? one : best));
    for (const table of alike) {
      if (shapeOf(table) === shape) kept.push(table);
      else unread.add(table.file);
    }
    await requireOnce(kept.filter((table) => table.kind === kind), { db });
  }
  const repeated = tables.filter(({ isRepeated, file }) => isRepeated && !unread.has(file));
  return [...kept, ...repeated].map(({ split: _, ...table }) => table);
}

/** By how many columns a table is split, then by how many counts it has. */
function size({ split, counts }: ShapedTable): number {
  return split.length + Object.keys(counts).length / 100;
}

function shapeOf({ split }: ShapedTable): string {
  return [...split].sort().join();
}

/** Throws where two files have one row: its day, values and one of its counts. */
async function requireOnce(
  tables: readonly ShapedTable[],
  { db }: Pick<ReadContext, "db">,
): Promise<void> {
  const counts = new Set(tables.flatMap((table) => Object.keys(table.counts) as SumColumn[]));
  const asked = new Set<string>();
  for (const count of counts) {
    const some = tables.filter((table) => table.counts[count] !== undefined);
    const names = some.map(({ file }) => file).join("\n");
    if (some.length < 2 || asked.has(names)) continue;
    asked.add(names);
    const rows = some.map((table, index) => keysOf(table, index));
    const [found] = await db.query(sql`
      select strftime(day, '%Y-%m-%d') as day, min(n) as first, max(n) as last
      from (${join(rows, " union all ")}) where day is not null
      group by day, key having min(n) <> max(n) order by day limit 1`);
    if (!found) continue;
    const [first, last] = ["first", "last"].map((name) => some[Number(found[name])]?.file);
    throw new ImportFault(
      `Cannot import: ${first} and ${last} both have ${tables[0]?.kind} of ${found["day"]}; ` +
        "give each day once",
    );
  }
}

function keysOf({ from, date, values }: ShapedTable, index: number): Sql {
  const texts = values.map((value) => sql`(${value})::varchar`);
  return sql`select ${literal(String(index))}::integer as n, try_cast(${date} as date) as day,
    ${texts.length === 0 ? sql`'[]'` : sql`to_json([${join(texts)}])::varchar`} as key
    from ${from} as row`;
}
