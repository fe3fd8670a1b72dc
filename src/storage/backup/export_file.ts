// The events of a site as one file to download: written by DuckDB beside the data, and deleted from
// disk as soon as its reader has it open. It must not decide who may have it.
import { BOM, FORMULA } from "../../../dashboard/grammar/csv.js";
import { AppError, messageOf } from "../../core/errors.ts";
import { EVENT_COLUMN_NAMES, EVENT_COLUMNS, type EventColumnName } from "../../core/event.ts";
import { EXPORTS_MAX } from "../../core/limits.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Files, Random } from "../../core/types.ts";
import { zipOf } from "../archive/zip.ts";
import { emptyFolder } from "../empty_folder.ts";
import { firstLine, mayBeCorruption } from "../parquet/corruption.ts";
import type { SpanUs } from "../tiers/event_rows.ts";
import { ROW_GROUP_EVENTS } from "../parquet/partition_file.ts";
import type { Reader } from "../reader.ts";
import { literal } from "../parquet/schema.ts";

/** Forms of a file; gzipped ones are for clients that unpack them by themselves. */
export type ExportFormat = "parquet" | "csv" | "csv.gz" | "ndjson" | "ndjson.gz";

/** The form of another program: which rows it has, and how DuckDB writes them. */
export interface ExportForm {
  /** Options of `copy`. */
  readonly writtenAs: Sql;
  /** The span to read for the events of a span; the same without it. */
  readonly reads?: (span: SpanUs) => SpanUs;
  /** Whether engagements are among the rows. */
  readonly hasEngagements?: true;
  /** The rows, from a relation of the stored columns but site_id over the span that is read. */
  readonly rows: (events: Sql, of: ExportOf) => Sql;
}

/**
 * The form of another program that keeps events in several tables: a ZIP of them. They are written
 * one after the other, so that those that name rows of others come last.
 */
export interface TablesForm {
  readonly tables: readonly (ExportForm & { readonly name: string })[];
}

/** The form of another program that is made of answers instead of rows. */
export interface AnswerForm {
  /** Begins to write; `rows` counts what was written so far. */
  write(of: Pick<ExportOf, "site" | "span">): Promise<{
    readonly content: ReadableStream<Uint8Array<ArrayBuffer>>;
    readonly rows: () => number;
  }>;
}

/** What a form is made of beside the events. */
export interface ExportOf {
  readonly site: string;
  readonly span: SpanUs;
  /** Random, in hex: ids that are hashed with it occur in this file only. */
  readonly key: string;
}

/** A written file, open. Whoever has it reads it to its end or cancels it. */
export interface ExportFile {
  readonly events: number;
  readonly bytes: number;
  /** UTC dates of which it lacks the events of a file that cannot be read. */
  readonly incompleteDates: readonly string[];
  readonly content: ReadableStream<Uint8Array<ArrayBuffer>>;
}

const KEY_BYTES = 32;
const MODE = 0o600;

const WRITTEN_AS: Readonly<Record<ExportFormat, Sql>> = {
  parquet: sql`format parquet, compression zstd, row_group_size ${raw(String(ROW_GROUP_EVENTS))}`,
  csv: sql`format csv, header true`,
  "csv.gz": sql`format csv, header true, compression gzip`,
  ndjson: sql`format json`,
  "ndjson.gz": sql`format json, compression gzip`,
};

/** Forms whose values are those that are stored; people's CSV has no formula instead. */
const EXACT: ReadonlySet<ExportFormat> = new Set(["parquet", "ndjson", "ndjson.gz"]);

/** Makes files of events in a folder of their own. */
export class ExportFiles {
  readonly #reader: Reader;
  readonly #files: Files;
  readonly #random: Random;
  readonly #folder: string;
  #open = 0;

  private constructor(reader: Reader, files: Files, random: Random, folder: string) {
    this.#reader = reader;
    this.#files = files;
    this.#random = random;
    this.#folder = folder;
  }

  /** Removes what a killed process left in `folder`, which must be in DATA_DIR. */
  static async open(
    reader: Reader,
    files: Files,
    random: Random,
    { folder }: { readonly folder: string },
  ): Promise<ExportFiles> {
    await emptyFolder(files, folder);
    return new ExportFiles(reader, files, random, folder);
  }

  /**
   * Writes the events of a site in a span, in no order, and opens the file. Visitor ids are
   * replaced by others for each file: equal within it. With `bom` CSV begins with a byte order
   * mark. Rejects with `too_many_requests` while too many are read, `unavailable` where the disk
   * refuses, and an AbortError.
   */
  async write(
    site: string,
    span: SpanUs,
    format: ExportFormat | ExportForm | TablesForm | AnswerForm,
    signal: AbortSignal,
    bom = false,
  ): Promise<ExportFile> {
    if (this.#open >= EXPORTS_MAX) {
      throw new AppError(
        "too_many_requests",
        `Cannot export now: ${EXPORTS_MAX} exports are running`,
        { "retry-after": "10" },
      );
    }
    this.#open++;
    const path = `${this.#folder}/${this.#random.uuid()}`;
    const remove = () => this.#files.remove(path).catch(() => {});
    try {
      await this.#files.makeDir(this.#folder);
      const form = typeof format === "string" ? ownForm(format, bom) : format;
      const key = this.#random.bytes(KEY_BYTES).toHex();
      const events = "write" in form
        ? await this.#answer(path, form, { site, span }, signal)
        : "tables" in form
        ? await this.#copyTables(path, form, { site, span, key }, signal)
        : await this.#copy(path, form, { site, span, key }, signal);
      const bytes = await this.#files.size(path) ?? 0;
      const stream = await this.#files.stream(path);
      // It goes on reading what has no name any more; where a system does not allow that, later.
      await remove();
      const ended = () => {
        this.#open--;
        remove();
      };
      const incompleteDates = this.#reader.incompleteDates(site, span);
      return { events, bytes, incompleteDates, content: onceEnded(stream, ended) };
    } catch (error) {
      this.#open--;
      await remove();
      if (!mayBeCorruption(error) && !/^Out of Memory/i.test(messageOf(error))) throw error;
      throw new AppError("unavailable", `Cannot write the export: ${firstLine(error)}`);
    }
  }

  /** Writes a file of answers; resolves with the number of its rows. */
  async #answer(
    path: string,
    form: AnswerForm,
    of: Pick<ExportOf, "site" | "span">,
    signal: AbortSignal,
  ): Promise<number> {
    const { content, rows } = await form.write(of);
    await this.#files.writeStream(
      path,
      content.pipeThrough(new TransformStream(), { signal }),
      MODE,
    );
    return rows();
  }

  /** Writes the tables, then one archive of them; resolves with the rows of the first. */
  async #copyTables(
    path: string,
    { tables }: TablesForm,
    of: ExportOf,
    signal: AbortSignal,
  ): Promise<number> {
    const files = this.#files;
    const placed = tables.map((table, at) => ({ ...table, path: `${path}.${at}` }));
    try {
      const counts: number[] = [];
      for (const table of placed) counts.push(await this.#copy(table.path, table, of, signal));
      const entries = placed.map(({ name, path: from }) => ({
        name,
        content: () => contentOf(files, from),
      }));
      const stream = ReadableStream.from(zipOf(entries));
      await files.writeStream(path, stream.pipeThrough(new TransformStream(), { signal }), MODE);
      return counts[0] ?? 0;
    } finally {
      for (const table of placed) await files.remove(table.path).catch(() => {});
    }
  }

  /** Writes the file; resolves with the number of its rows. */
  async #copy(
    path: string,
    form: ExportForm,
    { site, span, key }: ExportOf,
    signal: AbortSignal,
  ): Promise<number> {
    const read = form.reads?.(span) ?? span;
    const copied = await this.#reader.queryOf(
      site,
      read,
      ({ events, rows }) => {
        const from = form.hasEngagements ? rows(read) : events(read);
        return sql`copy (${form.rows(from, { site, span, key })})
          to ${literal(path)} (${form.writtenAs})`;
      },
      { signal },
    );
    return Number(copied[0]?.["Count"] ?? 0);
  }
}

async function* contentOf(files: Files, path: string): AsyncGenerator<Uint8Array> {
  yield* await files.stream(path);
}

/** A form of this program; with `bom` CSV begins with a byte order mark. */
function ownForm(format: ExportFormat, bom: boolean): ExportForm {
  const head = bom && !EXACT.has(format) ? BOM : "";
  return {
    writtenAs: WRITTEN_AS[format],
    hasEngagements: true,
    rows: (events, { site, key }) =>
      sql`select ${columns(site, key, format, head)} from ${inPlace(events, format)}`,
  };
}

/** Numbering the rows keeps one row group in memory, as it cannot be done by several threads. */
function inPlace(events: Sql, format: ExportFormat): Sql {
  if (format !== "parquet") return events;
  return sql`(select *, row_number() over () as place from ${events}) where place > 0`;
}

/** Every stored column in its order; in texts times are ISO 8601, in CSV no cell is a formula. */
function columns(site: string, key: string, format: ExportFormat, head: string): Sql {
  return join(EVENT_COLUMN_NAMES.map((name, index) => {
    const value = valueOf(name, site, key);
    const text = format === "parquet" ? value : cell(name, value, EXACT.has(format));
    // The header of CSV is made of the names: what stands before the first begins the file.
    const isHead = index === 0 && head !== "";
    return sql`${text} as ${isHead ? raw(`"${head}${name}"`) : ident(name)}`;
  }));
}

function valueOf(name: EventColumnName, site: string, key: string): Sql {
  if (name === "site_id") return sql`${site}::varchar`;
  const column = ident(name);
  if (EVENT_COLUMNS[name].privacy === "pseudonym") return sql`sha256(concat(${key}, ${column}))`;
  return column;
}

function cell(name: EventColumnName, value: Sql, isExact: boolean): Sql {
  const { type } = EVENT_COLUMNS[name];
  if (type === "TIMESTAMP") return sql`strftime(${value}, '%Y-%m-%dT%H:%M:%S.%fZ')`;
  return type !== "VARCHAR" || isExact ? value : withoutFormulas(value);
}

/** A text in which no cell of a spreadsheet is a formula. */
export function withoutFormulas(value: Sql): Sql {
  const disarmed = sql`regexp_replace(${value}, ${literal(FORMULA)}, '\\1''\\2', 'g')`;
  return sql`regexp_replace(${disarmed}, '^([\t\r])', '''\\1')`;
}

/** The same stream; `ended` is called once, when it was read to its end, failed or was left. */
function onceEnded(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  ended: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  let isOpen = true;
  const end = () => {
    if (isOpen) ended();
    isOpen = false;
  };
  return new ReadableStream({
    async pull(controller) {
      try {
        const { value, done } = await reader.read();
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
