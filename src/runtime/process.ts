// The process that the program runs in: arguments, environment, standard streams, signals, and the
// host built from them.
import manifest from "../../deno.json" with { type: "json" };
import type { Config } from "../config/load.ts";
import { messageOf } from "../core/errors.ts";
import type { Clock, Log, System } from "../core/types.ts";
import { EVENT_PATHS } from "../ingest/formats/formats.ts";
import { importDuckDb } from "../storage/duckdb.ts";
import { memoryOf } from "../storage/memory.ts";
import { loadDuckDb } from "../storage/native_library.ts";
import { discardUserSignal, readSystemFile, releaseMemory, sendDatagram } from "./c_library.ts";
import { threadOrder } from "./listening/thread_order.ts";
import type { Host } from "./host.ts";
import type { Handle } from "./listener.ts";
import { canShare } from "./listening/port.ts";
import { openThreads, type Threads } from "./listening/threads.ts";
import { Output } from "./output.ts";
import { type ManagerEnvironment, type ServiceManager, serviceManager } from "./service_manager.ts";
import { type RealSystem, writtenInTime } from "./system.ts";

/** Fewer descriptors are warned of: a busy site, its files and a burst of clients need more. */
const DESCRIPTORS_WANTED = 4096;

/** Version of the program. */
export const VERSION: string = manifest.version;

/** What a bug report needs to know beside the version. */
export function versionFacts() {
  const duckdb = /@([\d.]+)/.exec(manifest.imports["@duckdb/node-api"].slice(1))?.[1] ?? "unknown";
  const { os, arch, standalone } = Deno.build;
  return { deno: Deno.version.deno, duckdb, os, arch, executable: standalone };
}

/**
 * Writes to standard output, and waits for its reader. For commands, not for the server. What a
 * reader that has left, such as `head`, does not want is dropped.
 */
export function print(text: string): void {
  let rest: Uint8Array = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Writes a stream to standard output as fast as it is read; false where the reader has left. */
export async function writeOutput(data: ReadableStream<Uint8Array>): Promise<boolean> {
  try {
    for await (const part of data) {
      let rest = part;
      while (rest.length > 0) rest = rest.subarray(await Deno.stdout.write(rest));
    }
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    return false;
  }
}

/** Replaces the last line of standard error, where a person looks at it. */
export function showProgress(text: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

const standardOutput = new Output((bytes) => Deno.stdout.write(bytes), () => "");

/** Writes to standard output as soon as it is read; nothing waits for it. */
export function printSoon(text: string): void {
  standardOutput.put(text);
}

/** Resolves when what was printed soon is written, or after a second. */
export async function flushOutput(): Promise<void> {
  await writtenInTime(standardOutput);
}

/** Writes lines to standard error, each with the program's name. */
export function printErrors(lines: readonly string[]): void {
  const text = lines.map((line) => `mallard: ${line}\n`).join("");
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

/** What other users may do with files that are made from now on; 0600 stays 0600. */
export function limitNewFiles(readableBy: Config["data_readable_by"]): void {
  if (Deno.build.os !== "windows") Deno.umask(readableBy === "everyone" ? 0o022 : 0o027);
}

/** Standard input to its end. */
export async function readInput(): Promise<string> {
  return await new Response(Deno.stdin.readable).text();
}

/**
 * Runs `stop` at the first SIGINT, SIGTERM or SIGQUIT; later ones are ignored. Runs `reload` at
 * SIGHUP. The user's signals do nothing; without a listener they would end the process.
 */
export function onSignals(stop: (signal: string) => void, reload: () => void): void {
  let stopping = false;
  const once = (signal: Deno.Signal) => () => {
    if (!stopping) stop(signal);
    stopping = true;
  };
  Deno.addSignalListener("SIGINT", once("SIGINT"));
  if (Deno.build.os === "windows") return;
  for (const signal of ["SIGTERM", "SIGQUIT"] as const) {
    Deno.addSignalListener(signal, once(signal));
  }
  Deno.addSignalListener("SIGHUP", () => stopping || reload());
  for (const signal of ["SIGUSR1", "SIGUSR2"] as const) Deno.addSignalListener(signal, () => {});
  discardUserSignal();
}

async function stampOf(path: string): Promise<string> {
  const { ino, size, mtime } = await Deno.stat(path);
  return JSON.stringify([ino, size, mtime]);
}

/** The service manager that started this process, if one did. */
export function managerOf(system: System, answers: () => Promise<boolean>): ServiceManager {
  const names = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;
  const env: ManagerEnvironment = Object.fromEntries(
    names.flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return serviceManager(env, Deno.pid, sendDatagram, system, answers);
}

/** Logs rejected promises that nobody handles, which would end the process. */
export function outliveRejections(log: Log): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    const stack = event.reason instanceof Error ? event.reason.stack : undefined;
    log("error", `Unhandled rejection: ${messageOf(event.reason)}`, { stack });
  });
}

/** Logs the limit of open files, and how to raise a low one. */
export function logDescriptorLimit(log: Log, limit: number | null, connectionsMax: number): void {
  log("info", "Found the limit of open files", {
    descriptor_limit: limit ?? "unknown",
    connections_max: connectionsMax,
  });
  if (limit === null || limit >= DESCRIPTORS_WANTED) return;
  const raise = "LimitNOFILE=65536 in the systemd unit, ulimit -n 65536 in a shell, or " +
    "--ulimit nofile=65536 for a container";
  log("warn", "The limit of open files is low", { descriptor_limit: limit, raise });
}

/** Listens as the settings say. Throws where the port or the certificate cannot be used. */
export function listen(
  config: Config,
  handle: Handle,
  limits: { readonly connectionsMax: number; readonly requestsMax: number },
  clock: Clock,
  log: Log,
): Threads {
  const threads = canShare() ? config.ingest_workers : 1;
  // The limits are of all threads together.
  const share = (most: number) => Math.ceil(most / threads);
  const listener = openThreads(handle, clock, log, {
    ...config,
    threads,
    connectionsMax: share(limits.connectionsMax),
    requestsMax: share(limits.requestsMax),
    eventPaths: EVENT_PATHS.map((path) => config.base_path + path),
  });
  log("info", "Listening", { host: config.host, port: listener.port });
  return listener;
}

/** What the app needs to know of this process. */
export function realHost(
  { native_dir }: Config,
  { files, random, droppedLogLines }: RealSystem,
): Host {
  return {
    droppedLogLines,
    memoryUse: () => {
      const { rss, heapTotal, heapUsed, external } = Deno.memoryUsage();
      return { rss, heap_total: heapTotal, heap_used: heapUsed, external };
    },
    releaseMemory,
    orderThreads: threadOrder(),
    version: VERSION,
    pid: Deno.pid,
    memoryBytes: memoryOf(readSystemFile, Deno.systemMemoryInfo().total || null),
    loadDuckDb: () =>
      loadDuckDb(
        {
          isStandalone: Deno.build.standalone,
          executable: Deno.execPath(),
          stampOf,
          link: (path) => {
            Deno.dlopen(path, {});
          },
          redirectTemporaryFiles,
        },
        files,
        random,
        importDuckDb,
        { nativeDir: native_dir },
      ),
    askPeer: async (url, headers, msMax) => {
      const signal = AbortSignal.timeout(msMax);
      const response = await fetch(url, { headers, redirect: "error", signal });
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
    ...testCompaction(),
    isDevelopment: Deno.env.get("MALLARD_DEV") === "1",
    tellSetupToken: (token) =>
      printSoon(
        "No password is set yet. Setting one from another machine needs this one-time token:\n" +
          `  ${token}\n`,
      ),
  };
}

/** Tests that kill the server compact at once and often: milliseconds between two runs. */
function testCompaction(): Pick<Host, "compaction"> {
  const everyMs = Number(Deno.env.get("MALLARD_TEST_COMPACTION_MS") ?? 0);
  return everyMs > 0 ? { compaction: { delayMs: 0, everyMs } } : {};
}

function redirectTemporaryFiles(folder: string): () => void {
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", folder);
  return () => before === undefined ? Deno.env.delete("TMPDIR") : Deno.env.set("TMPDIR", before);
}
