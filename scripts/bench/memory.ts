// Runs the real program in a real control group with little memory: eleven reports at once over
// millions of cold events, and a start on a long journal. It prints kills and refusals, and skips
// in one line where no group can be made.
import { parseArgs } from "node:util";
import { DAY_MS } from "../../src/core/durations.ts";
import { messageOf } from "../../src/core/errors.ts";
import { fromSource, ServerProcess } from "../server_process.ts";
import { makeMemoryGroup, type MemoryGroup } from "./cgroup.ts";
import { fillJournal, measureStart } from "./start.ts";
import { fill } from "./storage/fill.ts";
import { NOW_MS, SITE, table } from "./storage/lib.ts";

const HELP = `deno task bench:memory [options]

  --limits N,N      MiB of each control group (512,1024)
  --events N        cold events (5000000)
  --journal N       unflushed events of the start (520000)
  --rounds N        times that all reports are asked (3)
`;
const MIB = 2 ** 20;
const DAYS = 30;
const STEPS = "steps=page:/blog/0,page:/blog/1,event:signup&window=1 day";
const REPORTS = [
  ...["main?", "timeseries?", "sessions?", "retention?weeks=4&", "flow?page=/blog/0&"],
  `funnel?${STEPS}&`,
  ...["pages", "sources", "countries", "browsers", "devices"].map((by) => `breakdown/${by}?`),
];

/** Answers by status; 0 where there was none. */
type Answers = Map<number, number>;

async function ask(url: string, rounds: number): Promise<Answers> {
  const date = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const range = `start_date=${date(NOW_MS - DAYS * DAY_MS)}&end_date=${date(NOW_MS)}`;
  const answers: Answers = new Map();
  for (let round = 0; round < rounds; round++) {
    await Promise.all(REPORTS.map(async (report) => {
      const response = await fetch(`${url}/api/stats/${report}site_id=${SITE}&${range}`)
        .catch(() => null);
      await response?.body?.cancel();
      const status = response?.status ?? 0;
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }));
  }
  return answers;
}

/** Asks for all reports in a group; resolves with a row of the table. */
async function reportsIn(group: MemoryGroup, dataDir: string, rounds: number): Promise<string[]> {
  const server = ServerProcess.start(group.limited(fromSource()), {
    dataDir,
    env: { MALLARD_CACHE_TTL: "1" },
  });
  try {
    await server.ready();
    const answers = await ask(server.url, rounds);
    const other = [...answers].filter(([status]) => status !== 200 && status !== 503);
    const count = (status: number) => String(answers.get(status) ?? 0);
    return [count(200), count(503), other.map(([status, n]) => `${n} × ${status}`).join(", ")];
  } finally {
    await server.kill();
  }
}

async function startIn(group: MemoryGroup, dataDir: string): Promise<string> {
  try {
    const { readyMs } = await measureStart(dataDir, { program: group.limited(fromSource()) });
    return `ready after ${(readyMs / 1000).toFixed(1)} s`;
  } catch (error) {
    return messageOf(error).split("\n")[0] ?? "";
  }
}

async function measure(
  limitMib: number,
  { dataDir, journalDir, rounds }: { dataDir: string; journalDir: string; rounds: number },
): Promise<string[]> {
  const group = makeMemoryGroup(limitMib * MIB);
  try {
    const [ok = "", refused = "", other = ""] = await reportsIn(group, dataDir, rounds);
    const started = await startIn(group, journalDir);
    const peak = group.peakBytes();
    const peakMib = peak === null ? "unknown" : String(Math.round(peak / MIB));
    const row = [ok, refused, other || "0", started, String(group.kills()), peakMib];
    return [`${limitMib} MiB`, ...row];
  } finally {
    group.remove();
  }
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      limits: { type: "string", default: "512,1024" },
      events: { type: "string", default: "5000000" },
      journal: { type: "string", default: "520000" },
      rounds: { type: "string", default: "3" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  try {
    makeMemoryGroup(512 * MIB).remove();
  } catch (error) {
    return console.log(`Skipping: no control group can be made here: ${messageOf(error)}`);
  }
  const root = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    const dataDir = `${root}/cold`;
    const eventsPerDay = Number(values.events) / DAYS;
    await fill({ dataDir, days: DAYS, eventsPerDay, filesPerDay: 1 });
    const rows = [["limit", "200", "503", "other", "start on the journal", "kills", "peak, MiB"]];
    for (const limit of values.limits.split(",").map(Number)) {
      const journalDir = `${root}/journal_${limit}`;
      await fillJournal(journalDir, Number(values.journal));
      rows.push(await measure(limit, { dataDir, journalDir, rounds: Number(values.rounds) }));
    }
    console.log(table(rows));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

if (import.meta.main) await main(Deno.args);
