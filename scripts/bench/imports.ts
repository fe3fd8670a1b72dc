// Measures imports by the real command: rows a second, processor time of a row and the peak of its
// memory, for files of Umami and GoatCounter of any size, beside a plain copy of the same file from
// CSV to Parquet by DuckDB alone. It checks that every row became an event, and judges no time.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fromSource } from "../server_process.ts";
import { cpuOf } from "./cpu.ts";

const HELP = `deno task bench:import [options]

  --umami N          rows of Umami's website_event, as CSV (5000000)
  --goatcounter N    rows of GoatCounter's export (1000000)
  --days N           days that they are spread over (365)
  --small            a tenth of these rows, over a tenth of the days
`;
const FIRST_MS = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;
const ROWS_AT_ONCE = 10_000;
const POLL_MS = 50;
const AGENTS = [["chrome", "Windows 10"], ["safari", "Mac OS"], ["ios", "iOS"]];

const timeOf = (n: number, count: number, days: number) =>
  new Date(FIRST_MS + Math.floor(n / count * days * DAY_MS)).toISOString();

const UMAMI_HEADER =
  "event_id,website_id,session_id,visit_id,created_at,url_path,url_query,referrer_domain," +
  "referrer_path,page_title,event_type,event_name,hostname,browser,os,device,screen,country";

function umamiRow(n: number, count: number, days: number): string {
  const session = Math.floor(n / 4) * 7919 % Math.max(1, Math.floor(count / 8));
  const [browser, os] = AGENTS[session % AGENTS.length] ?? [];
  const source = n % 4 === 0 ? `news${session % 500}.example,/item` : ",";
  return `e${n},w1,s${session},v${session},${timeOf(n, count, days)},/page/${n * 31 % 5000},` +
    `utm_source=mail${n % 40},${source},"A title, quoted",1,,www.example.com,${browser},${os},` +
    `desktop,1920x1080,DE`;
}

const GOATCOUNTER_HEADER =
  "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme," +
  "Screen size,Location,FirstVisit,Date";

function goatCounterRow(n: number, count: number, days: number): string {
  const session = Math.floor(n / 3) * 7919 % Math.max(1, Math.floor(count / 6));
  return `/page/${n * 31 % 5000},"A title, quoted",false,,Firefox ${100 + session % 30},Linux,` +
    `s${session},0,https://news${session % 500}.example/item,h,"1920,1080,1",DE,0,` +
    timeOf(n, count, days);
}

async function writeRows(
  path: string,
  header: string,
  count: number,
  row: (n: number) => string,
): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const encoder = new TextEncoder();
  const write = async (text: string) => {
    let rest = encoder.encode(text);
    while (rest.length > 0) rest = rest.subarray(await file.write(rest));
  };
  await write(header + "\n");
  for (let from = 0; from < count; from += ROWS_AT_ONCE) {
    const rows = Array.from(
      { length: Math.min(ROWS_AT_ONCE, count - from) },
      (_, i) => row(from + i),
    );
    await write(rows.join("\n") + "\n");
  }
}

/** Highest resident memory of a process so far, in MiB; 0 where the system does not tell. */
function peakOf(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** What a process took for the rows of a file. */
interface Cost {
  readonly ms: number;
  readonly cpuUs: number;
  readonly peakMb: number;
  readonly stdout: string;
}

/** Runs a program to its end; resolves with what it took. */
async function measure(args: readonly string[], env: Record<string, string>): Promise<Cost> {
  const startMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let [cpuUs, peakMb] = [0, 0];
  const timer = setInterval(async () => {
    peakMb = Math.max(peakMb, peakOf(child.pid));
    const { all } = await cpuOf(child.pid);
    if (all > cpuUs) cpuUs = all;
  }, POLL_MS);
  const { stdout } = await child.output();
  clearInterval(timer);
  const ms = performance.now() - startMs;
  return { ms, cpuUs, peakMb, stdout: new TextDecoder().decode(stdout) };
}

/** Imports a file with the real command. Rejects unless every row became an event. */
async function importFile(path: string, dataDir: string, count: number): Promise<Cost> {
  const { args, env } = fromSource();
  const cost = await measure(
    [...args, "import", path, "--site", "example.com", "--json"],
    { ...env, MALLARD_DATA_DIR: dataDir },
  );
  const { state, report } = JSON.parse(cost.stdout);
  if (state !== "done") throw new Error(`Cannot import ${path}: ${report.error}`);
  const { events } = report.totals;
  if (events !== count) throw new Error(`Cannot trust ${path}: ${events} of ${count} rows`);
  return cost;
}

/** Copies a file from CSV to Parquet in a process of its own. */
async function copyFile(path: string): Promise<Cost> {
  const { env } = fromSource();
  return await measure([
    "run",
    "--quiet",
    "--frozen",
    "--no-check",
    "-A",
    fileURLToPath(import.meta.url),
    "--copy",
    path,
  ], env);
}

/** The plain copy, with DuckDB as it is when nothing is set. */
async function copy(path: string): Promise<void> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`copy (select * from read_csv('${path}', all_varchar = true))
    to '${path}.parquet' (format parquet, compression zstd)`);
  connection.closeSync();
  instance.closeSync();
  await Deno.remove(`${path}.parquet`);
}

function line(name: string, { ms, cpuUs, peakMb }: Cost, count: number): string {
  return `  ${name.padEnd(11)} ${(ms / 1000).toFixed(1).padStart(6)} s  ` +
    `${Math.round(count / ms * 1000)} rows/s  ${(cpuUs / count).toFixed(1)} µs of processor/row  ` +
    `peak ${Math.round(peakMb)} MiB`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      umami: { type: "string", default: "5000000" },
      goatcounter: { type: "string", default: "1000000" },
      days: { type: "string", default: "365" },
      small: { type: "boolean" },
      copy: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return console.log(HELP);
  if (values.copy !== undefined) return await copy(values.copy);
  const sized = (text: string) => Math.ceil(Number(text) / (values.small ? 10 : 1));
  const days = sized(values.days);
  const kinds = [
    ["umami", UMAMI_HEADER, sized(values.umami), umamiRow],
    ["goatcounter", GOATCOUNTER_HEADER, sized(values.goatcounter), goatCounterRow],
  ] as const;
  const folder = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    for (const [name, header, count, row] of kinds) {
      if (count === 0) continue;
      const path = `${folder}/${name}.csv`;
      await writeRows(path, header, count, (n) => row(n, count, days));
      const { size } = await Deno.stat(path);
      console.log(`${name}: ${count} rows, ${Math.round(size / 2 ** 20)} MiB, ${days} days`);
      const plain = await copyFile(path);
      console.log(line("plain copy", plain, count));
      const whole = await importFile(path, `${folder}/${name}`, count);
      console.log(line("import", whole, count));
      console.log(
        `  the import takes ${(whole.ms / plain.ms).toFixed(1)} times as long and ` +
          `${(whole.cpuUs / plain.cpuUs).toFixed(1)} times the processor time`,
      );
      await Deno.remove(path);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await main();
