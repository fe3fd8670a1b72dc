// What a report is: a row that says who may read it, which parameters it has and in which formats
// it can be had. Every report exports one such row; reports.ts lists them.
import type { ReadLevel } from "../../core/access.ts";
import type { EventColumnName } from "../../core/event.ts";
import type { Range } from "../../core/period.ts";
import type { Interval } from "../../../dashboard/grammar/period.js";
import type { Sql } from "../../core/sql.ts";
import type { IdLife } from "../../sites/id_life.ts";
import type { Row } from "../../storage/duckdb.ts";
import type { SpanUs } from "../../storage/tiers/event_rows.ts";
import type { BehavioralEngine } from "../engine/engine.ts";
import type { Meta } from "../meta.ts";
import type { AggregateName } from "../metrics.ts";
import type { Params } from "../params.ts";
import type { Query, ReportRequest } from "../query.ts";
import type { Answer } from "../answer.ts";
import type { NeededEvents, VisitorRows } from "../sql/statement.ts";
import type { Told } from "../sums/told.ts";

/** Requests of a site that were dropped, by reason; `name` is a robot's, else empty. */
export interface DropCount {
  readonly reason: string;
  readonly name: string;
  readonly count: number;
}

/** What a report reads through: within its time limit, over one version of the site's events. */
export interface QueryContext {
  /** The rows of a query of metrics and dimensions. */
  query(query: Query): Promise<Answer>;
  /** Those of several queries of one short range, by one statement where they are lists. */
  lists(queries: readonly [Query, ...Query[]]): Promise<readonly Answer[]>;
  /**
   * Rows of a statement of the report's own over the site's events of a span. `build` also gets
   * what its queries need to know of engagements.
   */
  rows(
    span: SpanUs,
    build: (events: Sql, engagements: Query["engagements"]) => Sql,
  ): Promise<Row[]>;
  /**
   * Rows of a statement over the events in the request's range that meet its filter. `build` gets
   * them as a relation in parentheses with these columns, and a function that gives the number of
   * their visitors as a scalar, or null where it is known from the events alone. `needed` tells
   * which are enough.
   */
  matching(
    request: ReportRequest,
    columns: readonly EventColumnName[],
    build: (events: Sql, visitors: (() => Sql) | null) => Sql,
    needed?: NeededEvents | null,
  ): Promise<Row[]>;
  /**
   * The same over the keys of custom properties of those events: `build` gets a relation of value
   * and visitors, of which a value may have several rows that add up.
   */
  propKeys(request: ReportRequest, build: (keys: Sql) => Sql): Promise<Row[]>;
  /**
   * The same over the visitors of those events, where only their local days matter, and on which
   * side of `cutUs` they came: `build` gets a relation of visitor_id and timestamp.
   */
  visitorDays(
    request: ReportRequest,
    cutUs: number,
    build: (visitors: Sql) => Sql,
  ): Promise<Row[]>;
  /**
   * Rows of one statement over the visitors of two queries that differ in their range alone.
   * `build` gets those of each.
   */
  visitorRows(
    queries: readonly [Query, Query],
    aggregates: readonly AggregateName[],
    build: (rows: readonly [VisitorRows, VisitorRows]) => Sql,
  ): Promise<Row[]>;
  /** The same over the events with revenue of both: relations of the keys, currency and cents. */
  paidRows(
    queries: readonly [Query, Query],
    build: (rows: readonly [Sql, Sql]) => Sql,
  ): Promise<Row[]>;
  /** Counts of dropped requests between two UTC dates, both included; most frequent first. */
  drops(firstDate: string, lastDate: string): Promise<readonly DropCount[]>;
  /** What the answer says of imported days. */
  readonly told: Told;
  /** Builds the SQL of funnels, retention, sequences and flow. */
  readonly engine: BehavioralEngine;
  /** How long a visitor id lasts on this site, and lasted before. */
  readonly idLife: IdLife;
  /** Whether the site's owner lets single visits be listed. */
  readonly listsVisits: boolean;
}

/** One parameter of a report, for the schema. */
export interface ParamDoc {
  readonly required: boolean;
  readonly doc: string;
}

/** A format in which an answer `A` can be downloaded. */
export interface DownloadFormat<A> {
  readonly contentType: string;
  write(answer: A): string;
}

/** What a report says of itself, whatever its parameters and its answer. */
interface ReportRow<A> {
  readonly label: string;
  readonly doc: string;
  /** What a caller must be allowed to read: a site's totals when missing. */
  readonly access?: ReadLevel;
  /** Runs at most `max_concurrent_queries` at once. */
  readonly heavy: boolean;
  /**
   * When an answer is out of date although no event came: `live` within seconds, `never_cached` at
   * once. When missing, never.
   */
  readonly freshness?: "live" | "never_cached";
  /** Formats of a download, chosen by `format`, the first by default. JSON alone when missing. */
  readonly formats?: Readonly<Record<string, DownloadFormat<A>>>;
  /** The width of its buckets, where it does not follow `interval`. */
  readonly interval?: Interval;
  /** May take longer than other requests. */
  readonly streams?: true;
  /** The report's own parameters, besides those of every report. */
  readonly params: Readonly<Record<string, ParamDoc>>;
}

/** What the file of a report defines: `T` holds its own parameters, `A` is its answer. */
export interface ReportSpec<T, A> extends ReportRow<A> {
  /** Reads its own parameters. Notes faults in `params`; runs nothing. */
  readonly parse: (params: Params, request: ReportRequest) => T;
  /** Computes the answer. An earlier range to compare with is in `request.comparison`. */
  readonly run: (request: ReportRequest, params: T, context: QueryContext) => Promise<A>;
}

/** A row of REPORTS. */
export interface Report extends ReportRow<unknown> {
  /** Reads the report's own parameters and returns what computes the answer. */
  readonly read: (
    params: Params,
    request: ReportRequest,
  ) => (request: ReportRequest, context: QueryContext) => Promise<unknown>;
}

/** Makes the row; the types of the report's own parameters and answer stay inside. */
export function defineReport<T, A>({ parse, run, ...row }: ReportSpec<T, A>): Report {
  return {
    ...row,
    read: (params, request) => {
      const own = parse(params, request);
      return (request, context) => run(request, own, context);
    },
  };
}

/** The same request for another range, without a comparison. */
export function withRange(request: ReportRequest, range: Range): ReportRequest {
  return { ...request, range, comparison: null };
}

/** The change of each number of an answer since the earlier range; null where it has none. */
export type Changes = Readonly<Record<string, number | null>>;

/** An answer, with that of the earlier range beside it where one was requested. */
export type WithComparison<T> = T & {
  readonly comparison?: T | null;
  readonly change?: Changes | null;
  /** Both ranges, where the answer is one object and has a comparison. */
  readonly meta?: Meta;
};
