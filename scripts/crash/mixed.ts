// `deno task soak:mixed`: dashboards, events, a backup, compaction, expiry, an erasure and a kill
// at once, for as long as wanted. It prints resident memory by the minute. The exit code is 0 when
// no event was lost or counted twice and every answer was right or said that it failed.
import { parseArgs } from "node:util";
import { DiskReader } from "./disk.ts";
import { type Deed, deeds, ERASED, EXPIRED, RETENTION_DAYS } from "./mixed_deeds.ts";
import { HISTORY_DAYS, Mixed, SITES } from "./mixed_load.ts";
import { dateAgo, pause } from "./workloads.ts";
import { fromSource, type Program, runToEnd, ServerProcess } from "../server_process.ts";

const HELP = `deno task soak:mixed [options]: everything at once, and what came of it

  --minutes N      how long (60)
  --rate N         events a second (200)
  --dashboards N   each asks five reports every two seconds (10)`;

const HISTORY_EVENTS_A_DAY = 2_000;
/** Compaction runs once a minute from the start on; more often where a run is short. */
const COMPACTIONS_MIN = 6;
/** Comparing a backup of an hour's events may take long. */
const VERIFY_MS_MAX = 900_000;

/** Resident memory of a process in MB, 0 where it is gone. */
function residentMb(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Math.round(Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
}

async function soak(program: Program, mins: number, rate: number, dashboards: number) {
  const home = await Deno.makeTempDir({ prefix: "mallard_mixed_" });
  const [dataDir, backupDir] = [`${home}/data`, `${home}/backups`];
  await Deno.mkdir(dataDir);
  const env = {
    MALLARD_CACHE_TTL: "0",
    MALLARD_FLUSH_INTERVAL: "10",
    MALLARD_RETENTION_DAYS: String(RETENTION_DAYS),
    MALLARD_BACKUP_DIR: backupDir,
    MALLARD_TEST_COMPACTION_MS: String(60_000 * Math.min(1, mins / COMPACTIONS_MIN)),
    MALLARD_RATE_LIMIT_PER_ADDRESS: "0",
  };
  const start = () => ServerProcess.start(program, { dataDir, cwd: home, env }).ready();
  const mixed = new Mixed(await start());
  for (let day = 1; day <= HISTORY_DAYS; day++) {
    for (const site of SITES) await mixed.import(site, dateAgo(day), HISTORY_EVENTS_A_DAY);
  }
  await mixed.import(ERASED.site, dateAgo(ERASED.daysAgo), ERASED.events);
  await mixed.import(EXPIRED.site, dateAgo(EXPIRED.daysAgo), EXPIRED.events);
  const work = [
    mixed.send(rate),
    ...Array.from({ length: dashboards }, (_, number) => mixed.watch(number)),
  ];
  await minutes(mixed, mins, deeds(mixed, start));
  mixed.ended = true;
  await Promise.all(work);
  await mixed.noteMerged();
  if (mixed.merged === 0) mixed.fault("No files were merged");
  if (await mixed.server.stop() !== 0) mixed.fault("The stop had another exit code than 0");
  const verified = await runToEnd(program, ["verify", backupDir], {
    cwd: home,
    msMax: VERIFY_MS_MAX,
  });
  if (verified.code !== 0) mixed.fault(`verify: ${verified.stdout}${verified.stderr}`);
  await compare(mixed, dataDir);
  if (mixed.faults.length === 0) await Deno.remove(home, { recursive: true });
  return mixed;
}

/** Prints a line a minute, and does each deed at its time. */
async function minutes(
  mixed: Mixed,
  mins: number,
  left: Deed[],
): Promise<void> {
  console.log("minute  resident  events    answers  503  p50 ms  p95 ms");
  const from = performance.now();
  for (let minute = 1; minute <= mins && !mixed.ended; minute++) {
    while (performance.now() - from < minute * 60_000 && !mixed.ended) {
      const [share = 2, name = "", work] = left[0] ?? [];
      if (work && performance.now() - from >= share * mins * 60_000) {
        left.shift();
        await work().catch((error) => mixed.fault(`${name}: ${error}`));
        console.log(`        ${name}`);
      }
      await pause(200);
    }
    const cells = [
      [minute, 6],
      [`${residentMb(mixed.server.pid)} MB`, 9],
      [mixed.ledger.totals.acknowledged, 9],
      [mixed.answers, 9],
      [mixed.failed, 4],
      [percentile(mixed.times, 0.5), 7],
      [percentile(mixed.times, 0.95), 7],
    ] as const;
    console.log(cells.map(([cell, width]) => String(cell).padStart(width)).join(" "));
    mixed.times = [];
  }
}

/** What is on disk after the stop against what was acknowledged. */
async function compare(mixed: Mixed, dataDir: string): Promise<void> {
  const disk = await DiskReader.open();
  const state = await disk.read(dataDir);
  disk.close();
  for (const fault of mixed.ledger.check(state.counts)) mixed.fault(fault);
  for (const path of state.missing) mixed.fault(`${path} is in the catalog, but not on disk`);
  for (const path of state.quarantined) mixed.fault(`${path} was quarantined`);
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      minutes: { type: "string", default: "60" },
      rate: { type: "string", default: "200" },
      dashboards: { type: "string", default: "10" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    Deno.exit(0);
  }
  const numbers = [values.minutes, values.rate, values.dashboards].map(Number);
  const [mins = 60, rate = 200, dashboards = 10] = numbers;
  const { faults, ledger, answers, failed, incomplete, merged } = await soak(
    fromSource(),
    mins,
    rate,
    dashboards,
  );
  const { acknowledged, unanswered, refused, erased, expired } = ledger.totals;
  console.log(`${acknowledged} events acknowledged, ${unanswered} unanswered, ${refused} refused`);
  console.log(`${erased} erased, ${expired} expired, ${merged} files merged`);
  console.log(`${answers} answers, ${failed} of them 503, ${incomplete} marked as incomplete`);
  console.log(faults.length === 0 ? "Every event was there exactly once" : faults.join("\n"));
  Deno.exit(faults.length === 0 ? 0 : 1);
}
