// Rewrites the texts of events: which of them a rule changes is found out first, each once; then,
// of a Parquet file, one is written beside the old one, with the same events in the same order. To
// put it in the place of the old one is up to the caller.
import { ident, join, type Sql, sql } from "../../core/sql.ts";
import type { Files } from "../../core/types.ts";
import type { EventColumnName } from "../../core/event.ts";
import type { Db } from "../duckdb.ts";
import type { CatalogFile } from "../parquet/partition.ts";
import { writeTemporary } from "../parquet/partition_file.ts";
import { coldRelation, literal } from "../parquet/schema.ts";

/** A rule for the texts of some columns. */
export interface TextRule {
  readonly columns: readonly EventColumnName[];
  /** A regular expression (RE2) that every text matches which is changed. */
  readonly may: string;
  readonly change: (column: EventColumnName, text: string) => string;
}

/** The table of the texts that are changed. */
const TEXTS_TABLE = "rewritten_texts";
/** The table of the texts of a column that may be changed. */
const SEARCHED = "searched_texts";
/** Texts that are changed at once, and the most that one statement reads. */
const TEXTS_AT_ONCE = 250;
const TEXTS_READ = 20_000;

/** What lets others have their turn, and what ends the search. */
export interface FindingOptions {
  readonly pause: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/** `findTextsIn` the events of a file. */
export function findTexts(
  db: Db,
  eventsFolder: string,
  file: CatalogFile,
  rule: TextRule,
  options: FindingOptions,
): Promise<number> {
  const events = coldRelation([`${eventsFolder}/${file.path}`], file.site_id);
  return findTextsIn(db, events, rule, options);
}

/**
 * Finds the texts of events that the rule changes, and puts them into a table, in the place of what
 * was there; resolves with their number.
 */
export async function findTextsIn(
  db: Db,
  events: Sql,
  rule: TextRule,
  { pause, signal }: FindingOptions,
): Promise<number> {
  await db.execute(sql`
    create or replace table ${ident(TEXTS_TABLE)} (name varchar, text varchar, changed varchar)`);
  let count = 0;
  for (const column of rule.columns) {
    // The events are read once, however many different texts they have.
    await db.query(
      sql`create or replace table ${ident(SEARCHED)} as
        select distinct ${ident(column)} as text from ${events}
        where regexp_matches(${ident(column)}, ${rule.may})`,
      { signal },
    );
    for (let from = 0;; from += TEXTS_READ) {
      const rows = await db.query(
        sql`select text from ${ident(SEARCHED)}
          where rowid >= ${from} and rowid < ${from + TEXTS_READ}`,
        { signal },
      );
      const texts = rows.map((row) => String(row["text"]));
      for (let at = 0; at < texts.length; at += TEXTS_AT_ONCE) {
        if (at > 0) await pause();
        count += await addTexts(db, rule, column, texts.slice(at, at + TEXTS_AT_ONCE));
      }
      if (texts.length < TEXTS_READ) break;
    }
  }
  await db.execute(sql`drop table ${ident(SEARCHED)}`);
  return count;
}

async function addTexts(
  db: Db,
  { change }: TextRule,
  column: EventColumnName,
  texts: readonly string[],
): Promise<number> {
  const changes = texts.map((text) => ({ text, changed: change(column, text) }))
    .filter(({ text, changed }) => changed !== text);
  if (changes.length === 0) return 0;
  await db.execute(sql`
    insert into ${ident(TEXTS_TABLE)}
    select ${column}, unnest(${changes.map(({ text }) => text)}),
      unnest(${changes.map(({ changed }) => changed)})`);
  return changes.length;
}

/** The columns of a relation `events`, for `replace`: with the texts changed that were found. */
export function changedColumns({ columns }: TextRule): Sql {
  return join(columns.map((column) =>
    sql`coalesce((
      select changed from ${ident(TEXTS_TABLE)} as texts
      where texts.name = ${literal(column)} and texts.text = events.${ident(column)}
    ), events.${ident(column)}) as ${ident(column)}`
  ));
}

/** Whether a row of a relation `events` has a text that was found. */
export function isChanged({ columns }: TextRule): Sql {
  const found = columns.map((column) =>
    sql`events.${ident(column)} in (
      select text from ${ident(TEXTS_TABLE)} where name = ${literal(column)})`
  );
  return sql`(${join(found, " or ")})`;
}

/**
 * Writes the events of a file with the texts that `findTexts` has found changed, to the temporary
 * name of `number`. Rejects with the error of DuckDB or of the disk.
 */
export async function writeRewritten(
  db: Db,
  files: Files,
  eventsFolder: string,
  file: CatalogFile,
  { rule, number, signal }: {
    readonly rule: TextRule;
    readonly number: number;
    readonly signal?: AbortSignal;
  },
): Promise<CatalogFile> {
  const events = coldRelation([`${eventsFolder}/${file.path}`], file.site_id);
  const written = await writeTemporary(db, files, eventsFolder, file, {
    number,
    source: sql`(select * replace (${changedColumns(rule)}) from ${events} as events)`,
    order: "asRead",
    origin: { replaces: [file.path] },
    ...(signal ? { signal } : {}),
  });
  if (written.rows === file.rows) return written;
  throw new Error(`Cannot rewrite ${file.path}: ${written.rows} of ${file.rows} events came out`);
}

/** Removes the tables of texts, which may name what is to be forgotten. */
export async function forgetTexts(db: Db): Promise<void> {
  for (const name of [TEXTS_TABLE, SEARCHED]) {
    await db.execute(sql`drop table if exists ${ident(name)}`);
  }
}
