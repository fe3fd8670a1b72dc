// Operations of mallard.sqlite for rewritten history: which sites' events are being rewritten by
// path rules, and the originals that are kept until their owner confirms.
import type { CatalogFile } from "../../parquet/partition.ts";
import { integerOf, oneOf, textOf } from "../row.ts";
import type { Sqlite } from "../sqlite.ts";

/** The tables of this file, as one step of the schema. */
export const REWRITE_SCHEMA = `
  create table path_jobs (
    site_id text primary key,
    state text not null check (state in ('rewriting', 'rewritten', 'undoing')),
    rules text not null,
    started_at integer not null,
    skipped integer not null default 0
  ) strict, without rowid;
  create table kept_originals (
    path text primary key,
    replaced_by text not null,
    site_id text not null,
    date text not null,
    rows integer not null,
    bytes integer not null
  ) strict, without rowid;
`;

/** States of a job, in their order. */
export const PATH_JOB_STATES = ["rewriting", "rewritten", "undoing"] as const;

/** The rewriting of a site's history. */
export interface PathJob {
  readonly site_id: string;
  readonly state: (typeof PATH_JOB_STATES)[number];
  /** The path rules, as JSON. */
  readonly rules: string;
  /** Milliseconds since 1970. */
  readonly started_at: number;
  /** Files that were left as they are: they have columns of another program. */
  readonly skipped: number;
}

/** An original: the file as it was in the catalog, and the path of the one in its place. */
export interface KeptOriginal extends CatalogFile {
  readonly replaced_by: string;
}

function listPathJobs(db: Sqlite): PathJob[] {
  const rows = db.all("select site_id, state, rules, started_at, skipped from path_jobs");
  return rows.map((row) => ({
    site_id: textOf(row, "site_id"),
    state: oneOf(row, "state", PATH_JOB_STATES),
    rules: textOf(row, "rules"),
    started_at: integerOf(row, "started_at"),
    skipped: integerOf(row, "skipped"),
  }));
}

function putPathJob(db: Sqlite, job: PathJob): void {
  db.run(
    `insert into path_jobs (site_id, state, rules, started_at, skipped) values (?, ?, ?, ?, ?)
      on conflict do update set state = excluded.state, skipped = excluded.skipped`,
    job.site_id,
    job.state,
    job.rules,
    Math.floor(job.started_at),
    job.skipped,
  );
}

/** Ends a site's job. Its originals are no longer wanted. */
function endPathJob(db: Sqlite, site: string): void {
  db.transaction(() => {
    db.run("delete from kept_originals where site_id = ?", site);
    db.run("delete from path_jobs where site_id = ?", site);
  });
}

function listOriginals(db: Sqlite): KeptOriginal[] {
  return db.all("select path, replaced_by, site_id, date, rows, bytes from kept_originals")
    .map((row) => ({
      path: textOf(row, "path"),
      replaced_by: textOf(row, "replaced_by"),
      site_id: textOf(row, "site_id"),
      date: textOf(row, "date"),
      rows: integerOf(row, "rows"),
      bytes: integerOf(row, "bytes"),
    }));
}

/** Records an original; part of the transaction that replaces it. */
export function insertOriginal(db: Sqlite, original: KeptOriginal): void {
  db.run(
    `insert into kept_originals (path, replaced_by, site_id, date, rows, bytes)
      values (?, ?, ?, ?, ?, ?)`,
    original.path,
    original.replaced_by,
    original.site_id,
    original.date,
    original.rows,
    original.bytes,
  );
}

/** Forgets originals by their paths. */
function forgetOriginals(db: Sqlite, paths: readonly string[]): void {
  db.transaction(() => {
    for (const path of paths) db.run("delete from kept_originals where path = ?", path);
  });
}

/** The operations by name. */
export const REWRITE_OPS = {
  listPathJobs,
  putPathJob,
  endPathJob,
  listOriginals,
  forgetOriginals,
} as const;
