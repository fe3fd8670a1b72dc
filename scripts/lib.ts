// What the scripts share: finding the project's files, running Deno in its folder, and counting
// what a run of tests says. It must not decide what is run.
import { fileURLToPath } from "node:url";

/** The project's folder, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../", import.meta.url));

/** The Deno this project is developed with. Others run it, but format some files differently. */
export const DENO_PINNED = "2.9.6";

/** What a command did. `output` is both streams in the order they came, without colours. */
export interface Done {
  readonly code: number;
  readonly output: string;
  readonly ms: number;
  /** Its processor time but the last second, with all it waited for; 0 where nothing tells it. */
  readonly cpuMs: number;
}

/** What tests came to. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/** How often a process is looked at. */
const CPU_EVERY_MS = 1000;
/** A tick of Linux, and where the four times are among the fields after the program's name. */
const TICK_MS = 10;
const FIRST_TIME = 11;

/** Paths of all files below a folder of the project, sorted; none where it does not exist. */
export function filesBelow(folder: string): string[] {
  const paths: string[] = [];
  try {
    for (const entry of Deno.readDirSync(ROOT + folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) paths.push(...filesBelow(path));
      else if (entry.isFile) paths.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return paths.sort();
}

/** Every TypeScript and JavaScript file of our own. */
export function sourceFiles(): string[] {
  const foreign = /^(dashboard\/vendor|tests\/(fixtures|golden))\//;
  return ["src", "dashboard", "scripts", "tests"].flatMap(filesBelow)
    .filter((path) => /\.(ts|js)$/.test(path) && !foreign.test(path));
}

/** The output of a program; null where it is not installed. */
export async function outputOf(
  program: string,
  options: Deno.CommandOptions,
): Promise<Deno.CommandOutput | null> {
  try {
    return await new Deno.Command(program, options).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Runs this Deno in the project's folder, by way of `under`, a command that becomes what its
 * arguments say; after `msMax` it is killed, which counts as failure.
 */
export async function runDeno(
  args: readonly string[],
  { msMax = 600_000, under = [] }: {
    readonly msMax?: number;
    readonly under?: readonly string[];
  } = {},
): Promise<Done> {
  const from = performance.now();
  const [command = Deno.execPath(), ...rest] = [...under, Deno.execPath(), ...args];
  const child = new Deno.Command(command, {
    args: rest,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, msMax);
  let cpuMs = 0;
  const looking = setInterval(() => {
    cpuMs = Math.max(cpuMs, cpuMsOf(child.pid));
  }, CPU_EVERY_MS);
  const parts: string[] = [];
  const gather = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) parts.push(part);
  };
  await Promise.all([gather(child.stdout), gather(child.stderr)]);
  const { code } = await child.status;
  clearTimeout(timer);
  clearInterval(looking);
  if (late) parts.push(`\nStopped after ${msMax / 1000} s\n`);
  return { code: late ? 1 : code, output: parts.join(""), ms: performance.now() - from, cpuMs };
}

/** The processor time of a process until now; 0 where there is no /proc, or no such process. */
function cpuMsOf(pid: number): number {
  try {
    return cpuMsIn(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return 0;
  }
}

/**
 * The processor time in a text of `/proc/PID/stat`: of the process and of all it has waited for.
 * The name of the program, in brackets, may hold anything.
 */
export function cpuMsIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(FIRST_TIME, FIRST_TIME + 4).map(Number);
  return ticks.reduce((sum, one) => sum + one, 0) * TICK_MS;
}

/**
 * What `deno test` counted, from the last line of that form in its output. A run that broke off
 * without one, or failed with no failed test, counts as one failure.
 */
export function testCounts({ code, output }: Pick<Done, "code" | "output">): Counts {
  const lines = output.matchAll(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed.*$/gm);
  const last = [...lines].at(-1);
  if (!last) return { passed: 0, failed: code === 0 ? 0 : 1, ignored: 0 };
  const [line, passed, failed] = last;
  const ignored = Number(/ \| (\d+) ignored/.exec(line)?.[1] ?? 0);
  const broken = code !== 0 && failed === "0" ? 1 : 0;
  return { passed: Number(passed), failed: Number(failed) + broken, ignored };
}

/**
 * Why tests were skipped, as they said it in lines that begin with "Skipping"; where they said
 * nothing, which tests those are.
 */
export function skipReasons(output: string): string[] {
  const said = [...output.matchAll(/^Skipping .*$/gm)].map(([line]) => line.trim());
  if (said.length > 0) return [...new Set(said)];
  return [...output.matchAll(/^(.*) \.\.\. ignored \(.*\)$/gm)].map(([, name = ""]) => name);
}

/** Adds counts up. */
export function sum(all: readonly Counts[]): Counts {
  return all.reduce((total, one) => ({
    passed: total.passed + one.passed,
    failed: total.failed + one.failed,
    ignored: total.ignored + one.ignored,
  }), { passed: 0, failed: 0, ignored: 0 });
}

/** Runs `work` for each item, at most `count` at a time, in the order given. */
export async function inLanes<T, R>(
  items: readonly T[],
  count: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, lane));
  return results;
}
