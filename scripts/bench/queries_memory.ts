// What stays in memory after questions: the real server is asked distinct questions, of which none
// is answered from the cache, and its resident memory is read as it goes.
import { parseArgs } from "node:util";
import { DAY_MS } from "../../src/core/durations.ts";
import { fromSource, ServerProcess } from "../server_process.ts";
import { fill } from "./storage/fill.ts";
import { memoryOf, NOW_MS, SITE, table } from "./storage/lib.ts";

const HELP = `deno task bench:queries_memory [options]

  --questions N   distinct questions (100000)
  --every N       memory is read after each N (5000); the first reading is the one compared with
  --clients N     asked at the same time (4)
  --events N      cold events of three days (300)
`;
const DAYS = 3;
const REPORTS = [
  "main?",
  "query?metrics=visitors,pageviews&dimensions=page&limit=9&",
  "query?metrics=visitors&dimensions=time&",
  "breakdown/sources?",
];

/** The address of a question that was never asked before. */
function questionOf(index: number): string {
  const date = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const filters = encodeURIComponent(`is_not(page,/never/${index})`);
  const report = REPORTS[index % REPORTS.length] ?? "";
  const range = `start_date=${date(NOW_MS - DAYS * DAY_MS)}&end_date=${date(NOW_MS)}`;
  return `/api/stats/${report}site_id=${SITE}&${range}&filters=${filters}`;
}

async function ask(url: string, from: number, to: number, clients: number): Promise<void> {
  let next = from;
  const client = async () => {
    while (next < to) {
      const response = await fetch(`${url}${questionOf(next++)}`);
      const text = await response.text();
      if (response.status !== 200) throw new Error(`Cannot ask: ${response.status} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

async function measure(
  dataDir: string,
  { questions, every, clients }: { questions: number; every: number; clients: number },
): Promise<void> {
  const server = ServerProcess.start(fromSource(), { dataDir });
  try {
    await server.ready();
    const rows = [["questions", "resident, MB", "since the first reading", "ms a question"]];
    let first: number | null = null;
    for (let asked = 0; asked < questions; asked += every) {
      const startedMs = performance.now();
      await ask(server.url, asked, asked + every, clients);
      const ms = (performance.now() - startedMs) / every;
      const resident = memoryOf(server.pid).nowMb;
      first ??= resident;
      const cells = [asked + every, resident.toFixed(1), (resident - first).toFixed(1)];
      rows.push([...cells.map(String), ms.toFixed(2)]);
      console.log(rows.at(-1)?.join("  "));
    }
    console.log(table(rows));
  } finally {
    await server.kill();
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      questions: { type: "string", default: "100000" },
      every: { type: "string", default: "5000" },
      clients: { type: "string", default: "4" },
      events: { type: "string", default: "300" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) console.log(HELP);
  else {
    const dataDir = await Deno.makeTempDir({ prefix: "mallard-bench-" });
    try {
      const eventsPerDay = Number(values.events) / DAYS;
      await fill({ dataDir, days: DAYS, eventsPerDay, filesPerDay: 1 });
      await measure(dataDir, {
        questions: Number(values.questions),
        every: Number(values.every),
        clients: Number(values.clients),
      });
    } finally {
      await Deno.remove(dataDir, { recursive: true });
    }
  }
}
