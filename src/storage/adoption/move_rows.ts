// Moves the rows of files that lie in the wrong folder into the partitions they belong to. Run by
// the command line, on the owner's word, while no server runs.
import { sql } from "../../core/sql.ts";
import type { Files } from "../../core/types.ts";
import type { Db } from "../duckdb.ts";
import type { CatalogFile } from "../parquet/partition.ts";
import { PartitionNumbers } from "../parquet/partition_numbers.ts";
import { rowsOf, settle, writeTemporary } from "../parquet/partition_file.ts";
import { coldRelation, foreignColumns, ownRelation } from "../parquet/schema.ts";
import type { Storage } from "../open.ts";

/**
 * Moves the rows of a file that is not in the catalog; resolves with how many were new. Rows that
 * their partition has already are not added again, so that it can be repeated after a crash.
 * Rejects with the error of DuckDB or of the disk, or where something would be lost; then the file
 * is as it was.
 */
export async function moveRows(
  { db, store, parquet, missing }: Pick<Storage, "db" | "store" | "parquet" | "missing">,
  files: Files,
  eventsFolder: string,
  path: string,
): Promise<number> {
  await checkMovable(db, `${eventsFolder}/${path}`, path);
  const own = ownRelation(`${eventsFolder}/${path}`);
  const partitions = await db.query(sql`
    select distinct site_id, strftime(timestamp, '%Y-%m-%d') as date
    from ${own} as own
    order by site_id, date`);
  const numbers = new PartitionNumbers(store, files, { eventsFolder });
  const gone = new Set(missing().paths);
  const catalog = (await store.run("listFiles", undefined)).filter((file) => !gone.has(file.path));
  const added: CatalogFile[] = [];
  for (const row of partitions) {
    const partition = { site_id: String(row["site_id"]), date: String(row["date"]) };
    const there = catalog.filter(({ site_id, date }) =>
      site_id === partition.site_id && date === partition.date
    ).map((file) => `${eventsFolder}/${file.path}`);
    const rows = rowsOf(partition, sql`${own} as own`);
    const source = there.length === 0 ? rows : sql`(select * from ${rows} except all
          select * from ${coldRelation(there, partition.site_id)})`;
    const [counted] = await db.query(sql`select count(*) as rows from ${source} as left_over`);
    if (Number(counted?.["rows"] ?? 0) === 0) continue;
    const file = await writeTemporary(db, files, eventsFolder, partition, {
      number: await numbers.next(partition),
      source: sql`${source} as moved`,
      order: "byVisitor",
      origin: {},
    });
    await settle(files, eventsFolder, file);
    added.push(file);
  }
  await store.run("replaceFiles", { added, removed: [path] });
  await parquet.publish(added, []);
  await files.remove(`${eventsFolder}/${path}`);
  await store.run("forgetPendingDeletes", [path]);
  return added.reduce((sum, file) => sum + file.rows, 0);
}

/** Throws where moving would lose something: the file is removed afterwards. */
async function checkMovable(db: Db, at: string, path: string): Promise<void> {
  const columns = await foreignColumns(db, [at]);
  if (columns.length > 0) {
    throw new Error(
      `Cannot move ${path}: it has columns of another program: ${columns.join(", ")}`,
    );
  }
  const [row] = await db.query(sql`
    select count(*) filter (site_id is null or timestamp is null) as homeless
    from ${ownRelation(at)} as own`);
  const homeless = Number(row?.["homeless"] ?? 0);
  if (homeless > 0) {
    throw new Error(`Cannot move ${path}: ${homeless} of its events name no site or no time`);
  }
}
