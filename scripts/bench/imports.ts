// Measures imports by the real command: rows a second and the peak of its memory, for files of
// Umami and GoatCounter of any size. It checks that every row became an event, and judges no time.
import { parseArgs } from "node:util";
import { fromSource } from "../server_process.ts";

const HELP = `deno task bench:import [options]

  --umami N          rows of Umami's website_event, as CSV (5000000)
  --goatcounter N    rows of GoatCounter's export (1000000)
  --days N           days that they are spread over (365)
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

/** Imports a file with the real command; resolves with what it took. */
async function measure(
  path: string,
  dataDir: string,
): Promise<{ readonly ms: number; readonly peakMb: number; readonly events: number }> {
  const { command, args, env } = fromSource();
  const startMs = performance.now();
  const child = new Deno.Command(command, {
    args: [...args, "import", path, "--site", "example.com", "--json"],
    env: { ...env, MALLARD_DATA_DIR: dataDir },
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let peakMb = 0;
  const timer = setInterval(() => peakMb = Math.max(peakMb, peakOf(child.pid)), POLL_MS);
  const { stdout } = await child.output();
  clearInterval(timer);
  const ms = performance.now() - startMs;
  const { state, report } = JSON.parse(new TextDecoder().decode(stdout));
  if (state !== "done") throw new Error(`Cannot import ${path}: ${report.error}`);
  return { ms, peakMb, events: report.totals.events };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      umami: { type: "string", default: "5000000" },
      goatcounter: { type: "string", default: "1000000" },
      days: { type: "string", default: "365" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return console.log(HELP);
  const days = Number(values.days);
  const kinds = [
    ["umami", UMAMI_HEADER, Number(values.umami), umamiRow],
    ["goatcounter", GOATCOUNTER_HEADER, Number(values.goatcounter), goatCounterRow],
  ] as const;
  const folder = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    for (const [name, header, count, row] of kinds) {
      if (count === 0) continue;
      const path = `${folder}/${name}.csv`;
      await writeRows(path, header, count, (n) => row(n, count, days));
      const { size } = await Deno.stat(path);
      const { ms, peakMb, events } = await measure(path, `${folder}/${name}`);
      if (events !== count) throw new Error(`Cannot trust ${name}: ${events} of ${count} rows`);
      console.log(
        `${name}: ${count} rows, ${Math.round(size / 2 ** 20)} MiB, ${days} days: ` +
          `${(ms / 1000).toFixed(1)} s, ${Math.round(count / ms * 1000)} rows/s, ` +
          `peak ${Math.round(peakMb)} MiB`,
      );
      await Deno.remove(path);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await main();
