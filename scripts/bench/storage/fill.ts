// Fills a data folder's partitions with made-up small files, in a process of its own so that its
// memory is not counted. Arguments: folder, first day before now, days, events a day, files a day,
// sites, parts a day.
import { dateBefore, writeSmallFiles } from "./data.ts";
import { NOW_MS, openBenchDb, siteName } from "./lib.ts";
import { ROOT } from "../../lib.ts";

/** What is made. */
export interface Filling {
  readonly dataDir: string;
  readonly days: number;
  readonly eventsPerDay: number;
  readonly filesPerDay: number;
  readonly sites?: number;
  /** A very large day is made in so many parts. */
  readonly parts?: number;
  /** So many visitor ids, which last for all days; by default each day has its own. */
  readonly lastingIds?: number;
  /** The time the days are counted back from; by default that of the measurements of storage. */
  readonly nowMs?: number;
}

/** Fills a data folder. Rejects when that fails. */
export async function fill(filling: Filling): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/bench/storage/fill.ts", JSON.stringify(filling)],
    cwd: ROOT,
    stdin: "null",
  }).spawn().status;
  if (!success) throw new Error(`Cannot fill ${filling.dataDir}`);
}

async function main(filling: Filling): Promise<void> {
  const {
    dataDir,
    days,
    eventsPerDay,
    filesPerDay,
    sites = 1,
    parts = 1,
    lastingIds,
    nowMs = NOW_MS,
  } = filling;
  await Deno.mkdir(`${dataDir}/events`, { recursive: true });
  const db = await openBenchDb(dataDir, { readers: 2 });
  for (let site = 0; site < sites; site++) {
    for (let before = 1; before <= days; before++) {
      for (let part = 0; part < parts; part++) {
        await writeSmallFiles(db, `${dataDir}/events`, {
          site: siteName(site),
          date: dateBefore(nowMs, before),
          events: eventsPerDay / parts,
          ...(parts > 1 ? { part: part + 1 } : {}),
          ...(lastingIds === undefined ? {} : { lastingIds }),
        }, Math.max(1, Math.round(filesPerDay / parts)));
      }
    }
  }
  await db.close();
}

if (import.meta.main) await main(JSON.parse(Deno.args[0] ?? "{}"));
