// Measures this server on this machine: ingestion beside a bare Deno.serve, then each report over
// many events, hot and cold, then why they changed, then the dashboard in Chromium. `deno task
// bench --help` tells the options. It judges nothing.
import { parseArgs } from "node:util";
import { benchDashboard } from "./dashboard.ts";
import { benchIngest } from "./ingest.ts";
import { benchStats } from "./stats.ts";
import { benchWhy } from "./why.ts";

const HELP = `deno task bench [options]: measures this server on this machine

  --only ingest|stats|why|dashboard  one part (all)
  --secs N                seconds of each load (5)
  --connections A,B,…     connections of each load (1,64,256)
  --events N              events the reports are asked over (1000000)
  --runs N                times each report is asked, and the dashboard opened (7)`;

async function firstLine(path: string, pattern: RegExp): Promise<string> {
  const text = await Deno.readTextFile(path).catch(() => "");
  return text.match(pattern)?.[1]?.trim() ?? "unknown";
}

async function describeMachine(): Promise<void> {
  const processor = await firstLine("/proc/cpuinfo", /^model name\s*:(.*)$/m);
  const gigabytes = (Deno.systemMemoryInfo().total / 2 ** 30).toFixed(1);
  const { deno, v8 } = Deno.version;
  const duckdb = (await import("@duckdb/node-api")).version();
  console.log(`Machine: ${navigator.hardwareConcurrency} × ${processor}, ${gigabytes} GiB`);
  console.log(`Versions: Deno ${deno} (V8 ${v8}), DuckDB ${duckdb}, ${Deno.osRelease()}`);
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string", default: "" },
      secs: { type: "string", default: "5" },
      connections: { type: "string", default: "1,64,256" },
      events: { type: "string", default: "1000000" },
      runs: { type: "string", default: "7" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  await describeMachine();
  const isWanted = (part: string) => values.only === "" || values.only === part;
  const many = { events: Number(values.events), runs: Number(values.runs) };
  if (isWanted("ingest")) {
    const connections = values.connections.split(",").map(Number);
    await benchIngest({ secs: Number(values.secs), connections });
  }
  if (isWanted("stats")) await benchStats(many);
  if (isWanted("why")) await benchWhy(many);
  if (isWanted("dashboard")) await benchDashboard(many);
}

await main(Deno.args);
