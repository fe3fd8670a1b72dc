// Operations of mallard.sqlite for rollups: which local days of a site have their sums in which
// file. Whatever changes events takes the days that read them out in its own transaction.
import { DAY_US } from "../../../core/durations.ts";
import type { CatalogFile, Partition } from "../../parquet/partition.ts";
import { integerOf, textOf } from "../row.ts";
import type { Sqlite } from "../sqlite.ts";
import type { RunsOperations } from "./operations.ts";

/**
 * The tables of this file, as one step of the schema. A file of rollups that no day names any more
 * is garbage, whatever took the last day out.
 */
export const ROLLUP_SCHEMA = `
  create table rollup_days (
    site_id text not null,
    day integer not null,
    path text not null,
    rules text not null,
    start_us integer not null,
    end_us integer not null,
    reads_from_us integer not null,
    reads_to_us integer not null,
    id_days integer not null,
    has_edge integer not null,
    primary key (site_id, day)
  ) strict, without rowid;
  create index rollup_days_by_path on rollup_days (path);
  create table rollup_sites (
    site_id text primary key,
    reach_days integer not null,
    foreign_to_us integer not null
  ) strict, without rowid;
  create table rollup_garbage (
    path text primary key
  ) strict, without rowid;
  create trigger rollup_file_unused after delete on rollup_days
    when not exists (select 1 from rollup_days where path = old.path)
  begin
    insert or ignore into rollup_garbage (path) values (old.path);
  end;
`;

/**
 * The table of days with files of visits, as one more step of the schema. Rollups are made again:
 * files that no day names are removed at the start.
 */
export const ROLLUP_VISITS_SCHEMA = `
  drop table rollup_days;
  create table rollup_days (
    site_id text not null,
    day integer not null,
    path text not null,
    visits_path text not null,
    rules text not null,
    start_us integer not null,
    end_us integer not null,
    reads_from_us integer not null,
    reads_to_us integer not null,
    holds_from_us integer not null,
    holds_to_us integer not null,
    id_days integer not null,
    has_edge integer not null,
    primary key (site_id, day)
  ) strict, without rowid;
  create index rollup_days_by_path on rollup_days (path);
  create index rollup_days_by_visits_path on rollup_days (visits_path);
  create trigger rollup_file_unused after delete on rollup_days
    when not exists (select 1 from rollup_days where path = old.path)
  begin
    insert or ignore into rollup_garbage (path) values (old.path);
  end;
  create trigger rollup_visits_unused after delete on rollup_days
    when not exists (select 1 from rollup_days where visits_path = old.visits_path)
  begin
    insert or ignore into rollup_garbage (path) values (old.visits_path);
  end;
`;

/**
 * What the lake had of each site and date when the days above were last compared with it, as one
 * more step of the schema. `history` tells which lake that was, and when.
 */
export const LAKE_STOCK_SCHEMA = `
  create table lake_partitions (
    site_id text not null,
    date text not null,
    rows integer not null,
    last_snapshot integer not null,
    file_list text not null,
    primary key (site_id, date)
  ) strict, without rowid;
  create table lake_history (
    id integer primary key check (id = 1),
    snapshot integer not null,
    made_at text not null
  ) strict, without rowid;
`;

/** A local day whose sums are in a file. Times are microseconds since 1970 UTC. */
export interface RollupDay {
  /** Days since 1970 of its local date. */
  readonly day: number;
  /** Path below the folder of rollups. */
  readonly path: string;
  /** The same of the file of its visits. */
  readonly visitsPath: string;
  /** What it was computed by: another text means other sums. */
  readonly rules: string;
  readonly startUs: number;
  readonly endUs: number;
  /** The sums depend on events of this span. */
  readonly readsFromUs: number;
  readonly readsToUs: number;
  /** Its files hold what was computed from events of this span, also for days replaced since. */
  readonly holdsFromUs: number;
  readonly holdsToUs: number;
  /** For how many UTC days a visitor id lasted when they were made. */
  readonly idDays: number;
  /** Whether its file tells which visitors may be seen after it. */
  readonly hasEdge: boolean;
}

/** What is known of a site's rollups. */
export interface SiteRollups {
  readonly days: readonly RollupDay[];
  /** Most days between two sightings of one visitor, where that was ever more than its id lasts. */
  readonly reachDays: number;
  /** End of the last UTC date with events that this program did not receive; 0 for none. */
  readonly foreignToUs: number;
}

function siteRollups(db: Sqlite, site: string): SiteRollups {
  const known = db.get(
    "select reach_days, foreign_to_us from rollup_sites where site_id = ?",
    site,
  );
  const days = db.all("select * from rollup_days where site_id = ? order by day", site);
  return {
    days: days.map((row) => ({
      day: integerOf(row, "day"),
      path: textOf(row, "path"),
      visitsPath: textOf(row, "visits_path"),
      rules: textOf(row, "rules"),
      startUs: integerOf(row, "start_us"),
      endUs: integerOf(row, "end_us"),
      readsFromUs: integerOf(row, "reads_from_us"),
      readsToUs: integerOf(row, "reads_to_us"),
      holdsFromUs: integerOf(row, "holds_from_us"),
      holdsToUs: integerOf(row, "holds_to_us"),
      idDays: integerOf(row, "id_days"),
      hasEdge: integerOf(row, "has_edge") === 1,
    })),
    reachDays: known ? integerOf(known, "reach_days") : 0,
    foreignToUs: known ? integerOf(known, "foreign_to_us") : 0,
  };
}

/** Replaces the days of a site that have these numbers. */
function keepRollups(
  db: Sqlite,
  { site_id, days }: { readonly site_id: string; readonly days: readonly RollupDay[] },
): void {
  db.transaction(() => {
    for (const row of days) {
      db.run("delete from rollup_days where site_id = ? and day = ?", site_id, row.day);
      db.run(
        "insert into rollup_days values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        site_id,
        row.day,
        row.path,
        row.visitsPath,
        row.rules,
        row.startUs,
        row.endUs,
        row.readsFromUs,
        row.readsToUs,
        row.holdsFromUs,
        row.holdsToUs,
        row.idDays,
        row.hasEdge ? 1 : 0,
      );
      // It stood for what the day names again.
      db.run("delete from rollup_garbage where path in (?, ?)", row.path, row.visitsPath);
    }
  });
}

/** Takes every day out that is in one of these files. */
function forgetRollups(db: Sqlite, paths: readonly string[]): void {
  db.transaction(() => {
    for (const path of paths) {
      db.run("delete from rollup_days where path = ? or visits_path = ?", path, path);
    }
  });
}

/** Takes every day of a site out, and remembers how far apart one visitor was seen. */
function setReach(
  db: Sqlite,
  { site_id, days }: { readonly site_id: string; readonly days: number },
): void {
  db.transaction(() => {
    db.run("delete from rollup_days where site_id = ?", site_id);
    db.run(
      `insert into rollup_sites (site_id, reach_days, foreign_to_us) values (?, ?, 0)
        on conflict do update set reach_days = excluded.reach_days`,
      site_id,
      days,
    );
  });
}

/** Paths of the files that days name. */
function listRollups(db: Sqlite): string[] {
  return db.all("select path from rollup_days union select visits_path from rollup_days")
    .map((row) => textOf(row, "path"));
}

/** Paths of the files that no day names any more. */
function listGarbage(db: Sqlite): string[] {
  return db.all("select path from rollup_garbage").map((row) => textOf(row, "path"));
}

function forgetGarbage(db: Sqlite, paths: readonly string[]): void {
  db.transaction(() => {
    for (const path of paths) db.run("delete from rollup_garbage where path = ?", path);
  });
}

/** A site and date of which events have come or gone; from a time on, where that is known. */
export type ChangedDate = Pick<CatalogFile, "site_id" | "date" | "firstUs">;

/** The span of a file's events: its UTC date, or from its first event on where that is known. */
export function spanOfFile(
  { date, firstUs }: Omit<ChangedDate, "site_id">,
): { readonly fromUs: number; readonly toUs: number } {
  const startUs = Date.parse(date) * 1000;
  return { fromUs: firstUs ?? startUs, toUs: startUs + DAY_US };
}

/** Takes out the days that read what a new file holds. Call it in a transaction. */
export function staleByAdding(db: Sqlite, file: ChangedDate): void {
  const { fromUs, toUs } = spanOfFile(file);
  db.run(
    "delete from rollup_days where site_id = ? and reads_from_us < ? and reads_to_us > ?",
    file.site_id,
    toUs,
    fromUs,
  );
}

/**
 * Takes out the days whose rollups hold what was computed from some files, before those leave the
 * catalog: nothing of removed events may stay on disk. Call it in a transaction.
 */
export function staleByRemoving(db: Sqlite, paths: readonly string[]): void {
  for (const path of paths) {
    const file = db.get("select site_id, date from files where path = ?", path);
    if (!file) continue;
    staleByLosing(db, { site_id: textOf(file, "site_id"), date: textOf(file, "date") });
  }
}

function staleByLosing(db: Sqlite, { site_id, date }: Partition): void {
  const { fromUs, toUs } = spanOfFile({ date });
  db.run(
    "delete from rollup_days where site_id = ? and holds_from_us < ? and holds_to_us > ?",
    site_id,
    toUs,
    fromUs,
  );
}

/** What a lake has of a site and date, as far as it tells whether that has changed. */
export interface LakePartition extends Partition {
  /** Without deleted ones. */
  readonly rows: number;
  /** The last snapshot that inserted some of them. */
  readonly last_snapshot: number;
  /** Stands for the list of its files, and of what is deleted from them. */
  readonly file_list: string;
}

/** A snapshot of a lake: of others, none has both the same number and the same time. */
export interface LakeMoment {
  readonly snapshot: number;
  readonly madeAt: string;
}

/** What a lake had at a moment. */
export interface LakeStock {
  readonly moment: LakeMoment;
  readonly partitions: readonly LakePartition[];
}

/** How a lake differs from what was kept of it. */
export interface LakeStockChange {
  readonly moment: LakeMoment;
  /** Events came. */
  readonly added: readonly ChangedDate[];
  /** Events went, or may have. */
  readonly removed: readonly Partition[];
  /** Partitions to keep, and those that are there no more. */
  readonly kept: readonly LakePartition[];
  readonly gone: readonly Partition[];
}

/** What was kept of the lake; null where nothing was. */
function lakeStock(db: Sqlite): LakeStock | null {
  const row = db.get("select snapshot, made_at from lake_history");
  if (!row) return null;
  const moment = { snapshot: integerOf(row, "snapshot"), madeAt: textOf(row, "made_at") };
  const partitions = db.all("select * from lake_partitions").map((row) => ({
    site_id: textOf(row, "site_id"),
    date: textOf(row, "date"),
    rows: integerOf(row, "rows"),
    last_snapshot: integerOf(row, "last_snapshot"),
    file_list: textOf(row, "file_list"),
  }));
  return { moment, partitions };
}

/** Takes out the days that read what has changed in the lake, and keeps what it has now. */
function changeLakeStock(db: Sqlite, change: LakeStockChange): void {
  const { moment, added, removed, kept, gone } = change;
  db.transaction(() => {
    for (const date of added) staleByAdding(db, date);
    for (const partition of removed) staleByLosing(db, partition);
    for (const { site_id, date } of gone) {
      db.run("delete from lake_partitions where site_id = ? and date = ?", site_id, date);
    }
    for (const { site_id, date, rows, last_snapshot, file_list } of kept) {
      db.run(
        "insert or replace into lake_partitions values (?, ?, ?, ?, ?)",
        site_id,
        date,
        rows,
        last_snapshot,
        file_list,
      );
    }
    db.run(
      "insert or replace into lake_history values (1, ?, ?)",
      moment.snapshot,
      moment.madeAt,
    );
  });
}

/** Notes that the ids of these files' visitors may last for any time. Call it in a transaction. */
export function noteForeign(db: Sqlite, files: readonly CatalogFile[]): void {
  for (const file of files) {
    db.run(
      `insert into rollup_sites (site_id, reach_days, foreign_to_us) values (?, 0, ?)
        on conflict do update set foreign_to_us = max(foreign_to_us, excluded.foreign_to_us)`,
      file.site_id,
      spanOfFile(file).toUs,
    );
  }
}

/** Every operation by name, to be joined with those of the store. */
export const ROLLUP_OPS = {
  siteRollups,
  keepRollups,
  forgetRollups,
  setReach,
  listRollups,
  listGarbage,
  forgetGarbage,
  lakeStock,
  changeLakeStock,
} as const;

/** The part of the store that these rows need. */
export type RollupStore = RunsOperations<typeof ROLLUP_OPS>;
