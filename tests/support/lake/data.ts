// A data folder for lakes: partitions of two sites, with files of several flushes, and what is read
// of it without this program.
import type { Event } from "../../../src/core/event.ts";
import { pageview } from "../events.ts";
import { openDuckDb } from "../storage/duckdb.ts";
import { openFolder } from "../storage/storage.ts";

export const SITES = ["example.com", "b:c.org"] as const;

/** Events numbered from `from` on, over `days` days and both sites. */
export function numbered(from: number, count: number, days: number): Event[] {
  return Array.from({ length: count }, (_, index) => {
    const n = from + index;
    return pageview({
      at: Date.UTC(2026, 0, 1 + n % days, 3, n % 60) * 1000 + n,
      site_id: SITES[Math.floor(n / days) % SITES.length] ?? SITES[0],
      visitor: `v${n % 17}`,
      page: `/page/${n % 7} ü`,
      props: JSON.stringify({ n }),
      revenue_amount: n % 5 === 0 ? n : null,
      revenue_currency: n % 5 === 0 ? "EUR" : null,
      engaged_ms: n % 11 === 0 ? n : null,
    });
  });
}

/** Adds events to a data folder in flushes of so many; the last ones stay in the journal. */
export async function fill(
  folder: string,
  events: readonly Event[],
  { flushes, isAllFlushed = false }: { flushes: number; isAllFlushed?: boolean },
): Promise<void> {
  const storage = await openFolder(folder);
  try {
    const size = Math.ceil(events.length / flushes);
    for (let from = 0; from < events.length; from += size) {
      await storage.append(events.slice(from, from + size));
      await storage.hot.sync();
      if (isAllFlushed || from + size < events.length) await storage.flusher.flush({ all: true });
    }
  } finally {
    await storage.close();
  }
}

/** How many events of each site and day a query of numbers is about, and what they add up to. */
export const SUMS = `select site_id, strftime(timestamp, '%Y-%m-%d') as day, count(*) as events,
  sum((props ->> 'n')::bigint)::bigint as n, sum(revenue_amount)::varchar as revenue,
  count(distinct pathname) as pages, count(engaged_ms) as engagements`;

/** The sums of a data folder's Parquet files, by plain DuckDB. */
export async function sumsOfFolder(folder: string): Promise<unknown[][]> {
  const duckdb = await openDuckDb();
  try {
    const rows = await duckdb.rows(`${SUMS}
      from read_parquet('${folder}/events/*/*/*.parquet', union_by_name = true,
        hive_partitioning = false)
      group by all order by 1, 2`);
    return rows.map((row) =>
      Object.values(row).map((value) => typeof value === "bigint" ? Number(value) : value)
    );
  } finally {
    duckdb.close();
  }
}

/** Flips every bit of a Parquet file between its first bytes and its footer, which stays. */
export async function damagePages(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const footerAt = bytes.length - 8 - view.getUint32(bytes.length - 8, true);
  for (let at = 4; at < footerAt; at++) bytes[at] = ~(bytes[at] ?? 0);
  await Deno.writeFile(path, bytes);
}
