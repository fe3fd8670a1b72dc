// Operations of mallard.sqlite that give what is kept of one site to another: for ids that differ
// in case alone. Each is one transaction, and can be repeated.
import { deleteAllFlushed } from "../flushed_rows.ts";
import type { Sqlite } from "../sqlite.ts";

/** Two ids of a site: what is kept under `from` is kept under `into` afterwards. */
export interface MergedSite {
  readonly from: string;
  readonly into: string;
}

const RENAMED = `case when json_valid(event)
    then json_set(event, '$.site_id', $into) else event end`;

/**
 * Journal rows get new numbers: a file that names a range of numbers of the other site must not
 * find them in it. What both sites have is kept of the one that stays.
 */
const MERGE = [
  `insert into journal (site_id, date, event)
    select $into, date, ${RENAMED} from journal where site_id = $from order by seq`,
  "delete from journal where site_id = $from",
  `update proposed_events set site_id = $into, event = ${RENAMED} where site_id = $from`,
  "delete from refused_sites where site_id = $from",
  "update site_decisions set site_id = $into where site_id = $from",
  "update or ignore site_settings set site_id = $into where site_id = $from",
  "delete from site_settings where site_id = $from",
  "update or ignore site_items set site_id = $into where site_id = $from",
  "delete from site_items where site_id = $from",
  // What was rewritten of the first stays so: originals under its id would be counted again.
  "delete from kept_originals where site_id = $from",
  "delete from path_jobs where site_id = $from",
  "update past_imports set site_id = $into where site_id = $from",
  "update past_sum_days set site_id = $into where site_id = $from",
  `insert into drops (site_id, date, reason, name, count)
    select $into, date, reason, name, count from drops where site_id = $from
    on conflict do update set count = count + excluded.count`,
  "delete from drops where site_id = $from",
  `insert into sites (site_id, created_at)
    select $into, created_at from sites where site_id = $from
    on conflict do update set created_at = min(created_at, excluded.created_at)`,
  `delete from sites where site_id = $from
    and not exists (select 1 from files where site_id = $from)`,
];

/** Gives everything but Parquet files to the other id; the first is forgotten when it has none. */
function mergeSite(db: Sqlite, { from, into }: MergedSite): void {
  db.transaction(() => {
    deleteAllFlushed(db);
    for (const statement of MERGE) {
      const names = statement.match(/[$](?:into|from)/g) ?? [];
      const values = names.map((name) => name === "$into" ? into : from);
      db.run(statement.replace(/[$](?:into|from)/g, "?"), ...values);
    }
  });
}

/** Whether anything is kept of a site. */
function isKept(db: Sqlite, site: string): boolean {
  const tables = ["sites", "files", "journal", "proposed_events", "site_settings", "site_items"];
  return tables.some((table) =>
    db.get(`select 1 from ${table} where site_id = ? limit 1`, site) !== undefined
  );
}

/** The operations by name. */
export const MERGE_OPS = { mergeSite, isKept } as const;
