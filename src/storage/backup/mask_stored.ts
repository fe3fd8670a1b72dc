// Masks what is stored already: files whose texts hold e-mail addresses, or tokens where the site
// masks them, are rewritten and replace the old ones as in a compaction. No server may run.
import { ident, join, type Sql, sql } from "../../core/sql.ts";
import { MASKED_COLUMNS, type Masks, maskText } from "../../core/text.ts";
import type { Files } from "../../core/types.ts";
import type { Db } from "../duckdb.ts";
import type { Storage } from "../open.ts";
import type { CatalogFile } from "../parquet/partition.ts";
import { settle, writeTemporary } from "../parquet/partition_file.ts";
import { PartitionNumbers } from "../parquet/partition_numbers.ts";
import { coldRelation, foreignColumns, literal } from "../parquet/schema.ts";

/** What was masked. */
export interface MaskedCounts {
  /** Files that were rewritten. */
  readonly files: number;
  /** Different texts that were changed in them. */
  readonly texts: number;
  /** Paths of files with columns of another program, which were left as they are. */
  readonly skipped: readonly string[];
}

interface Change {
  readonly column: string;
  readonly text: string;
  readonly masked: string;
}

const TEXTS_TABLE = "masked_texts";

/** Masks the events of every site by its own settings. Rejects with the error of the disk. */
export async function maskStored(
  storage: Pick<Storage, "db" | "store" | "parquet" | "flusher" | "missing">,
  files: Files,
  eventsFolder: string,
  masksOf: (site: string) => Masks,
): Promise<MaskedCounts> {
  const { db, store, parquet, flusher } = storage;
  await flusher.flush({ all: true });
  if (flusher.counts.failures > 0) throw new Error("Cannot mask: events cannot be flushed");
  const numbers = new PartitionNumbers(store, files, { eventsFolder });
  const skipped: string[] = [];
  let [written, texts] = [0, 0];
  const missing = new Set(storage.missing().paths);
  for (const file of await store.run("listFiles", undefined)) {
    if (missing.has(file.path)) continue;
    const masks = masksOf(file.site_id);
    const changes = await changesOf(db, eventsFolder, file, masks);
    if (changes.length === 0) continue;
    if ((await foreignColumns(db, [`${eventsFolder}/${file.path}`])).length > 0) {
      skipped.push(file.path);
      continue;
    }
    await fillTexts(db, changes);
    const masked = await writeTemporary(db, files, eventsFolder, file, {
      number: await numbers.next(file),
      source: maskedRelation(eventsFolder, file),
      order: "asRead",
      origin: { replaces: [file.path] },
    });
    if (masked.rows !== file.rows) {
      throw new Error(`Cannot mask ${file.path}: ${masked.rows} of ${file.rows} events came out`);
    }
    await settle(files, eventsFolder, masked);
    await store.run("replaceFiles", { added: [masked], removed: [file.path] });
    await parquet.publish([masked], [file]);
    written++;
    texts += changes.length;
  }
  await store.run("emptyLog", undefined);
  return { files: written, texts, skipped };
}

/** Every text of a file that is masked, once for each column. */
async function changesOf(
  db: Db,
  eventsFolder: string,
  file: CatalogFile,
  masks: Masks,
): Promise<Change[]> {
  const changes: Change[] = [];
  if (!masks.emails && !masks.tokens) return changes;
  // Finds too much on purpose: the rule of ingestion then decides what is masked.
  const may = masks.tokens ? "[@%A-Za-z0-9_-]{2,}" : "@|40";
  const events = coldRelation([`${eventsFolder}/${file.path}`], file.site_id);
  for (const column of MASKED_COLUMNS) {
    const rows = await db.query(sql`
      select distinct ${ident(column)} as text from ${events}
      where regexp_matches(${ident(column)}, ${may}) order by text`);
    for (const row of rows) {
      const text = String(row["text"]);
      const masked = maskText(column, text, masks);
      if (masked !== text) changes.push({ column, text, masked });
    }
  }
  return changes;
}

async function fillTexts(db: Db, changes: readonly Change[]): Promise<void> {
  await db.execute(sql`
    create or replace table ${ident(TEXTS_TABLE)} as
    select unnest(${changes.map(({ column }) => column)}) as name,
      unnest(${changes.map(({ text }) => text)}) as text,
      unnest(${changes.map(({ masked }) => masked)}) as masked`);
}

/** The events of a file with each text of TEXTS_TABLE masked. */
function maskedRelation(eventsFolder: string, file: CatalogFile): Sql {
  const columns = MASKED_COLUMNS.map((column) =>
    sql`coalesce((
      select masked from ${ident(TEXTS_TABLE)} as texts
      where texts.name = ${literal(column)} and texts.text = events.${ident(column)}
    ), events.${ident(column)}) as ${ident(column)}`
  );
  const events = coldRelation([`${eventsFolder}/${file.path}`], file.site_id);
  return sql`(select * replace (${join(columns)}) from ${events} as events)`;
}
