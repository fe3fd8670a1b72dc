// The tables of a lake: events, in the columns of the Parquet files and their UTC date, and what
// imports have brought. Few, for each costs round trips to the catalog.
import { EVENT_COLUMN_NAMES, EVENT_COLUMNS } from "../../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Run } from "../duckdb.ts";
import { literal } from "../parquet/schema.ts";
import { LAKE } from "./connection.ts";

/** The table of events, partitioned by site and UTC date. */
export const EVENTS: Sql = raw(`${LAKE}.events`);

/**
 * Of each import and partition how many events it has brought, and their checksum. A row without
 * events says that they were masked, and by what that has changed the checksum.
 */
export const IMPORTS: Sql = raw(`${LAKE}.imports`);

/**
 * Of each start of a server up to which row of its journal events are in the lake, changed in the
 * commit that inserts them. Few rows and many changes: it is kept in the catalog.
 */
export const NODES: Sql = raw(`${LAKE}.nodes`);

/**
 * What was erased, by number, so that each server erases it of what is not in the lake yet. Few
 * rows: it is kept in the catalog.
 */
export const ERASURES: Sql = raw(`${LAKE}.erasures`);

/** Columns that `nodes` had not always: they are its last ones. */
const NODE_COLUMNS = {
  address: "varchar",
  flushed_us: "bigint",
  erased_to: "bigint",
  taken_by: "varchar",
  recorded_to: "bigint",
} as const;
/** The same of `erasures`. */
const ERASURE_COLUMNS = { left_dates: "varchar" } as const;

/** Columns of `events` that the stored event has not. */
const PARTITION_DATE = "date";
/** The import that brought an event; null where none of this program's has. */
export const IMPORT_ID = "import_id";

/** What `imports` calls an import of another program's data, beside the names of data folders. */
export function sourceOfImport(id: string): string {
  return `import:${id}`;
}

/** The import of another program's data that `imports` calls so; null where it is a data folder. */
export function importOf(source: string): string | null {
  const prefix = sourceOfImport("");
  return source.startsWith(prefix) ? source.slice(prefix.length) : null;
}

/**
 * Makes the tables that a new lake lacks, and adds the columns that an older one lacks, where
 * `mayMake` says so. Rejects where a newer program made them.
 */
export async function prepareTables(
  run: Run,
  { mayMake }: { readonly mayMake: boolean },
): Promise<void> {
  const rows = await run(
    sql`select column_name from duckdb_columns()
      where database_name = ${LAKE} and table_name = 'events'`,
  );
  const found = new Set(rows.map((row) => String(row["column_name"])));
  if (found.size === 0) {
    if (!mayMake) throw new Error("its catalog has no events; mallard lake import makes a lake");
    return await make(run);
  }
  const known = new Set<string>([...EVENT_COLUMN_NAMES, PARTITION_DATE, IMPORT_ID]);
  const foreign = [...found].find((name) => !known.has(name));
  if (foreign !== undefined) {
    throw new Error(`a newer program made it: its events have the column ${foreign}`);
  }
  if (!mayMake) return;
  if (!await hasNodes(run)) await makeNodes(run);
  await completeNodes(run);
  for (const name of EVENT_COLUMN_NAMES.filter((name) => !found.has(name))) {
    const type = raw(EVENT_COLUMNS[name].type);
    await run(sql`alter table ${EVENTS} add column ${ident(name)} ${type}`);
  }
  if (!found.has(IMPORT_ID)) {
    await run(sql`alter table ${EVENTS} add column ${ident(IMPORT_ID)} varchar`);
  }
}

async function make(run: Run): Promise<void> {
  const columns = EVENT_COLUMN_NAMES.map((name) =>
    sql`${ident(name)} ${raw(EVENT_COLUMNS[name].type)}`
  );
  const others = [sql`${ident(PARTITION_DATE)} date`, sql`${ident(IMPORT_ID)} varchar`];
  await run(sql`create table ${EVENTS} (${join([...columns, ...others])})`);
  await run(sql`alter table ${EVENTS} set partitioned by (site_id, ${ident(PARTITION_DATE)})`);
  await run(
    sql`create table ${IMPORTS} (source varchar, site_id varchar, date date, events bigint,
      checksum varchar, imported_at timestamp)`,
  );
  await makeNodes(run);
}

/** Whether a server has written to the lake, or could. */
export async function hasNodes(run: Run): Promise<boolean> {
  const rows = await run(
    sql`select 1 from duckdb_tables() where database_name = ${LAKE} and table_name = 'nodes'`,
  );
  return rows.length > 0;
}

async function makeNodes(run: Run): Promise<void> {
  await run(
    sql`create table ${NODES} (node varchar, journal varchar, parent varchar, base_seq bigint,
      last_seq bigint, is_retired boolean)`,
  );
  await completeNodes(run);
}

/** Makes the table of erasures, and adds to it and to `nodes` the columns that they lack. */
async function completeNodes(run: Run): Promise<void> {
  await run(
    sql`create table if not exists ${ERASURES} (number bigint, site_id varchar,
      first_date varchar, last_date varchar, to_us bigint)`,
  );
  const rows = await run(
    sql`select table_name, column_name from duckdb_columns() where database_name = ${LAKE}`,
  );
  const found = new Set(rows.map((row) => `${row["table_name"]} ${row["column_name"]}`));
  const wanted = [["nodes", NODES, NODE_COLUMNS], ["erasures", ERASURES, ERASURE_COLUMNS]] as const;
  for (const [table, place, columns] of wanted) {
    for (const [name, type] of Object.entries(columns)) {
      if (found.has(`${table} ${name}`)) continue;
      await run(sql`alter table ${place} add column ${ident(name)} ${raw(type)}`);
    }
  }
}

/**
 * What a server asks of the lake, not in the transaction that makes its tables: the rows of `nodes`
 * stay in PostgreSQL, and files of events are packed as those of a local folder.
 */
export const OPTIONS: readonly Sql[] = [
  raw(`call ${LAKE}.set_option('data_inlining_row_limit', '100', table_name => 'nodes')`),
  raw(`call ${LAKE}.set_option('data_inlining_row_limit', '100', table_name => 'erasures')`),
  raw(`call ${LAKE}.set_option('parquet_compression', 'zstd', table_name => 'events')`),
];

/** How many rows there are, and a checksum that does not depend on their order. */
export interface Measure {
  readonly events: number;
  /** A sum: that of two sets of rows is the sum of theirs. */
  readonly checksum: bigint;
}

/** No rows. */
export const NOTHING: Measure = { events: 0, checksum: 0n };

/** The measure of two sets of rows together. */
export function plus(one: Measure, other: Measure): Measure {
  return { events: one.events + other.events, checksum: one.checksum + other.checksum };
}

/** Whether two sets of rows are the same. */
export function isSame(one: Measure, other: Measure): boolean {
  return one.events === other.events && one.checksum === other.checksum;
}

/**
 * The aggregates `events` and `checksum` of a relation of the stored columns. A column without a
 * value adds nothing, so that columns of later programs change no checksum; MD5 is the same in
 * every version of DuckDB.
 */
export const MEASURES: Sql = sql`count(*) as events,
  coalesce(sum(md5_number_lower(concat_ws(chr(31), ${
  join(EVENT_COLUMN_NAMES.map((name) => sql`${literal(`${name}=`)} || ${ident(name)}`))
}))::hugeint), 0)::varchar as checksum`;

/** The measure in a row of MEASURES. */
export function measureOf(row: Readonly<Record<string, unknown>> | undefined): Measure {
  return { events: Number(row?.["events"] ?? 0), checksum: BigInt(String(row?.["checksum"] ?? 0)) };
}

/**
 * What imports have brought of a part of the lake, by site and date, as it is now: `came_as` is its
 * checksum before it was masked, and `maskings` says how often it was.
 */
export function importedMeasures(where: Sql, at: Sql = raw("")): Sql {
  return sql`select site_id, date::varchar as date, sum(events)::bigint as events,
      sum(checksum::hugeint)::varchar as checksum,
      coalesce(sum(checksum::hugeint) filter (events > 0), 0)::varchar as came_as,
      count(*) filter (events = 0) as maskings
    from ${IMPORTS} ${at} where ${where} group by site_id, date`;
}
