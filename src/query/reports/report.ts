// What a report is: one named question with its parameters, and what it is given to answer it.
// Every file of a report exports one such row; reports.ts lists them.
import type { EventColumnName } from "../../core/event.ts";
import type { Range } from "../../core/period.ts";
import type { Sql } from "../../core/sql.ts";
import type { Row } from "../../storage/duckdb.ts";
import type { SpanUs } from "../../storage/tiers/event_rows.ts";
import type { BehavioralEngine } from "../engine/engine.ts";
import type { Params } from "../params.ts";
import type { Query, ReportRequest } from "../query.ts";
import type { Answer } from "../answer.ts";

/** What a report runs its questions through: time limit, cancelling and consistency are kept. */
export interface QueryContext {
  /** The rows of a question of metrics and dimensions. */
  ask(query: Query): Promise<Answer>;
  /** Rows of a statement of the report's own over the site's events of a span. */
  rows(span: SpanUs, build: (events: Sql) => Sql): Promise<Row[]>;
  /**
   * Rows of a statement over the events of the asked range that meet the asked filter. `build`
   * gets them as a relation in parentheses with these columns.
   */
  matching(
    request: ReportRequest,
    columns: readonly EventColumnName[],
    build: (events: Sql) => Sql,
  ): Promise<Row[]>;
  /** What answers funnels, retention, sequences and flow. */
  readonly engine: BehavioralEngine;
  /** For how many UTC days a visitor id lasts on this site; 0 when each event has its own. */
  readonly visitorIdDays: number;
  /** Whether the site's owner lets single visits be listed. */
  readonly listsVisits: boolean;
}

/** One parameter of a report, for the schema. */
export interface ParamDoc {
  readonly required: boolean;
  readonly doc: string;
}

/** What the file of a report says of it. `T` is what its own parameters come to. */
export interface ReportSpec<T> {
  readonly label: string;
  readonly doc: string;
  /** Runs at most `max_concurrent_queries` at once. */
  readonly heavy: boolean;
  /** The answer changes with the time of day alone: it is kept for seconds only. */
  readonly live?: true;
  /** The report's own parameters, beside those that every report takes. */
  readonly params: Readonly<Record<string, ParamDoc>>;
  /** Reads them. Notes faults in `params`; runs nothing. `asked` is of use for its goals. */
  readonly parse: (params: Params, request: ReportRequest) => T;
  /** The answer as JSON. An earlier range to compare with is in `asked.comparison`. */
  readonly run: (request: ReportRequest, own: T, context: QueryContext) => Promise<unknown>;
}

/** A row of REPORTS. */
export interface Report extends Omit<ReportSpec<never>, "parse" | "run"> {
  /** Reads the report's own parameters and returns what answers the question. */
  readonly read: (
    params: Params,
    request: ReportRequest,
  ) => (request: ReportRequest, context: QueryContext) => Promise<unknown>;
}

/** Makes the row; the type of the report's own parameters stays inside. */
export function defineReport<T>({ parse, run, ...row }: ReportSpec<T>): Report {
  return {
    ...row,
    read: (params, request) => {
      const own = parse(params, request);
      return (question, context) => run(question, own, context);
    },
  };
}

/** The same question about another range. */
export function withRange(request: ReportRequest, range: Range): ReportRequest {
  return { ...request, range, comparison: null };
}
