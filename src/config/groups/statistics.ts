// Settings of answers: the behavioral engine, the cache, limits of queries and of SQL.
import { choice, flag, path, wholeNumber } from "../kinds.ts";
import { row, YEAR_SECS } from "./row.ts";

/** Rows of answers. */
export const STATISTICS_SETTINGS = {
  behavioral: row({
    env: "MALLARD_BEHAVIORAL",
    kind: choice("sql", "extension", "off"),
    default: "sql",
    doc: "What computes sessions, funnels, retention, sequences and flow: sql, extension or off.",
  }),
  behavioral_extension_path: row<string | null>({
    env: "MALLARD_BEHAVIORAL_EXTENSION",
    kind: path,
    default: null,
    shown: "downloaded",
    example: "behavioral.duckdb_extension",
    doc: 'A local file of the DuckDB extension, for behavioral = "extension".',
  }),
  cache_ttl_secs: row({
    env: "MALLARD_CACHE_TTL",
    kind: wholeNumber(0, YEAR_SECS),
    default: 60,
    doc: "Lifetime of cached answers; 0 turns the cache off.",
  }),
  cache_max_entries: row({
    env: "MALLARD_CACHE_MAX_ENTRIES",
    kind: wholeNumber(1, 1_000_000),
    default: 10_000,
    doc: "Largest number of cached answers.",
  }),
  max_concurrent_queries: row({
    env: "MALLARD_MAX_CONCURRENT_QUERIES",
    kind: wholeNumber(1, 10_000),
    default: 10,
    doc: "Heavy reports that run at the same time.",
  }),
  query_timeout_secs: row({
    env: "MALLARD_QUERY_TIMEOUT",
    kind: wholeNumber(1, 3600),
    default: 30,
    doc: "Time after which a query is stopped; it may wait two minutes for its turn before.",
  }),
  sql_enabled: row({
    env: "MALLARD_SQL_ENABLED",
    kind: flag,
    default: true,
    doc: "Whether owners and Admin keys may run SQL over the events of a site.",
  }),
  sql_timeout_secs: row({
    env: "MALLARD_SQL_TIMEOUT",
    kind: wholeNumber(1, 600),
    default: 30,
    doc: "Time after which a statement of an owner is stopped.",
  }),
  sql_max_rows: row({
    env: "MALLARD_SQL_MAX_ROWS",
    kind: wholeNumber(1, 10_000_000),
    default: 100_000,
    doc: "Rows that a statement of an owner may answer as CSV or Parquet; as JSON 10,000 at most.",
  }),
} as const;
