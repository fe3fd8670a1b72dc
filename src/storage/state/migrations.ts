// The schema of mallard.sqlite as numbered steps, forward only. A step that has been released is
// never changed; a new one is added at the end.
import { DROP_SCHEMA } from "./ops/drop_ops.ts";
import { HISTORY_SCHEMA } from "../history/history_ops.ts";
import { SUMS_SCHEMA } from "../history/sums_ops.ts";
import { IMPORT_SCHEMA } from "./ops/import_ops.ts";
import { OWNER_SCHEMA } from "./ops/owner_ops.ts";
import { PROPOSED_SCHEMA } from "./ops/proposed_ops.ts";
import { REWRITE_SCHEMA } from "./ops/rewrite_ops.ts";
import { LAKE_STOCK_SCHEMA, ROLLUP_SCHEMA, ROLLUP_VISITS_SCHEMA } from "./ops/rollup_ops.ts";
import { QUERY_SCHEMA, SITE_SCHEMA } from "./ops/site_ops.ts";
import type { Sqlite } from "./sqlite.ts";
import { keepUpgradeCopy } from "./upgrade_copy.ts";

/** Each step brings the schema from version n to n + 1. */
export const MIGRATIONS: readonly string[] = [
  `
  create table journal (
    seq integer primary key autoincrement,
    site_id text not null,
    date text not null,
    event text not null
  ) strict;
  create table files (
    path text primary key,
    site_id text not null,
    date text not null,
    rows integer not null,
    bytes integer not null
  ) strict, without rowid;
  create index files_by_partition on files (site_id, date);
  create table partitions (
    site_id text not null,
    date text not null,
    last_number integer not null,
    primary key (site_id, date)
  ) strict, without rowid;
  create table condemned (
    path text primary key
  ) strict, without rowid;
  create table sites (
    site_id text primary key,
    created_at integer not null
  ) strict, without rowid;
  create table facts (
    name text primary key,
    value text not null
  ) strict, without rowid;
  `,
  OWNER_SCHEMA,
  SITE_SCHEMA,
  DROP_SCHEMA,
  PROPOSED_SCHEMA,
  IMPORT_SCHEMA,
  REWRITE_SCHEMA,
  ROLLUP_SCHEMA,
  ROLLUP_VISITS_SCHEMA,
  HISTORY_SCHEMA,
  SUMS_SCHEMA,
  QUERY_SCHEMA,
  LAKE_STOCK_SCHEMA,
];

/** The first version of the schema that has proposed sites. */
export const PROPOSALS_SINCE: number = MIGRATIONS.indexOf(PROPOSED_SCHEMA) + 1;

/** The version of a file's schema; 0 for a new file. Throws when a newer program wrote it. */
export function schemaVersion(db: Sqlite): number {
  const version = Number(db.get("pragma user_version")?.["user_version"] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new Error(
      `Cannot open mallard.sqlite: its schema version ${version} is newer than this program's ` +
        `${MIGRATIONS.length}; start the program that wrote it, or a newer one`,
    );
  }
  return version;
}

/**
 * Brings the schema up to date. A file of an older program is first copied beside itself, so that
 * there is a way back. Throws, and changes nothing, when a newer program wrote it or the copy
 * cannot be made.
 */
export async function migrate(db: Sqlite, path: string): Promise<void> {
  const version = schemaVersion(db);
  if (version > 0 && version < MIGRATIONS.length) await keepUpgradeCopy(db, path, version);
  if (version === MIGRATIONS.length) return;
  db.transaction(() => {
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    db.exec(`pragma user_version = ${MIGRATIONS.length}`);
  });
}
