// What an importer is: it tells files of its tool from others, and gives their rows as a relation
// of named columns, or what its tool had added up as sums of days. What becomes of either is the
// same for every tool, in `stage/`.
import { EVENT_COLUMNS, type EventColumnName } from "../core/event.ts";
import { TITLE_CHARS_MAX } from "../core/limits.ts";
import { ident, join, raw, type Sql, sql } from "../core/sql.ts";
import type { SumColumn, SumKind } from "../storage/history/sum_kinds.ts";
import type { Files } from "../core/types.ts";
import type { Db } from "../storage/duckdb.ts";
import { literal } from "../storage/parquet/schema.ts";

/** The beginning of a file, decoded as text; empty for a binary one. */
export interface Sample {
  /** The file's own name, without folders. */
  readonly name: string;
  /** Name of the file as it was given: of the archive that it was in, or its own. */
  readonly archive: string;
  readonly text: string;
  /** First line of the text. */
  readonly header: string;
  readonly isParquet: boolean;
  /** Names of the columns of a Parquet file. */
  readonly columns: readonly string[];
}

/** A file that is ready to be read: unpacked, UTF-8, in the folder of its import. */
export interface InputFile {
  readonly path: string;
  readonly sample: Sample;
  /** What its importer takes it for, as `detect` said. */
  readonly role: string;
}

/** Columns that importers may give beside those of an event. */
export const SOURCE_COLUMNS = {
  /** Why the row cannot be an event; null where it can. */
  fault: "varchar",
  /** Why it is set apart, though nothing is wrong with it: a robot, a file of a page. */
  apart: "varchar",
  /** When, in UTC. */
  happened_at: "timestamp",
  /** Whatever tells visitors apart in the file; hashed with the import's own key. */
  visitor: "varchar",
  /** URL or path of the page, with its query. */
  url: "varchar",
  /** Address of the page that led here, as the browser sent it. */
  referred_by: "varchar",
  user_agent: "varchar",
  /** Network address; used for the place and the visitor, and dropped. */
  address: "varchar",
  /** Which website of the tool it is of, where one was not named: there may be one only. */
  website: "varchar",
} as const;

/** Name of a column that an importer gives. */
export type SourceColumn =
  | keyof typeof SOURCE_COLUMNS
  | Exclude<EventColumnName, "site_id" | "visitor_id" | "timestamp">;

/** How a column of the file becomes one here, for the report. */
export interface ColumnNote {
  readonly from: string;
  /** Null where it cannot be kept. */
  readonly to: string | null;
  readonly note?: string;
}

/** The rows of the files as a relation: `from`, with values by column; the others are NULL. */
export interface Source {
  readonly from: Sql;
  readonly values: Readonly<Partial<Record<SourceColumn, Sql>>>;
  readonly columns: readonly ColumnNote[];
  /** Whether the first line has names instead of a row; true where it is not said. */
  readonly hasHeader?: boolean;
  /** What its rows are called, for an owner who has to name one of several websites. */
  readonly rowsName?: string;
  /**
   * The values are those of stored events: nothing is read from addresses and user agents, and
   * times, paths and texts stay as they are.
   */
  readonly isExact?: boolean;
}

/** A table of sums: a relation named `row`, and how its columns are read. */
export interface SumTable {
  /** Name of its file, for the report. */
  readonly file: string;
  readonly kind: SumKind;
  readonly from: Sql;
  /** Why the row cannot be read; null where it can. */
  readonly fault?: Sql;
  /** The local day, as a text or a date. */
  readonly date: Sql;
  /** The values of the kind's dimensions, in their order; NULL where there is none. */
  readonly values: readonly Sql[];
  /** What the table has. A row without one of these is rejected. */
  readonly counts: Readonly<Partial<Record<SumColumn, Sql>>>;
  /** Whether another table is made of the same rows: then the report counts them there. */
  readonly isRepeated?: true;
}

/** What a tool has added up, without single events. Rows of one day and one key are added. */
export interface SumsSource {
  readonly sums: readonly SumTable[];
  readonly columns: readonly ColumnNote[];
}

/** What reading may ask. */
export interface ReadContext {
  readonly db: Db;
  readonly files: Files;
  /** Folder of the import, for files that a reader makes. */
  readonly folder: string;
  readonly site: string;
  /** Which of several websites in a file is meant; null for the only one. */
  readonly website: string | null;
  readonly signal: AbortSignal;
}

/** A reader of one tool's files. */
export interface Importer {
  readonly name: string;
  readonly label: string;
  /** The role of a file that is this tool's; null for any other. */
  detect(sample: Sample): string | null;
  /** Throws an ImportFault where the files cannot be read together. */
  read(files: readonly InputFile[], context: ReadContext): Promise<Source | SumsSource>;
}

/** Why files cannot be imported, for their owner. */
export class ImportFault extends Error {
  override readonly name = "ImportFault";
}

/** Statements of rows as one relation; what one of them lacks is NULL there. */
export function unionByName(rows: readonly Sql[]): Sql {
  return sql`(${join(rows, " union all by name ")})`;
}

/**
 * Statements of rows as one relation, in which a row comes once where files overlap: `key` is what
 * tells rows apart, in each of them; without it all rows are taken.
 */
export function unionOnce(rows: readonly Sql[], key: string | null): Sql {
  if (key === null) return unionByName(rows);
  const id = ident(key);
  return unionByName(rows.map((row, at) => {
    if (at === 0) return sql`select * from (${row})`;
    const before = rows.slice(0, at).map((one) => sql`select ${id} from (${one})`);
    return sql`select * from (${row}) as later
      anti join (${join(before, " union all ")}) as earlier on earlier.${id} = later.${id}`;
  }));
}

/** Tells rows of one website from others: why they are `apart`, or the id where none was named. */
export function ofWebsite(
  column: Sql,
  { website }: Pick<ReadContext, "website">,
): { readonly other: Sql; readonly values: Pick<Source["values"], "website"> } {
  if (website === null) return { other: raw(""), values: { website: column } };
  return {
    other: sql`when ${column} is distinct from ${literal(website)} then 'other website'`,
    values: {},
  };
}

/** Every source column in order, with its type. */
export const SOURCE_TYPES: readonly (readonly [SourceColumn, string])[] = [
  ...Object.entries(SOURCE_COLUMNS) as [keyof typeof SOURCE_COLUMNS, string][],
  ...(Object.keys(EVENT_COLUMNS) as EventColumnName[]).flatMap((name) =>
    isOwn(name) ? [] : [[name, EVENT_COLUMNS[name].type] as const]
  ),
];

function isOwn(name: EventColumnName): name is "site_id" | "visitor_id" | "timestamp" {
  return name === "site_id" || name === "visitor_id" || name === "timestamp";
}

/** A value that is cast to a type, or null where it cannot be. */
export function tryCast(value: Sql, type: string): Sql {
  return sql`try_cast(${value} as ${raw(type)})`;
}

/** A count, also with separators of thousands (`1,234`); null where it is none. */
export function countOf(value: Sql): Sql {
  return sql`try_cast(case
    when regexp_matches(trim(${value}), '^[0-9]{1,3}([,'' \u00a0\u202f\u2019][0-9]{3})+$')
      then regexp_replace(${value}, '[^0-9]', '', 'g') else ${value} end as double)`;
}

/** A text without the spaces around it; null where nothing is left. */
export function textOrNull(value: Sql): Sql {
  return sql`nullif(trim(${value}), '')`;
}

/** A title, without control characters and cut to its limit; null where nothing is left. */
export function titleOf(value: Sql): Sql {
  return sql`nullif(left(trim(regexp_replace(${value}, '\\p{Cc}+', '', 'g')), ${
    raw(String(TITLE_CHARS_MAX))
  }), '')`;
}

const LANGUAGE = "^([A-Za-z]{2,3})(?:[-_][A-Za-z]{4})?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?" +
  "(?:[^A-Za-z0-9].*)?$";

/** A language as `de` or `en-US`; null for any other text. */
export function languageOf(value: Sql): Sql {
  const part = (group: number) =>
    sql`nullif(regexp_extract(trim(${value}), '${raw(LANGUAGE)}', ${raw(String(group))}), '')`;
  return sql`lower(${part(1)}) || coalesce('-' || upper(${part(2)}), '')`;
}

/** Lists what is common to several notes. */
export function notes(...columns: readonly (readonly [string, string | null, string?])[]) {
  return columns.map(([from, to, note]): ColumnNote => ({
    from,
    to,
    ...(note === undefined ? {} : { note }),
  }));
}

/** A text of a file, for a report and the log: names of columns, but no addresses. */
export function tellable(text: string): string {
  return text.replace(/[^\s,;|"'()[\]{}<>]*[\d@:][^\s,;|"'()[\]{}<>]*/g, "…");
}

/** A list of constant texts as SQL. */
export function textList(texts: readonly string[]): Sql {
  return join(texts.map((text) => raw(`'${text.replaceAll("'", "''")}'`)));
}
