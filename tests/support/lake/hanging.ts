// A PostgreSQL that answers nothing, and ends no connection: all of its processes are stopped.
import type { Parts } from "../../../scripts/lake/parts.ts";

/** Sends a signal to a process, unless it has ended. */
function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The parent of a process; NaN where it has ended. */
function parentOf(pid: number): number {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return NaN;
  }
}

/** Does work while no process of PostgreSQL goes on. */
export async function whileHanging({ folder }: Parts, work: () => Promise<void>): Promise<void> {
  const text = Deno.readTextFileSync(`${folder}/postgres/postmaster.pid`);
  const first = Number(text.split("\n")[0]);
  // It starts no further ones then.
  signal(first, "SIGSTOP");
  const all = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name));
  const pids = [first, ...all.filter((pid) => pid > 0 && parentOf(pid) === first)];
  for (const pid of pids) signal(pid, "SIGSTOP");
  try {
    await work();
  } finally {
    for (const pid of pids.toReversed()) signal(pid, "SIGCONT");
  }
}
