// A damaged mallard.sqlite: whatever rows can still be read go into a new file. The catalog of
// Parquet files is not among them: it is rebuilt from the files themselves.
import { messageOf } from "../../core/errors.ts";
import { forgetFlushed } from "./flushed_rows.ts";
import { Sqlite, type SqliteRow } from "./sqlite.ts";

/** What was saved of one table. */
export interface SalvagedTable {
  readonly table: string;
  readonly rows: number;
  /** The error that stopped the reading; null when the table was read whole. */
  readonly fault: string | null;
}

/** Tables that are rebuilt from the files on disk. */
const REBUILT: ReadonlySet<string> = new Set(["files"]);
const ROWS_AT_ONCE = 500;

/** Copies what can be read of the damaged file at `from` into `db`, table by table. */
export function salvage(db: Sqlite, from: string): SalvagedTable[] {
  let damaged: Sqlite;
  try {
    damaged = Sqlite.openDamaged(from);
  } catch (error) {
    return [{ table: "(all)", rows: 0, fault: messageOf(error) }];
  }
  try {
    const tables = db.all(
      "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'",
    ).map((row) => String(row["name"])).filter((table) => !REBUILT.has(table));
    const saved = tables.map((table) => salvageTable(db, damaged, table));
    // The rows of a journal that lost its last ones are numbered from before those.
    db.transaction(() => forgetFlushed(db));
    return saved;
  } finally {
    damaged.close();
  }
}

function salvageTable(db: Sqlite, damaged: Sqlite, table: string): SalvagedTable {
  let rows = 0;
  const keep = (batch: readonly SqliteRow[]) =>
    db.transaction(() => {
      for (const row of batch) {
        const names = Object.keys(row);
        const marks = names.map(() => "?").join(", ");
        const columns = names.map((name) => `"${name}"`).join(", ");
        rows += db.run(
          `insert or ignore into "${table}" (${columns}) values (${marks})`,
          ...Object.values(row),
        ).changes;
      }
    });
  let fault: string | null = null;
  for (const direction of ["asc", "desc"] as const) {
    const stopped = read(damaged, table, direction, keep);
    fault ??= stopped;
    if (stopped === null) return { table, rows, fault };
  }
  return { table, rows, fault };
}

/** Reads a table from one end until its end or the first page that cannot be read. */
function read(
  damaged: Sqlite,
  table: string,
  direction: "asc" | "desc",
  keep: (batch: readonly SqliteRow[]) => void,
): string | null {
  let batch: SqliteRow[] = [];
  try {
    const key = firstColumn(damaged, table);
    for (const row of damaged.each(`select * from "${table}" order by "${key}" ${direction}`)) {
      batch.push(row);
      if (batch.length >= ROWS_AT_ONCE) {
        keep(batch);
        batch = [];
      }
    }
    keep(batch);
    // The iteration ends at a page that cannot be read as it does at the end; this throws.
    requireReadable(damaged, table);
    return null;
  } catch (error) {
    keep(batch);
    return messageOf(error);
  }
}

/** Reads every value of a table. Throws where one cannot be read. */
function requireReadable(damaged: Sqlite, table: string): void {
  const columns = damaged.all("select name from pragma_table_info(?)", table);
  const lengths = columns.map(({ name }) => `sum(length("${name}"))`).join(", ");
  damaged.get(`select ${lengths} from "${table}" not indexed`);
}

function firstColumn(damaged: Sqlite, table: string): string {
  const column = damaged.all("select name from pragma_table_info(?) order by pk = 0, pk", table)[0];
  if (!column) throw new Error(`there is no table ${table}`);
  return String(column["name"]);
}
