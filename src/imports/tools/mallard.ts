// This program's own exports, as Parquet, NDJSON and CSV, and Parquet files of the original one:
// every stored value as it is, so that answers are the same. Only visitors' ids are hashed again.
import { FORMULA } from "../../../dashboard/grammar/csv.js";
import { EVENT_COLUMN_NAMES, EVENT_COLUMNS, type EventColumnName } from "../../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Db } from "../../storage/duckdb.ts";
import { literal, ownRelation } from "../../storage/parquet/schema.ts";
import {
  type Importer,
  ImportFault,
  type InputFile,
  type Source,
  tryCast,
  unionByName,
} from "../importer.ts";
import { csvRows, headerCells } from "./csv.ts";

const NEEDED = ["visitor_id", "timestamp", "event_name", "pathname"] as const;

/** The row of IMPORTERS. */
export const MALLARD: Importer = {
  name: "mallard",
  label: "Mallard Metrics (Parquet, NDJSON or CSV)",
  detect({ header, isParquet, columns }) {
    const names = isParquet ? columns : keysOf(header) ?? headerCells(header);
    return NEEDED.every((name) => names.includes(name)) ? "events" : null;
  },
  async read(files, { db, site, website }) {
    const rows = files.map((file) => {
      if (file.sample.isParquet) return parquetRows(file);
      return keysOf(file.sample.header) === null ? textRows(file) : jsonRows(file);
    });
    const from = unionByName(rows);
    const wanted = await websiteOf(db, from, site, website);
    const own = EVENT_COLUMN_NAMES.filter((name) => !isHead(name));
    const source: Source = {
      from,
      isExact: true,
      values: {
        ...Object.fromEntries(own.map((name) => [name, sql`row.${ident(name)}`])),
        fault: sql`case when row.visitor_id is null then 'it has no visitor'
          when row.event_name is null then 'it has no name'
          when row.pathname is null then 'it has no path' end`,
        apart: wanted === null
          ? raw("null")
          : sql`case when row.site_id is distinct from ${literal(wanted)} then 'other site' end`,
        happened_at: raw("row.timestamp"),
        visitor: raw("row.visitor_id"),
      },
      columns: EVENT_COLUMN_NAMES.map((name) => ({ from: name, to: name })),
    };
    return source;
  },
};

function isHead(name: EventColumnName): boolean {
  return name === "site_id" || name === "visitor_id" || name === "timestamp";
}

function parquetRows({ path }: InputFile): Sql {
  return sql`select * from ${ownRelation(path)}`;
}

/** The keys of a line of NDJSON; null where it is none. */
function keysOf(line: string): string[] | null {
  if (!line.startsWith("{")) return null;
  try {
    return Object.keys(JSON.parse(line));
  } catch {
    return null;
  }
}

/** NDJSON as exports write it: every value as it is stored. */
function jsonRows({ path }: InputFile): Sql {
  const columns = EVENT_COLUMN_NAMES.map((name) => {
    const { type } = EVENT_COLUMNS[name];
    return `${name}: '${type === "TIMESTAMP" ? "VARCHAR" : type}'`;
  });
  const values = EVENT_COLUMN_NAMES.map((name) => {
    const isTime = EVENT_COLUMNS[name].type === "TIMESTAMP";
    return sql`${isTime ? tryCast(ident(name), "timestamp") : ident(name)} as ${ident(name)}`;
  });
  return sql`select ${join(values)} from read_ndjson(${literal(path)},
    columns = {${raw(columns.join(", "))}}, ignore_errors = true)`;
}

/** CSV as exports write it: what disarms formulas of spreadsheets is taken out again. */
function textRows({ path, sample: { header } }: InputFile): Sql {
  const names = headerCells(header);
  const values = EVENT_COLUMN_NAMES.map((name) => {
    const { type } = EVENT_COLUMNS[name];
    const column = names.includes(name) ? ident(name) : raw("null::varchar");
    const value = type === "VARCHAR" ? armed(column) : tryCast(column, type);
    return sql`${value} as ${ident(name)}`;
  });
  return sql`select ${join(values)} from ${csvRows(path, names, { keepsEmpty: true })}`;
}

function armed(column: Sql): Sql {
  const [before, formula] = FORMULA.split(")(") as [string, string];
  const pattern = `${before})'(${formula}`;
  return sql`regexp_replace(regexp_replace(${column}, '^''([\t\r])', '\\1'),
    ${literal(pattern)}, '\\1\\2', 'g')`;
}

/** Which site of the files is meant; null where they name one or none. */
async function websiteOf(
  db: Db,
  from: Sql,
  site: string,
  website: string | null,
): Promise<string | null> {
  if (website !== null) return website;
  const rows = await db.execute(sql`
    select distinct site_id from ${from} as row where site_id is not null
    order by site_id limit 50`);
  const ids = rows.map((row) => String(row["site_id"]));
  if (ids.length < 2) return null;
  if (ids.includes(site)) return site;
  throw new ImportFault(
    `Cannot import: the files hold several sites: ${ids.join(", ")}; name one with --website`,
  );
}
