// Writes a partition file so that a crash leaves either all of it or nothing under its name.
import { EVENT_COLUMN_NAMES, EVENT_COLUMNS, type EventColumnName } from "../../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Files } from "../../core/types.ts";
import type { Db } from "../duckdb.ts";
import { fileName, TEMPORARY } from "./file_name.ts";
import { type CatalogFile, type Partition, partitionFolder } from "./partition.ts";
import { ALL_COLUMNS, literal } from "./schema.ts";

/**
 * The origin of a file, in its Parquet metadata, so that the catalog can be rebuilt without
 * counting twice: the journal rows it was made from, or the files it replaced.
 */
export interface FileOrigin {
  /** Which journal the `seq` numbers belong to. */
  readonly journal?: string;
  readonly seqFrom?: number;
  readonly seqTo?: number;
  /** The site, where the folder's name cannot hold it. */
  readonly site?: string;
  /** The import that wrote it, which is committed with all of its files or not at all. */
  readonly import?: string;
  /** Paths relative to the events folder. */
  readonly replaces?: readonly string[];
}

const METADATA_KEY = "mallard";

/**
 * Events of a row group, the unit that a query reads or skips and that is in memory while a file
 * is written. Twice as many take twice the memory for 0.98 of the bytes and the same times.
 */
export const ROW_GROUP_EVENTS = 61_440;

/** How the events of a file are ordered; `asRead` takes them as the source gives them. */
export type EventOrder = "byTime" | "byVisitor" | "asRead";

const IN_ORDER: Readonly<Record<EventOrder, (source: Sql) => Sql>> = {
  byTime: (source) => sql`${source} order by timestamp`,
  byVisitor: (source) => sql`${source} order by visitor_id, timestamp`,
  // Numbering the rows keeps one row group in memory, as it cannot be done by several threads.
  asRead: (source) => sql`(select *, row_number() over () as place from ${source}) where place > 0`,
};

/**
 * Writes a relation of the stored columns, without bound values; resolves with its rows. Of the
 * stored columns it has those in `columns`, by default all; what it lacks is NULL.
 */
export async function copyTo(
  db: Db,
  path: string,
  { source, columns, order, origin, signal }: {
    readonly source: Sql;
    readonly columns?: readonly EventColumnName[];
    readonly order: EventOrder;
    readonly origin?: FileOrigin;
    readonly signal?: AbortSignal;
  },
): Promise<number> {
  const metadata = origin === undefined
    ? raw("")
    : sql`, kv_metadata { ${raw(METADATA_KEY)}: ${literal(JSON.stringify(origin))} }`;
  const copied = await db.query(
    sql`copy (
      select ${columns ? columnsOf(columns) : ALL_COLUMNS}
      from (select * from ${IN_ORDER[order](source)})
    ) to ${literal(path)} (
      format parquet, compression zstd, row_group_size ${raw(String(ROW_GROUP_EVENTS))}${metadata}
    )`,
    { signal },
  );
  return Number(copied[0]?.["Count"] ?? 0);
}

/** Every stored column, of a relation that has some of them. */
function columnsOf(names: readonly EventColumnName[]): Sql {
  return join(
    EVENT_COLUMN_NAMES.map((name) =>
      names.includes(name)
        ? ident(name)
        : sql`null::${raw(EVENT_COLUMNS[name].type)} as ${ident(name)}`
    ),
  );
}

/**
 * Writes the events of one partition from `source` (a relation of the stored columns without
 * bound values) to a temporary name, in order, flushed to disk. Rejects with the error of DuckDB
 * or of the disk.
 */
export async function writeTemporary(
  db: Db,
  files: Files,
  eventsFolder: string,
  partition: Partition,
  write: {
    readonly number: number;
    readonly source: Sql;
    readonly columns?: readonly EventColumnName[];
    readonly order: EventOrder;
    readonly origin: FileOrigin;
    readonly signal?: AbortSignal;
  },
): Promise<CatalogFile> {
  const folder = partitionFolder(partition);
  const path = `${folder}/${fileName(write.number)}`;
  const temporary = `${eventsFolder}/${path}${TEMPORARY}`;
  const { site_id } = partition;
  const origin = folder.startsWith(`site_id=${site_id}/`)
    ? write.origin
    : { ...write.origin, site: site_id };
  await files.makeDir(`${eventsFolder}/${folder}`);
  const rows = await copyTo(db, temporary, { ...write, origin });
  await files.sync(temporary);
  const bytes = await files.size(temporary) ?? 0;
  return { ...partition, path, rows, bytes };
}

/** Gives a written file its final name. When it rejects, no file has that name. */
export async function settle(
  files: Files,
  eventsFolder: string,
  file: CatalogFile,
): Promise<void> {
  const target = `${eventsFolder}/${file.path}`;
  await files.rename(target + TEMPORARY, target);
  try {
    // The folders above may be as new as the file.
    const folder = partitionFolder(file);
    await files.sync(`${eventsFolder}/${folder}`);
    await files.sync(`${eventsFolder}/${folder.slice(0, folder.indexOf("/"))}`);
    await files.sync(eventsFolder);
  } catch (error) {
    await files.remove(target);
    throw error;
  }
}

/** The rows of one partition within a relation. */
export function rowsOf({ site_id, date }: Partition, relation: Sql): Sql {
  return sql`(
      select * from ${relation}
      where site_id = ${literal(site_id)} and ${isOn(date)})`;
}

/** Whether an event is of a UTC date. */
export function isOn(date: string): Sql {
  return sql`timestamp >= ${literal(date)}::timestamp
    and timestamp < ${literal(date)}::timestamp + interval 1 day`;
}
