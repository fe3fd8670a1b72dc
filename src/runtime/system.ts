// The real clock, random source, file system and log. With process.ts, listener.ts and
// c_library.ts the only place that touches the outside world.
import { statfs } from "node:fs/promises";
import { randomBytes, randomUUID } from "node:crypto";
import { setImmediate } from "node:timers";
import { endsWithin } from "../core/timings/within.ts";
import type { Clock, Files, Log, LogLevel, Random, System } from "../core/types.ts";
import { Output } from "./output.ts";

/** How log lines are written. */
export interface LogOptions {
  readonly format: "text" | "json";
  readonly levelMin: LogLevel;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** The real system. Its log never waits for its reader. */
export interface RealSystem extends System {
  /** Resolves when the lines that wait are written, or after a second. */
  flushLog(): Promise<void>;
  /** Lines that were dropped so far, for nobody read them. */
  droppedLogLines(): number;
}

/** A slow reader gets the last lines; one that does not read holds nothing up for longer. */
const FLUSH_MS_MAX = 3000;

/** The real system. */
export function realSystem(options: LogOptions): RealSystem {
  const output: Output = new Output(
    (bytes) => Deno.stderr.write(bytes),
    (count) => logLine(options, "warn", "Dropped log lines that nobody read", { count }),
  );
  const min = LEVELS.indexOf(options.levelMin);
  const log: Log = (level, message, fields = {}) => {
    if (LEVELS.indexOf(level) >= min) output.put(logLine(options, level, message, fields));
  };
  const flushLog = () => writtenInTime(output);
  const droppedLogLines = () => output.dropped;
  const parts = { clock: realClock, random: realRandom, files: realFiles };
  return { ...parts, log, flushLog, droppedLogLines };
}

/** Waits until an output is written, but not for a reader that doesn't read. */
export async function writtenInTime(output: Output): Promise<void> {
  await endsWithin(realClock, FLUSH_MS_MAX, output.written());
}

/** One immediate for all who ask before it comes. */
function sharedTurns(): () => Promise<void> {
  let next: Promise<void> | undefined;
  return () =>
    next ??= new Promise((resolve) =>
      setImmediate(() => {
        next = undefined;
        resolve();
      })
    );
}

const realClock: Clock = {
  turn: sharedTurns(),
  nowMs: () => Date.now(),
  uptimeMs: () => performance.now(),
  every(ms, run) {
    const id = setInterval(run, ms);
    Deno.unrefTimer(id);
    return () => clearInterval(id);
  },
  after(ms, run) {
    const id = setTimeout(run, ms);
    return () => clearTimeout(id);
  },
  sleep(ms, signal) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(id);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const id = setTimeout(end, ms);
      signal?.addEventListener("abort", end);
      if (signal?.aborted) end();
    });
  },
};

const realRandom: Random = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
  uuid: () => randomUUID(),
};

/** A log line: text for people, JSON for collectors. */
function logLine(
  { format }: LogOptions,
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): string {
  const timestamp = new Date().toISOString();
  const line = format === "json"
    ? JSON.stringify({ timestamp, level, message, ...fields })
    : [timestamp, level.toUpperCase().padEnd(5), oneLine(message), ...textFields(fields)].join(" ");
  return line + "\n";
}

function textFields(fields: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(fields).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${oneLine(String(value))}`);
}

/** Keeps a log line on one line, whatever the text holds. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u001f\u007f]+/g, " ");
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

const realFiles: Files = {
  readText: (path) => orNull(Deno.readTextFile(path)),
  readBytes: (path) => orNull(Deno.readFile(path)),
  stream: async (path) => (await Deno.open(path)).readable,
  async write(path, data, mode) {
    using file = await Deno.open(path, { write: true, create: true, truncate: true, mode });
    let rest: Uint8Array = data;
    while (rest.length > 0) rest = rest.subarray(await file.write(rest));
    await file.sync();
  },
  async writeStream(path, data, mode) {
    using file = await Deno.open(path, { write: true, create: true, truncate: true, mode });
    let bytes = 0;
    for await (const part of data) {
      let rest: Uint8Array = part;
      while (rest.length > 0) rest = rest.subarray(await file.write(rest));
      bytes += part.length;
    }
    await file.sync();
    return bytes;
  },
  async protect(path, mode = 0o600) {
    if (Deno.build.os !== "windows") await Deno.chmod(path, mode);
  },
  rename: (from, to) => Deno.rename(from, to),
  link: (from, to) => Deno.link(from, to),
  async copy(from, to) {
    await Deno.copyFile(from, to);
    await realFiles.sync(to);
  },
  async remove(path) {
    await orNull(Deno.remove(path));
  },
  async removeTree(path) {
    await orNull(Deno.remove(path, { recursive: true }));
  },
  realPath: (path) => orNull(Deno.realPath(path)),
  makeDir: (path) => Deno.mkdir(path, { recursive: true }),
  async sync(path) {
    if (Deno.build.os === "windows" && (await Deno.stat(path)).isDirectory) return;
    using file = await Deno.open(path);
    await file.sync();
  },
  async list(path) {
    const entries: { name: string; isDirectory: boolean }[] = [];
    try {
      for await (const { name, isDirectory } of Deno.readDir(path)) {
        entries.push({ name, isDirectory });
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return entries.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  },
  // deno-lint-ignore require-await -- read at once: thousands of folders, half the time of async
  async tree(path) {
    const paths: string[] = [];
    const walk = (folder: string, prefix: string) => {
      for (const entry of Deno.readDirSync(folder)) {
        const name = prefix + entry.name;
        if (entry.isDirectory) walk(`${folder}/${entry.name}`, `${name}/`);
        else paths.push(name);
      }
    };
    try {
      walk(path, "");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return paths.sort();
  },
  async isFile(path) {
    return (await orNull(Deno.stat(path)))?.isFile ?? false;
  },
  async readRange(path, from, bytes) {
    using file = await orNull(Deno.open(path));
    if (file === null) return null;
    await file.seek(from, Deno.SeekMode.Start);
    const read = new Uint8Array(bytes);
    let count = 0;
    while (count < bytes) {
      const more = await file.read(read.subarray(count));
      if (more === null) break;
      count += more;
    }
    return read.subarray(0, count);
  },
  async size(path) {
    return (await orNull(Deno.stat(path)))?.size ?? null;
  },
  async space(folder) {
    const { bavail, bsize, ffree, files } = await statfs(folder);
    return { bytes: bavail * bsize, inodes: ffree, inodesTotal: files };
  },
};
