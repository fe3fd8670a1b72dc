// The visitors that were seen lately, for visits that continue over a restart. They are read from
// the newest files, whether these are in the catalog or not: events wait for the answer.
import { utcDate } from "../core/event.ts";
import { DAY_MS } from "../core/durations.ts";
import { sql } from "../core/sql.ts";
import type { Db } from "./duckdb.ts";
import type { OpenJournal } from "./open_journal.ts";
import { mayBeCorruption } from "./parquet/corruption.ts";
import { folderOf, partitionFolder, partitionOfPath } from "./parquet/partition.ts";
import { literalPath } from "./parquet/schema.ts";

/** A visitor of a site, and when it was last seen (ms). */
export type SeenRow = readonly [siteId: string, visitorId: string, lastMs: number];

/** Visitors of all sites in Parquet files that were seen since a time (ms). */
export type SeenVisitors = (fromMs: number, nowMs: number) => Promise<readonly SeenRow[]>;

/** Opens DuckDB only where a file was written since that time. */
export function recentVisitors(
  { store, catalog, eventsFolder }: Pick<OpenJournal, "store" | "catalog" | "eventsFolder">,
  database: () => Promise<Db>,
): SeenVisitors {
  const ask = async (db: Db, paths: readonly string[], fromMs: number) =>
    await db.query(sql`
      select filename, coalesce(visitor_id::varchar, '') as visitor_id,
        epoch_ms(max(timestamp::timestamp)) as last_ms
      from read_parquet(${paths.map((path) => literalPath(`${eventsFolder}/${path}`))},
        union_by_name = true, hive_partitioning = false, filename = true)
      where timestamp::timestamp >= make_timestamp(${Math.floor(fromMs) * 1000})
      group by all`);
  const askEach = async (db: Db, paths: readonly string[], fromMs: number) => {
    const found = [];
    for (const path of paths) {
      try {
        found.push(...await ask(db, [path], fromMs));
      } catch (error) {
        // A report that needs the file proves the damage and quarantines it.
        if (!mayBeCorruption(error)) throw error;
      }
    }
    return found;
  };
  return async (fromMs, nowMs) => {
    const dates = datesOf(fromMs, nowMs);
    const paths = await store.run("recentFiles", { eventsFolder, dates, sinceMs: fromMs });
    if (paths.length === 0) return [];
    const db = await database();
    const rows = await ask(db, paths, fromMs).catch(() => askEach(db, paths, fromMs));
    // The name of a long site's folder is cut.
    const siteOf = new Map(
      dates.flatMap((date) =>
        catalog.sites().map((site_id) => [partitionFolder({ site_id, date }), site_id])
      ),
    );
    return rows.map((row) => {
      const path = String(row["filename"]).slice(eventsFolder.length + 1);
      const site = siteOf.get(folderOf(path)) ?? partitionOfPath(path)?.site_id ?? "";
      return [site, String(row["visitor_id"]), Number(row["last_ms"])];
    });
  };
}

/** The UTC dates of a span of time. */
function datesOf(fromMs: number, toMs: number): string[] {
  const dates: string[] = [];
  for (let ms = Math.floor(fromMs / DAY_MS) * DAY_MS; ms <= toMs; ms += DAY_MS) {
    dates.push(utcDate(ms * 1000));
  }
  return dates;
}
