// Sites over a real mallard.sqlite in memory, in this thread.
import { SiteSpellings } from "../../../src/core/site_id.ts";
import { SiteNames } from "../../../src/sites/site_names.ts";
import { MIGRATIONS } from "../../../src/storage/state/migrations.ts";
import { SITE_OPS, type SiteStore } from "../../../src/storage/state/ops/site_ops.ts";
import { Sqlite } from "../../../src/storage/state/sqlite.ts";
import { Sites } from "../../../src/sites/sites.ts";
import { FakeClock } from "../fake_system.ts";

/** The store of sites on a SQLite file that has every table. */
export function siteStore(path: string): SiteStore & { readonly db: Sqlite } {
  const db = Sqlite.open(path);
  if (!db.get("select 1 from sqlite_master where name = 'site_items'")) {
    for (const step of MIGRATIONS) db.exec(step);
  }
  return {
    db,
    // deno-lint-ignore require-await -- rejects where the operation throws
    run: async (op, args) => (SITE_OPS[op] as (db: Sqlite, args: unknown) => never)(db, args),
  };
}

/** Names of sites that have data, are declared, and are listed in `site_ids`. */
export function siteNames(
  data: () => readonly string[] = () => [],
  declared: (site: string) => string | undefined = () => undefined,
  site_ids: readonly string[] = [],
): SiteNames {
  const sources = { data: () => new SiteSpellings(data()), proposed: () => [], declared };
  return new SiteNames(sources, { site_ids });
}

/** Sites in memory, and their clock. */
export async function openSites(nowMs = Date.parse("2024-03-10T15:00:00Z")) {
  const clock = new FakeClock(nowMs);
  const store = siteStore(":memory:");
  const sites = await Sites.open(store, clock);
  return { sites, clock, store, reopen: () => Sites.open(store, clock) };
}
