// How DuckDB reads the CSV files of other tools: every value as text, bad lines kept apart with
// their numbers, in a line's order.
import { join, raw, type Sql, sql } from "../../core/sql.ts";
import { literal, literalPath } from "../../storage/parquet/schema.ts";

/** Longest line that is read. */
const LINE_BYTES_MAX = 1_000_000;
/** What is read at once; each scan keeps several in memory. */
const BUFFER_BYTES = 4 * LINE_BYTES_MAX;

/** How a file is written. */
export interface CsvForm {
  readonly delimiter?: string;
  /** Empty where values are never quoted. */
  readonly quote?: string;
  readonly nullText?: string;
  /** Whether a quoted empty text is one, and not missing. */
  readonly keepsEmpty?: boolean;
  /** Whether rows may lack cells at their end; one thread alone then reads the file. */
  readonly isPadded?: boolean;
  /** Lines before the first row. */
  readonly skip?: number;
}

/** The rows of a file whose columns are known by their order, as texts named `names`. */
export function csvRows(path: string, names: readonly string[], form: CsvForm = {}): Sql {
  const {
    delimiter = ",",
    quote = '"',
    nullText = "",
    skip = 1,
    keepsEmpty = false,
    isPadded = false,
  } = form;
  const columns = names.map((name) => raw(`'${columnName(name)}': 'VARCHAR'`));
  return sql`read_csv(${literal(literalPath(path))}, auto_detect = false, header = false,
    skip = ${raw(String(skip))}, delim = ${literal(delimiter)}, quote = ${literal(quote)},
    escape = ${literal(quote)}, nullstr = ${literal(nullText)}, columns = {${join(columns)}},
    allow_quoted_nulls = ${raw(String(!keepsEmpty))}, null_padding = ${
    raw(String(isPadded))
  }, parallel = ${
    raw(String(!isPadded))
  }, strict_mode = false, store_rejects = true, buffer_size = ${
    raw(String(BUFFER_BYTES))
  }, max_line_size = ${raw(String(LINE_BYTES_MAX))})`;
}

/** A header's name as a column of DuckDB. */
export function columnName(name: string): string {
  return name.trim().toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^(?=\d)/, "_");
}

/** The cells of a header, which no tool here quotes with separators inside. */
export function headerCells(header: string, delimiter = ","): string[] {
  return header.replace(/^\ufeff/, "").split(delimiter)
    .map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

/** The separator of a header: the one that splits it most. */
export function delimiterOf(header: string): string {
  const counts = [",", ";", "\t"].map((one) => [one, header.split(one).length] as const);
  return counts.sort((a, b) => b[1] - a[1])[0]?.[0] ?? ",";
}
