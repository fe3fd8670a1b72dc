// Reads a data folder without the program: the events of its Parquet files and of its journal as
// they lie on disk, with nothing completed or undone. It must not change the folder.
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { DatabaseSync } from "node:sqlite";
import { IS_WAITING } from "../../src/storage/state/flushed_rows.ts";

/** What is on disk. */
export interface DiskState {
  /** How often each event (by the `id` of its props) is in a catalogued file or in the journal. */
  readonly counts: ReadonlyMap<string, number>;
  readonly journalRows: number;
  /** Catalogued files that are not there. */
  readonly missing: readonly string[];
  /** Whole files neither in the catalog nor pending deletes: written by a flush, or merged. */
  readonly flushed: readonly string[];
  readonly merged: readonly string[];
  readonly temporary: readonly string[];
  readonly condemned: readonly string[];
  readonly quarantined: readonly string[];
}

interface Rows {
  readonly files: readonly string[];
  readonly condemned: readonly string[];
  readonly journal: ReadonlyMap<string, number>;
  readonly journalRows: number;
}

/** A reader of data folders, with its own DuckDB. */
export class DiskReader {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  /** Opens one. */
  static async open(): Promise<DiskReader> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
    return new DiskReader(instance, await instance.connect());
  }

  /** Reads a folder no server runs on. */
  async read(dataDir: string): Promise<DiskState> {
    const { files, condemned, journal, journalRows } = await readSqlite(dataDir);
    const present = filesBelow(`${dataDir}/events`);
    const parquet = new Set(present.filter((path) => path.endsWith(".parquet")));
    const counts = new Map(journal);
    const readable = files.filter((path) => parquet.has(path));
    const cold = await this.#countIds(readable.map((path) => `${dataDir}/events/${path}`));
    for (const [id, count] of cold) counts.set(id, (counts.get(id) ?? 0) + count);
    const known = new Set([...files, ...condemned]);
    const unknown = [...parquet].filter((path) => !known.has(path));
    const merged = await this.#merged(dataDir, unknown);
    return {
      counts,
      journalRows,
      missing: files.filter((path) => !parquet.has(path)),
      flushed: unknown.filter((path) => !merged.has(path)),
      merged: [...merged],
      temporary: present.filter((path) => path.endsWith(".tmp")),
      condemned,
      quarantined: filesBelow(`${dataDir}/quarantine`),
    };
  }

  /** Closes it. */
  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  /** Which of these files say that they replace others. */
  async #merged(dataDir: string, paths: readonly string[]): Promise<Set<string>> {
    const merged = new Set<string>();
    for (const path of paths) {
      const reader = await this.#connection.runAndReadAll(`
        select count(*)::integer
        from parquet_kv_metadata('${dataDir}/events/${path}')
        where decode(key) = 'mallard' and decode(value) like '%replaces%'`);
      if (Number(reader.getRowsJS()[0]?.[0]) > 0) merged.add(path);
    }
    return merged;
  }

  async #countIds(paths: readonly string[]): Promise<Map<string, number>> {
    if (paths.length === 0) return new Map();
    const list = paths.map((path) => `'${path.replaceAll("'", "''")}'`).join(", ");
    const reader = await this.#connection.runAndReadAll(`
      select json_extract_string(props, '$.id') as id, count(*)::integer as n
      from read_parquet([${list}], union_by_name = true, hive_partitioning = false)
      group by id`);
    return new Map(reader.getRowsJS().map(([id, n]) => [String(id), Number(n)]));
  }
}

/** Reads a copy of mallard.sqlite with its log: opening the original would already mend it. */
async function readSqlite(dataDir: string): Promise<Rows> {
  const nothing = { files: [], condemned: [], journal: new Map(), journalRows: 0 };
  const scratch = await Deno.makeTempDir({ prefix: "mallard_crash_" });
  try {
    for (const suffix of ["", "-wal"]) {
      try {
        await Deno.copyFile(`${dataDir}/mallard.sqlite${suffix}`, `${scratch}/copy${suffix}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        if (suffix === "") return nothing;
      }
    }
    const db = new DatabaseSync(`${scratch}/copy`);
    try {
      const tables = db.prepare("select count(*) as n from sqlite_schema where name = 'journal'");
      if (Number(tables.get()?.["n"]) === 0) return nothing;
      const texts = (query: string) =>
        db.prepare(query).all().map((row) => String(Object.values(row)[0]));
      const rows = db.prepare(`
        select json_extract(json_extract(event, '$.props'), '$.id') as id, count(*) as n
        from journal
        where ${IS_WAITING}
        group by id`).all();
      const journal = new Map(rows.map((row) => [String(row["id"]), Number(row["n"])]));
      return {
        files: texts("select path from files"),
        condemned: texts("select path from condemned"),
        journal,
        journalRows: [...journal.values()].reduce((sum, n) => sum + n, 0),
      };
    } finally {
      db.close();
    }
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/** Paths of all files below a folder, relative to it; none where it does not exist. */
function filesBelow(folder: string, prefix = ""): string[] {
  try {
    return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
      isDirectory ? filesBelow(`${folder}/${name}`, `${prefix}${name}/`) : [prefix + name]
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
