// Compares a lake with itself: each file with what the catalog says of it, and the events that are
// read with the notes of what was brought, or with the catalog where a server writes. It reads
// everything and writes nothing.
import { messageOf } from "../../core/errors.ts";
import { raw, type Sql, sql } from "../../core/sql.ts";
import type { Row } from "../duckdb.ts";
import { CATALOG } from "./connection.ts";
import { type CatalogedFile, fileOf, filesAt, unreadableOf } from "./files/unreadable.ts";
import type { Lake } from "./lake.ts";
import { stockQuery } from "./stock.ts";
import {
  EVENTS,
  hasNodes,
  importedMeasures,
  isSame,
  measureOf,
  MEASURES,
  NODES,
  NOTHING,
} from "./tables.ts";

/** The result; no faults means that everything is there once, as it was brought. */
export interface Verified {
  readonly files: number;
  readonly partitions: number;
  readonly events: number;
  readonly faults: readonly string[];
}

const FILES_AT_ONCE = 100;

/** Verifies a lake as of one snapshot. Rejects with a sentence where the catalog fails. */
export async function verifyEvents(
  lake: Lake,
  { onSite }: { readonly onSite?: (done: number, total: number) => void } = {},
): Promise<Verified> {
  const snapshot = await newestSnapshot(lake);
  const files = await catalogedFiles(lake, snapshot);
  const faults = await faultsOfFiles(lake, files);
  const at = sql`at (version => ${raw(String(snapshot))})`;
  // A server adds and erases: what imports have noted is no measure then, but the catalog is.
  const isServed = await hasServer(lake);
  const noted = await lake.query(
    "Cannot read what was imported",
    isServed ? stockQuery(snapshot, null) : sql`select * from (${importedMeasures(sql`true`, at)})`,
  );
  const sites = await sitesOfLake(lake);
  const ids = new Set([...noted.map((row) => String(row["site_id"])), ...sites]);
  let [partitions, events] = [0, 0];
  for (const [index, site] of [...ids].sort().entries()) {
    onSite?.(index, ids.size);
    const found = await foundMeasures(lake, site, at);
    if (!Array.isArray(found)) {
      const isNamed = ({ path }: CatalogedFile) =>
        faults.some((fault) => fault.startsWith(`${path}: `));
      const others = files.filter((file) => file.site === site && !isNamed(file));
      faults.push(...await damaged(lake, others), `${site}: ${found.fault}`);
      continue;
    }
    partitions += found.length;
    events += found.reduce((sum, row) => sum + measureOf(row).events, 0);
    const ours = noted.filter((row) => row["site_id"] === site);
    faults.push(...isServed ? missing(site, ours, found) : differences(site, ours, found));
  }
  return { files: files.length, partitions, events, faults };
}

/** The sites of which there are files, or were. A file that is lost hides no other. */
export async function sitesOfLake(lake: Lake): Promise<string[]> {
  const rows = await lake.query(
    "Cannot read the sites of the lake",
    sql`select distinct v.partition_value as site_id
      from ${CATALOG}.ducklake_file_partition_value v
      join ${CATALOG}.ducklake_table t using (table_id)
      where t.table_name = 'events' and v.partition_key_index = 0`,
  );
  return rows.map((row) => String(row["site_id"])).sort();
}

/** Whether a server has written to the lake. */
async function hasServer(lake: Lake): Promise<boolean> {
  return await lake.attempt("Cannot read who writes to the lake", async () => {
    if (!await hasNodes((query) => lake.db.query(query))) return false;
    return (await lake.db.query(sql`select 1 from ${NODES} where last_seq > 0`)).length > 0;
  });
}

/** The number of the newest snapshot, a whole number. */
export async function newestSnapshot(lake: Lake): Promise<number> {
  const [row] = await lake.query(
    "Cannot read the lake's snapshots",
    sql`select max(snapshot_id) as snapshot from ${CATALOG}.ducklake_snapshot`,
  );
  return Number(row?.["snapshot"]);
}

/** The files of the events that a snapshot has. */
async function catalogedFiles(lake: Lake, snapshot: number): Promise<CatalogedFile[]> {
  const query = filesAt(snapshot, lake.dataPath);
  return (await lake.query("Cannot list the files of the lake", query)).map(fileOf);
}

/** Reads the end of each file, and compares how many rows it says it has. */
async function faultsOfFiles(lake: Lake, files: readonly CatalogedFile[]): Promise<string[]> {
  const faults: string[] = [];
  for (let from = 0; from < files.length; from += FILES_AT_ONCE) {
    faults.push(...await compared(lake, files.slice(from, from + FILES_AT_ONCE)));
  }
  return faults;
}

async function compared(lake: Lake, files: readonly CatalogedFile[]): Promise<string[]> {
  let rows: Row[];
  try {
    rows = await lake.query(
      "Cannot read files of the lake",
      sql`select file_name as path, num_rows as rows
        from parquet_file_metadata(${files.map(({ path }) => path)})`,
    );
  } catch (error) {
    const [only] = files;
    if (files.length === 1 && only) return [`${only.path}: ${messageOf(error)}`];
    const faults: string[] = [];
    for (const file of files) faults.push(...await compared(lake, [file]));
    return faults;
  }
  const found = new Map(rows.map((row) => [String(row["path"]), Number(row["rows"])]));
  return files.flatMap(({ path, rows }) => {
    const count = found.get(path) ?? 0;
    return count === rows ? [] : [`${path}: ${count} events, not ${rows} as in the catalog`];
  });
}

/** What is read of a site, by date; a fault where it cannot be. */
async function foundMeasures(
  lake: Lake,
  site: string,
  at: Sql,
): Promise<Row[] | { readonly fault: string }> {
  try {
    return await lake.query(
      "Cannot read its events",
      sql`select date::varchar as date, ${MEASURES} from ${EVENTS} ${at}
        where site_id = ${site} group by date order by date`,
    );
  } catch (error) {
    return { fault: messageOf(error) };
  }
}

/** Files whose end is whole, and which cannot be read all the same. */
async function damaged({ db }: Lake, files: readonly CatalogedFile[]): Promise<string[]> {
  const unreadable = await unreadableOf(db, files);
  return unreadable.map(({ file, reason }) => `${file.path}: Cannot read its events: ${reason}`);
}

/** Dates of which not all rows are read that the catalog has. */
function missing(site: string, noted: readonly Row[], found: readonly Row[]): string[] {
  const read = new Map(found.map((row) => [String(row["date"]), Number(row["events"])]));
  return noted.flatMap(({ date, rows }) => {
    const events = read.get(String(date)) ?? 0;
    return events === Number(rows)
      ? []
      : [`${site} ${date}: ${events} events, not ${rows} as in the catalog`];
  });
}

function differences(site: string, noted: readonly Row[], found: readonly Row[]): string[] {
  const byDate = (rows: readonly Row[]) =>
    new Map(rows.map((row) => [String(row["date"]), measureOf(row)]));
  const [notes, events] = [byDate(noted), byDate(found)];
  return [...new Set([...notes.keys(), ...events.keys()])].sort().flatMap((date) => {
    const [note, read] = [notes.get(date) ?? NOTHING, events.get(date) ?? NOTHING];
    if (isSame(note, read)) return [];
    return [
      note.events === read.events
        ? `${site} ${date}: ${read.events} events, but not the same as were imported`
        : `${site} ${date}: ${read.events} events, ${note.events} were imported`,
    ];
  });
}
