// Operations of mallard.sqlite for requests that were not stored: how many a day, by
// reason and by the robot's name. No row says anything about a visitor.
import { integerOf, textOf } from "../row.ts";
import type { Sqlite } from "../sqlite.ts";
import type { RunsOperations } from "./operations.ts";

/** The table of this file, as one step of the schema. */
export const DROP_SCHEMA = `
  create table drops (
    site_id text not null,
    date text not null,
    reason text not null,
    name text not null,
    count integer not null,
    primary key (site_id, date, reason, name)
  ) strict, without rowid;
`;

/** Dropped requests of a site on a UTC date. `name` is the robot's, empty for other reasons. */
export interface DropRow {
  readonly site_id: string;
  readonly date: string;
  readonly reason: string;
  readonly name: string;
  readonly count: number;
}

/** A span of UTC dates of one site, both included. */
export interface DropRange {
  readonly site_id: string;
  readonly firstDate: string;
  readonly lastDate: string;
}

function addDrops(db: Sqlite, rows: readonly DropRow[]): void {
  db.transaction(() => {
    for (const row of rows) {
      db.run(
        `insert into drops (site_id, date, reason, name, count) values (?, ?, ?, ?, ?)
          on conflict do update set count = count + excluded.count`,
        row.site_id,
        row.date,
        row.reason,
        row.name,
        row.count,
      );
    }
  });
}

/** Counts of a range by reason and name, the most frequent first. */
function listDrops(
  db: Sqlite,
  range: DropRange,
): { reason: string; name: string; count: number }[] {
  const rows = db.all(
    `select reason, name, sum(count) as count from drops
      where site_id = ? and date between ? and ?
      group by reason, name order by count desc, reason, name`,
    range.site_id,
    range.firstDate,
    range.lastDate,
  );
  return rows.map((row) => ({
    reason: textOf(row, "reason"),
    name: textOf(row, "name"),
    count: integerOf(row, "count"),
  }));
}

function eraseDrops(db: Sqlite, range: DropRange): void {
  db.run(
    "delete from drops where site_id = ? and date between ? and ?",
    range.site_id,
    range.firstDate,
    range.lastDate,
  );
}

/** Every operation by name, to be joined with those of the store. */
export const DROP_OPS = { addDrops, listDrops, eraseDrops } as const;

/** The part of the store that these rows need. */
export type DropStore = RunsOperations<typeof DROP_OPS>;
