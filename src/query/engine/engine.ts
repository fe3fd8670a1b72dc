// What computes the behavioral reports: one interface, implemented in plain SQL (the reference)
// and by DuckDB's extension. Relations in, relations out, in parentheses; nothing here runs a
// statement. `events` is a relation of stored columns, those that the conditions read among them.
import type { EventColumnName } from "../../core/event.ts";
import type { Sql } from "../../core/sql.ts";
import type { FunnelSpec } from "./native/funnel.ts";
import type { RetentionSpec } from "./native/retention.ts";
import type { VisitColumns } from "../sql/visits.ts";

/** How behavioral reports are computed. */
export interface BehavioralEngine {
  /** "off" answers zeros and empty lists: the reports do not even ask. */
  readonly name: "sql" | "extension" | "off";
  /** One row per visit: see `visits()` of visits.ts for the columns. */
  visits(events: Sql, gapUs: number, columns?: VisitColumns): Sql;
  /** Every event with its visit: see `visitEvents()` of visits.ts for the columns. */
  visitEvents(events: Sql, gapUs: number, columns: readonly EventColumnName[]): Sql;
  /** visitor_id, reached (steps, at least 1) of each visitor who began; others may follow. */
  funnel(events: Sql, spec: FunnelSpec): Sql;
  /** Cohorts and their cells: see `retentionCells()` of retention_sql.ts for the columns. */
  retention(events: Sql, spec: RetentionSpec): Sql;
  /** visitor_id, converted (BOOLEAN) of every visitor; `overlap`: an event may meet two steps. */
  sequence(events: Sql, steps: readonly Sql[], overlap: boolean): Sql;
  /** next_page, visitors: see `nextPages()` of next_sql.ts. */
  next(events: Sql, page: string, limit: number, offset: number): Sql;
}
