// What the program costs while nobody asks: size of the file, a warm start, resident memory and
// processor time of an idle server; the executable beside the source run.
import { compile } from "../compile/compile.ts";
import { NoCompileRuntime } from "../compile/runtime.ts";
import { fromExecutable, fromSource, type Program, ServerProcess } from "../server_process.ts";
import { cpuOf } from "./cpu.ts";
import { memoryOf, quiet } from "./storage/lib.ts";

const MB = 1e6;
const SETTLE_MS = 10_000;

interface Idle {
  readonly startMs: number;
  readonly residentMb: number;
  readonly peakMb: number;
  readonly cpuMs: number;
}

/** Rows of a table: each way of running the program, with its head. */
export async function idleTable(idleSecs: number, runs: number): Promise<string[][]> {
  const head = [
    "",
    "file, MB",
    "warm start, ms",
    "resident, MB",
    "peak, MB",
    `processor, ms in ${idleSecs} s`,
  ];
  const rows = [head];
  for (const { label, program, bytes } of await programs()) {
    const idle = await measureIdle(program, idleSecs, runs);
    const numbers = [idle.startMs, idle.residentMb, idle.peakMb, idle.cpuMs].map(Math.round);
    rows.push([label, bytes === null ? "" : (bytes / MB).toFixed(1), ...numbers.map(String)]);
  }
  return rows;
}

async function programs() {
  const source = { label: "source", program: fromSource(), bytes: null };
  try {
    const { path, bytes, forTestsOnly } = await compile();
    const label = forTestsOnly ? "executable (runtime for tests)" : "executable";
    const home = await Deno.makeTempDir({ prefix: "mallard-bench-home-" });
    return [{ label, program: fromExecutable(path, home), bytes }, source];
  } catch (error) {
    if (!(error instanceof NoCompileRuntime)) throw error;
    console.error(error.message);
    return [source];
  }
}

/** The first start unpacks and makes files; the later ones are measured. */
async function measureIdle(program: Program, idleSecs: number, runs: number): Promise<Idle> {
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    await (await ServerProcess.start(program, { dataDir }).ready()).stop();
    const starts: number[] = [];
    for (let run = 1; run < runs; run++) {
      const { server, startMs } = await started(program, dataDir);
      starts.push(startMs);
      await server.stop();
    }
    const { server, startMs } = await started(program, dataDir);
    try {
      await sleep(SETTLE_MS);
      const before = (await cpuOf(server.pid)).all;
      await sleep(idleSecs * 1000);
      const { peakMb, nowMb: residentMb } = memoryOf(server.pid);
      const cpuMs = ((await cpuOf(server.pid)).all - before) / 1000;
      return { startMs: quiet([...starts, startMs]), residentMb, peakMb, cpuMs };
    } finally {
      await server.stop();
    }
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function started(program: Program, dataDir: string) {
  const fromMs = performance.now();
  const server = await ServerProcess.start(program, { dataDir }).ready();
  return { server, startMs: performance.now() - fromMs };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
