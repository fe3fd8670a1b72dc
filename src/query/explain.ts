// What a report runs in DuckDB: each statement with its values and DuckDB's plan. For development.
import type { Sql, SqlValue } from "../core/sql.ts";
import type { Row } from "../storage/duckdb.ts";

/** One statement of a report. `values` are those of `$1 …`; `plan` is DuckDB's text. */
export interface Explained {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  readonly plan: string;
  readonly rows: number;
}

/** The description of a statement, from the rows of `explain` and the number of rows it found. */
export function explained(statement: Sql, plan: readonly Row[], rows: number): Explained {
  return {
    sql: statement.text,
    values: statement.values,
    plan: plan.map((row) => String(row["explain_value"])).join("\n"),
    rows,
  };
}
