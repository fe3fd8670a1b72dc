// Processor time of another process and of its main thread, as Linux counts it.

/** Microseconds; NaN where the system does not tell. */
export interface CpuUs {
  readonly all: number;
  readonly mainThread: number;
}

/** Linux counts in hundredths of a second. */
const TICK_US = 10_000;

/** What a process has used since its start. */
export async function cpuOf(pid: number): Promise<CpuUs> {
  return {
    all: await ticksIn(`/proc/${pid}/stat`) * TICK_US,
    mainThread: await ticksIn(`/proc/${pid}/task/${pid}/stat`) * TICK_US,
  };
}

/** User and system time are the 14th and 15th field; the name, in parentheses, may have spaces. */
async function ticksIn(path: string): Promise<number> {
  const text = await Deno.readTextFile(path).catch(() => "");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
