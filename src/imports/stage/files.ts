// The files that hold the rows of an import while its days are written: some row groups each, so
// that neither what a file says of itself nor what is read for a few days grows with the import.
import { join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Db, Row } from "../../storage/duckdb.ts";
import { literal, literalPath } from "../../storage/parquet/schema.ts";

/** Which rows are read: of some UTC dates, or of some lines. Both ends are included. */
export interface RowsSpan {
  readonly dates?: { readonly from: string; readonly to: string };
  readonly lines?: { readonly from: number; readonly to: number };
}

/** A row group of a file. Its dates are empty where no row has a time. */
interface RowGroup {
  readonly path: string;
  readonly rows: number;
  readonly dates: { readonly from: string; readonly to: string };
  readonly lines: { readonly from: number; readonly to: number };
}

/**
 * How such files are written, below a folder. They are read again soon, some days at a time:
 * packing them closer takes longer than reading more, and a small row group holds few rows of other
 * days.
 */
export const ROWS_FORMAT: Sql = raw(`(format parquet, compression snappy, row_group_size 10240,
    row_group_size_bytes '4MB', row_groups_per_file 16)`);

/** Files of rows that have the columns `line` and `happened_at`. */
export class RowsFiles {
  readonly #all: Sql;
  readonly #groups: readonly RowGroup[];

  private constructor(all: Sql, groups: readonly RowGroup[]) {
    this.#all = all;
    this.#groups = groups;
  }

  /** Reads what the files of a folder say of themselves. */
  static async of(db: Db, folder: string): Promise<RowsFiles> {
    const end = (which: "min" | "max", column: string) =>
      raw(`any_value(stats_${which}_value) filter (path_in_schema = '${column}')
        as ${which}_${column}`);
    const all = literal(`${literalPath(folder)}/*.parquet`);
    const groups = await db.execute(sql`
      select file_name as path, any_value(row_group_num_rows) as rows,
        ${end("min", "line")}, ${end("max", "line")},
        ${end("min", "happened_at")}, ${end("max", "happened_at")}
      from parquet_metadata(${all}) group by file_name, row_group_id`);
    const inOrder = groups.map(groupOf).sort((a, b) => a.lines.from - b.lines.from);
    return new RowsFiles(all, inOrder);
  }

  /** How many rows are read for a span: those of the row groups that may hold some of it. */
  rowsOf(span: RowsSpan): number {
    return this.#holding(span).reduce((sum, { rows }) => sum + rows, 0);
  }

  /** The files that may hold rows of a span, as a relation; rows of others may be in it. */
  relation(span: RowsSpan = {}): Sql {
    const paths = new Set(this.#holding(span).map(({ path }) => path));
    const list = [...paths].map((path) => literal(literalPath(path)));
    return sql`read_parquet(${list.length > 0 ? sql`[${join(list)}]` : this.#all})`;
  }

  #holding({ dates, lines }: RowsSpan): readonly RowGroup[] {
    return this.#groups.filter((group) =>
      (!dates || group.dates.from <= dates.to && group.dates.to >= dates.from) &&
      (!lines || group.lines.from <= lines.to && group.lines.to >= lines.from)
    );
  }
}

function groupOf(row: Row): RowGroup {
  const dateOf = (time: Row[string] | undefined) => String(time ?? "").slice(0, 10);
  return {
    path: String(row["path"]),
    rows: Number(row["rows"]),
    lines: { from: Number(row["min_line"]), to: Number(row["max_line"]) },
    dates: { from: dateOf(row["min_happened_at"]), to: dateOf(row["max_happened_at"]) },
  };
}
