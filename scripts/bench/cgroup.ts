// A control group with a limit of memory, version 1 or 2, and a program started in it. It must not
// touch other groups.
import { messageOf } from "../../src/core/errors.ts";
import type { Program } from "../server_process.ts";

/** A group that was made. */
export interface MemoryGroup {
  /** The same program, started in the group. */
  limited(program: Program): Program;
  /** Processes that were killed for want of memory. */
  kills(): number;
  /** Most memory ever in use, with the cache of files, in bytes; null where it is not told. */
  peakBytes(): number | null;
  /** Call it when all processes have ended. */
  remove(): void;
}

const VERSIONS = [
  {
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    peak: "memory.max_usage_in_bytes",
    kills: "memory.oom_control",
  },
  {
    root: "/sys/fs/cgroup",
    limit: "memory.max",
    peak: "memory.peak",
    kills: "memory.events",
  },
] as const;

/** Makes a group of this process's own. Throws with what the system says where none can be made. */
export function makeMemoryGroup(bytes: number): MemoryGroup {
  const faults: string[] = [];
  for (const files of VERSIONS) {
    const path = `${files.root}/mallard_bench_${Deno.pid}`;
    try {
      Deno.mkdirSync(path);
      try {
        Deno.writeTextFileSync(`${path}/${files.limit}`, String(bytes));
        return group(path, files);
      } catch (error) {
        Deno.removeSync(path);
        throw error;
      }
    } catch (error) {
      faults.push(messageOf(error));
    }
  }
  throw new Error(faults.join("; "));
}

function group(path: string, files: (typeof VERSIONS)[number]): MemoryGroup {
  const read = (name: string) => {
    try {
      return Deno.readTextFileSync(`${path}/${name}`);
    } catch {
      return "";
    }
  };
  return {
    limited: ({ command, args, ...program }) => ({
      ...program,
      command: "/bin/sh",
      args: ["-c", 'echo $$ > "$0" && exec "$@"', `${path}/cgroup.procs`, command, ...args],
    }),
    kills: () => Number(/^oom_kill (\d+)/m.exec(read(files.kills))?.[1] ?? 0),
    peakBytes: () => Number(read(files.peak)) || null,
    remove: () => Deno.removeSync(path),
  };
}
