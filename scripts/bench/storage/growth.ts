// What grows with the number of partitions that are not touched: start, flush and a query of one
// site over 20 sites × 365 days, each beside 1 site × 30 days.
import { pageviewOf } from "./events.ts";
import { fill } from "./fill.ts";
import { openAt, quiet, siteName, table, timed, usualQuestions } from "./lib.ts";
import { startServer } from "./server.ts";
import type { Storage } from "../../../src/storage/open.ts";

/** How large, and how often each thing is timed. */
export interface GrowthOptions {
  readonly sites: number;
  readonly days: number;
  readonly eventsPerDay: number;
  readonly runs: number;
}

const SMALL_DAYS = 30;

/** Runs it and prints a table. */
export async function benchGrowth(options: GrowthOptions): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    const { sites, days, eventsPerDay, runs } = options;
    const small = `${root}/small`;
    const large = `${root}/large`;
    await fill({ dataDir: small, days: SMALL_DAYS, eventsPerDay, filesPerDay: 1 });
    await fill({ dataDir: large, days, eventsPerDay, filesPerDay: 1 });
    for (let site = 1; site < sites; site++) await copySite(large, site);
    for (const dataDir of [small, large]) {
      const server = await startServer(dataDir);
      console.log(
        `  first start on ${dataDir.slice(root.length + 1)}, files adopted: ${
          (server.readyMs / 1000).toFixed(1)
        } s`,
      );
      await server.stop();
    }
    const rows = [
      ["start to ready", ...await startTimes(small, large, runs)],
      ...await insideTimes(small, large, runs),
    ];
    console.log(
      `1 site × ${SMALL_DAYS} days beside ${sites} sites × ${days} days, ` +
        `${eventsPerDay} events each; lower quartile of ${runs} runs, in turn`,
    );
    console.log(table([["", "small ms", "large ms", "ratio"], ...rows.map(cells)]));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

type Measured = (string | number)[];

function cells([label, small, large]: Measured): string[] {
  const [smallMs, largeMs] = [Number(small), Number(large)];
  return [String(label), smallMs.toFixed(1), largeMs.toFixed(1), (largeMs / smallMs).toFixed(2)];
}

async function copySite(dataDir: string, site: number): Promise<void> {
  const from = `${dataDir}/events/site_id=${siteName(0)}`;
  const to = `${dataDir}/events/site_id=${siteName(site)}`;
  for (const { name } of Deno.readDirSync(from)) {
    await Deno.mkdir(`${to}/${name}`, { recursive: true });
    await Deno.copyFile(`${from}/${name}/0001.parquet`, `${to}/${name}/0001.parquet`);
  }
}

async function startTimes(small: string, large: string, runs: number): Promise<number[]> {
  const times: number[][] = [[], []];
  for (let run = 0; run < runs; run++) {
    for (const [index, dataDir] of [small, large].entries()) {
      const server = await startServer(dataDir);
      times[index]?.push(server.readyMs);
      await server.stop();
    }
  }
  return times.map(quiet);
}

/** Flush, query, and the search for files that were copied in, within this process. */
async function insideTimes(small: string, large: string, runs: number): Promise<Measured[]> {
  const storages = [await openAt(small), await openAt(large)];
  const works: [string, (storage: Storage) => Promise<unknown>][] = [
    ["flush", async (storage) => await storage.flusher.flush()],
    ["search for new files", (storage) => storage.parquet.adopt()],
    ...usualQuestions(storages[0] as Storage, SMALL_DAYS).map(({ label }, at) => {
      const asked = storages.map((storage) => usualQuestions(storage, SMALL_DAYS)[at]);
      const ask = async (storage: Storage) => await asked[storages.indexOf(storage)]?.ask();
      return [`${label}, 30 days`, ask] as [string, typeof ask];
    }),
  ];
  const rows: Measured[] = [];
  for (const [label, work] of works) {
    const times: number[][] = [[], []];
    for (let run = 0; run < runs * 3; run++) {
      for (const [index, storage] of storages.entries()) {
        if (label === "flush") {
          await storage.append(Array.from({ length: 100 }, (_, n) => pageviewOf(n)));
        }
        times[index]?.push((await timed(() => work(storage))).ms);
      }
    }
    rows.push([label, ...times.map(quiet)]);
  }
  for (const storage of storages) await storage.close();
  return rows;
}
