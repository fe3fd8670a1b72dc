// What merging brings and costs: files, bytes and the times of the usual reports before and
// after, and the time and memory of the merge itself.
import { fill, type Filling } from "./fill.ts";
import { memoryOf, openAt, parquetBelow, table, timed, timeInTurn, usualQuestions } from "./lib.ts";
import { ROOT } from "../../lib.ts";

/** How much, and in how many files. */
export interface CompactionOptions extends Omit<Filling, "dataDir" | "eventsPerDay"> {
  /** Of all days. */
  readonly events: number;
  readonly runs: number;
}

/** What one merge took. */
interface Merge {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly memoryMb: number;
  readonly spilledMb: number;
}

const SPANS = [1, 30, 90];

/** Makes small files, merges them, and prints what changed. */
export async function benchCompaction(options: CompactionOptions): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    const { days, filesPerDay, events, runs } = options;
    const before = `${root}/before`;
    const after = `${root}/after`;
    console.log(`${days} days × ${Math.round(events / days)} events, ${filesPerDay} files a day`);
    await fill({ dataDir: before, days, filesPerDay, eventsPerDay: events / days });
    await copy(before, after);
    const adoptMs = await openOnce(before);
    console.log(`  first start, every file adopted: ${(adoptMs / 1000).toFixed(1)} s`);
    const merge = await mergeApart(after);
    tell(merge);
    await report(before, after, SPANS.filter((span) => span <= days), runs);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Merges one very large day under a memory limit and prints what that took. */
export async function benchMerge(
  { events, files, memoryLimit }: {
    readonly events: number;
    readonly files: number;
    readonly memoryLimit: string;
  },
): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    const parts = Math.ceil(events / 1_000_000);
    await fill({ dataDir, days: 1, eventsPerDay: events, filesPerDay: files, parts });
    console.log(`One day of ${events} events in ${files} files, memory_limit ${memoryLimit}`);
    tell(await mergeApart(dataDir, memoryLimit));
    const { files: left, bytes } = parquetBelow(`${dataDir}/events`);
    console.log(`  files left: ${left}, ${(bytes / 1e6).toFixed(1)} MB`);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

function tell({ seconds, cpuSeconds, memoryMb, spilledMb }: Merge): void {
  console.log(
    `  merged in ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of processor time, at most ` +
      `${memoryMb.toFixed(0)} MB above what the process had, ${spilledMb.toFixed(0)} MB spilled`,
  );
}

async function openOnce(dataDir: string): Promise<number> {
  const { ms } = await timed(async () => {
    const storage = await openAt(dataDir);
    await storage.close();
  });
  return ms;
}

async function report(
  before: string,
  after: string,
  spans: readonly number[],
  runs: number,
): Promise<void> {
  const [many, one] = [await openAt(before), await openAt(after)];
  const sizes = [before, after].map((folder) => parquetBelow(`${folder}/events`));
  const ratio = (a = NaN, b = NaN) => (b / a).toFixed(3);
  const rows = [
    ["", "before", "after", "ratio"],
    ["files", ...sizes.map(({ files }) => String(files)), ratio(...sizes.map((s) => s.files))],
    [
      "MB",
      ...sizes.map(({ bytes }) => (bytes / 1e6).toFixed(1)),
      ratio(...sizes.map((s) => s.bytes)),
    ],
  ];
  for (const span of spans) {
    const sets = [usualQuestions(many, span), usualQuestions(one, span)];
    const times = await timeInTurn(sets, runs);
    sets[0]?.forEach(({ label }, at) => {
      const [a = NaN, b = NaN] = times.map((set) => set[at]);
      rows.push([`${label}, ${span} days, ms`, a.toFixed(0), b.toFixed(0), ratio(a, b)]);
    });
  }
  console.log(table(rows));
  await many.close();
  await one.close();
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Merges in a separate process, so that nothing else is in its memory. */
async function mergeApart(dataDir: string, memoryLimit = ""): Promise<Merge> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/bench/storage/compaction.ts", dataDir, memoryLimit],
    cwd: ROOT,
    stdin: "null",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot merge ${dataDir}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function merge(dataDir: string, memoryLimit: string): Promise<Merge> {
  const storage = await openAt(dataDir, memoryLimit || null);
  const { nowMb } = memoryOf(Deno.pid);
  let spilledMb = 0;
  const watching = setInterval(() => {
    spilledMb = Math.max(spilledMb, sizeOf(`${dataDir}/.spill`) / 1e6);
  }, 50);
  const { ms, cpuMs } = await timed(() => storage.compactor.run(new AbortController().signal));
  clearInterval(watching);
  const memoryMb = memoryOf(Deno.pid).peakMb - nowMb;
  if (storage.compactor.counts.failures > 0) throw new Error("A merge failed");
  await storage.close();
  return { seconds: ms / 1000, cpuSeconds: cpuMs / 1000, memoryMb, spilledMb };
}

function sizeOf(folder: string): number {
  try {
    return [...Deno.readDirSync(folder)]
      .reduce((sum, { name }) => sum + Deno.statSync(`${folder}/${name}`).size, 0);
  } catch {
    return 0;
  }
}

if (import.meta.main) {
  const [dataDir = "", memoryLimit = ""] = Deno.args;
  console.log(JSON.stringify(await merge(dataDir, memoryLimit)));
}
