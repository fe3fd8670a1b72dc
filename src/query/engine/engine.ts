// What answers the behavioural questions: one interface, implemented in plain SQL (the reference)
// and by DuckDB's extension. Relations in, relations out; nothing here runs a statement.
import type { EventColumnName } from "../../core/event.ts";
import type { Sql } from "../../core/sql.ts";
import type { VisitColumns } from "./visits.ts";

/** How behavioural questions are answered. Every relation is in parentheses. */
export interface BehavioralEngine {
  readonly name: "sql" | "extension" | "off";
  /** One row per visit: see `visits()` of visits.ts for the columns. */
  visits(events: Sql, gapUs: number, columns?: VisitColumns): Sql;
  /** Every event with its visit: see `visitEvents()` of visits.ts for the columns. */
  visitEvents(events: Sql, gapUs: number, columns: readonly EventColumnName[]): Sql;
}
