// Measures storage on this machine: merging of small files, growth with the number of partitions,
// memory under load, and the start after a crash. `--help` tells the options. It judges nothing.
import { parseArgs } from "node:util";
import { benchCompaction, benchMerge } from "./compaction.ts";
import { benchGrowth } from "./growth.ts";
import { benchJournal, benchMemory } from "./memory.ts";

const HELP = `deno run -A scripts/bench/storage/storage.ts WHAT [options]

  compaction              files, bytes and times of reports before and after merging
    --days N --events N (of all days) --files-per-day N --runs N
  merge                   one very large day under a memory limit
    --events N --files-per-day N --memory-limit SIZE
  growth                  20 sites × 365 days beside 1 site × 30 days
    --sites N --days N --events N (a day and site) --runs N
  memory                  resident memory while a million events stream in
    --events N --connections N --compaction-ms N (merge from the start, this often)
  journal                 start after a crash that left a million events unflushed
    --events N
`;

async function main(args: string[]): Promise<void> {
  const { values, positionals: [what] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      sites: { type: "string", default: "20" },
      days: { type: "string", default: "" },
      events: { type: "string", default: "" },
      runs: { type: "string", default: "5" },
      "files-per-day": { type: "string", default: "" },
      "memory-limit": { type: "string", default: "256MB" },
      connections: { type: "string", default: "64" },
      "compaction-ms": { type: "string", default: "" },
    },
  });
  const number = (text: string, standard: number) => text === "" ? standard : Number(text);
  switch (what) {
    case "compaction":
      return await benchCompaction({
        days: number(values.days, 90),
        events: number(values.events, 1_000_000),
        filesPerDay: number(values["files-per-day"], 100),
        runs: number(values.runs, 5),
      });
    case "merge":
      return await benchMerge({
        events: number(values.events, 5_000_000),
        files: number(values["files-per-day"], 200),
        memoryLimit: values["memory-limit"],
      });
    case "growth":
      return await benchGrowth({
        sites: number(values.sites, 20),
        days: number(values.days, 365),
        eventsPerDay: number(values.events, 100),
        runs: number(values.runs, 5),
      });
    case "memory": {
      const everyMs = values["compaction-ms"];
      return await benchMemory({
        events: number(values.events, 1_000_000),
        connections: number(values.connections, 64),
        ...(everyMs === "" ? {} : { compactionMs: Number(everyMs) }),
      });
    }
    case "journal":
      return await benchJournal(number(values.events, 1_000_000));
    default:
      console.log(HELP);
  }
}

await main(Deno.args);
