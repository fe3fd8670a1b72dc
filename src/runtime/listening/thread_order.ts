// Which threads of the process go first where processors are short: those that accept events.
import os from "node:os";
import process from "node:process";
import { openThreadList, readSystemFile } from "../c_library.ts";

/** Steps of `nice` between both: where both want one processor, three parts of four and one. */
const NICE_STEPS = 5;
const NICE_MAX = 19;
/** Workers of the runtime, which write the journal and read requests, and V8's, for garbage. */
const FIRST = /^(worker-|V8 )/;

/**
 * Makes a function that lets the threads that run queries, write and merge files stand behind the
 * main thread, its workers and V8's; on Linux alone. Call it again and again: the runtime makes
 * threads when it needs them, and ends those that are idle.
 */
export function threadOrder(): () => void {
  const list = openThreadList();
  if (!list) return () => {};
  let known = new Set<number>([process.pid]);
  return () => {
    const ids = list();
    for (const id of ids) {
      if (!known.has(id)) standBehind(id);
    }
    known = new Set(ids);
  };
}

function standBehind(id: number): void {
  const name = readSystemFile(`/proc/self/task/${id}/comm`);
  if (name === null || FIRST.test(name)) return;
  try {
    os.setPriority(id, Math.min(os.getPriority(process.pid) + NICE_STEPS, NICE_MAX));
  } catch {
    // It has ended, or the system forbids it: all threads stay equal.
  }
}
